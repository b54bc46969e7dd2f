package sctp

import (
	"os/exec"
	"testing"
)

// sh runs a shell command, as root in the guest.
func sh(t testing.TB, command string) {
	t.Helper()
	if out, err := exec.Command("sh", "-c", command).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
}
