package sctp

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// recvmmsg receives what is there, without waiting.
func recvmmsg(fd uintptr, h []mmsghdr) (int, error) {
	return mmsg(unix.SYS_RECVMMSG, fd, h, unix.MSG_DONTWAIT)
}

// sendmmsg sends without waiting.
func sendmmsg(fd uintptr, h []mmsghdr, flags int) (int, error) {
	return mmsg(unix.SYS_SENDMMSG, fd, h, flags|unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
}

// mmsg makes the system call by RawSyscall6, not Syscall6. A batch takes 20 to 200 µs in the kernel and never
// waits there. Go's monitor thread takes the processor away from a goroutine that is in a Syscall6 for more
// than 20 µs, wakes another thread for it, and looks again 20 µs later. Where other goroutines want to run,
// this was more work than the batch itself, measured with one CPU. The price is that a garbage collection that
// wants all goroutines to stop waits for the batch.
func mmsg(call, fd uintptr, h []mmsghdr, flags int) (int, error) {
	for {
		n, _, e := unix.RawSyscall6(call, fd, uintptr(unsafe.Pointer(unsafe.SliceData(h))), uintptr(len(h)),
			uintptr(flags), 0, 0)
		switch e {
		case 0:
			return int(n), nil
		case unix.EINTR:
		default:
			return 0, e
		}
	}
}
