package sctp

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// recvmmsg takes what is there, without waiting.
func recvmmsg(fd uintptr, h []mmsghdr) (int, error) {
	return mmsg(unix.SYS_RECVMMSG, fd, h, unix.MSG_DONTWAIT)
}

// sendmmsg sends without waiting.
func sendmmsg(fd uintptr, h []mmsghdr, flags int) (int, error) {
	return mmsg(unix.SYS_SENDMMSG, fd, h, flags|unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
}

// mmsg is RawSyscall6 and not Syscall6. A batch is 20 to 200 µs in the kernel and never
// waits there. Go's monitor thread takes the processor from a goroutine that is longer
// than 20 µs in a Syscall6, wakes another thread for it, and looks again 20 µs later: where
// other goroutines want to run that was more work than the batch, measured with one
// CPU. What it delays by a batch is a garbage collection that wants all to stop.
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
