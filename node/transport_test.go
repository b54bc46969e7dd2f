package node

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/machine"
	"github.com/gostp/gostp/sctp"
)

// What "auto" takes where it may do everything, and what without the right to raw IP:
// the kernel's where there is one, then raw IP, then UDP, and why not what is before it.
func TestAutoTransport(t *testing.T) {
	if os.Getenv("GOSTP_AUTO") != "" {
		tr, why, err := machine.This().Transport(configs.Auto)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("auto: %s (%s)\n", tr.Name(), why)
		return
	}
	ask := func(command ...string) string {
		t.Helper()
		exe, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		command = append(command, exe, "-test.run", "^TestAutoTransport$")
		c := exec.Command(command[0], command[1:]...)
		c.Env = append(os.Environ(), "GOSTP_AUTO=1")
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return string(out)
	}
	want := func(got string, parts ...string) {
		t.Helper()
		for _, p := range parts {
			if !strings.Contains(got, p) {
				t.Errorf("%q is not in: %s", p, got)
			}
		}
	}
	_, noKernel := sctp.Kernel()
	_, noRaw := sctp.Raw()
	switch {
	case noKernel == nil:
		want(ask(), "auto: kernel SCTP (the kernel's own)")
	case noRaw == nil:
		want(ask(), "auto: userspace SCTP over raw IP (no kernel: ", "our own over raw IP")
		want(ask("setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw"), "auto: userspace SCTP in UDP (no kernel: ",
			"; no user: raw IP needs root or CAP_NET_RAW", "our own in UDP")
	default:
		want(ask(), "auto: userspace SCTP in UDP (no kernel: ", "; no user: ")
	}
}
