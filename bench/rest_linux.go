package bench

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// rest sleeps, and lets nothing else of this process run on its processor meanwhile. time.Sleep would leave the
// thread in epoll_wait, and every message that arrives would wake it. On a machine with one CPU, the tool would
// then take the processor from the sender message by message, which the rest is there to prevent.
func rest(d time.Duration) {
	t := unix.NsecToTimespec(int64(d))
	// A signal ends the rest early, which does no harm.
	_, _, _ = unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&t)), 0, 0)
}
