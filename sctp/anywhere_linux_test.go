package sctp

import (
	"net/netip"
	"testing"
)

// A port of the kernel's SCTP that is anywhere is at every address of the machine, in both families.
func TestKernelAnywhereIsEveryAddress(t *testing.T) {
	e := openKernel(t, quick, 2905, Anywhere)
	loopback6(t)
	from := func(ip string) Endpoint {
		if netip.MustParseAddr(ip).Is4() {
			return openKernel(t, quick, 2906, loopB)
		}
		return openKernel(t, quick, 2907, loop6B)
	}
	reaches(t, e, from, "127.0.0.1", loop6A.String())
}
