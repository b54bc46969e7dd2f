package sctp

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// recvmmsg takes what is there, without waiting. Syscall6 and not RawSyscall6: 64
// messages are 100 to 200 µs in the kernel, in which another goroutine may run.
func recvmmsg(fd uintptr, h []mmsghdr) (int, error) {
	return mmsg(unix.SYS_RECVMMSG, fd, h, unix.MSG_DONTWAIT)
}

// sendmmsg sends without waiting.
func sendmmsg(fd uintptr, h []mmsghdr, flags int) (int, error) {
	return mmsg(unix.SYS_SENDMMSG, fd, h, flags|unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
}

func mmsg(call, fd uintptr, h []mmsghdr, flags int) (int, error) {
	for {
		n, _, e := unix.Syscall6(call, fd, uintptr(unsafe.Pointer(unsafe.SliceData(h))), uintptr(len(h)), uintptr(flags), 0, 0)
		switch e {
		case 0:
			return int(n), nil
		case unix.EINTR:
		default:
			return 0, e
		}
	}
}
