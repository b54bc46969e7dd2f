package sctp

import (
	"net/netip"
	"testing"
	"time"
)

// A far end that the kernel's SCTP gave up in a cut is told so as soon as it can be heard, as our own SCTP does
// it. It may come back at once.
func TestKernelFarEndThatWasGivenUpIsTold(t *testing.T) {
	watchLeaks(t)
	kernelTransport(t)
	n := tunNet{t, netip.MustParseAddr("10.77.0.1"), netip.MustParseAddr("10.77.0.2")}
	far, err := NewUser(n).Open(Addr{IPs: []netip.Addr{n.far}, Port: 2905}, slow)
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	near := openKernel(t, Params{}, 2905, n.near)
	defer near.Close()
	sh(t, "ip link add gostpcut type dummy && ip link set gostpcut up")
	defer sh(t, "ip link del gostpcut")
	d := given(t, near, far, func(is bool) {
		// The far end sends nothing by itself; what this end sends goes nowhere.
		dev := map[bool]string{true: "gostpcut", false: "gostptun"}[is]
		sh(t, "ip route replace 10.77.0.2/32 src 10.77.0.1 dev "+dev)
	})
	if d > 10*time.Second {
		t.Errorf("it knows after %v", d)
	}
	t.Logf("it knows %v after the end of the cut", d)
	a, err := far.Dial(t.Context(), near.Local(), slow)
	if err != nil {
		t.Fatal(err)
	}
	b, err := near.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(5 * time.Second)
	if s := a.Status().State + b.Status().State; s != "ESTABLISHEDESTABLISHED" {
		t.Error(s)
	}
}
