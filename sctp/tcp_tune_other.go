//go:build !linux

package sctp

import (
	"net"
	"time"
)

// sharesPorts says that connections go out from any port. The far end must not mind.
const sharesPorts = false

func share(uintptr) error { return nil }

// tuneTCP sets nothing: keep-alive and the system's own patience find out about silence.
func tuneTCP(*net.TCPConn, uint8, time.Duration) error { return nil }

func unackedTCP(*net.TCPConn) (acked uint64, waits int, closed bool) { return 0, 0, false }

func readTCP(*net.TCPConn, *Status, *PathStatus) {}
