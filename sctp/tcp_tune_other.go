//go:build !linux

package sctp

import (
	"net"
	"time"
)

// sharesPorts: connections go out from any port, which the far end must not mind.
const sharesPorts = false

func share(uintptr) error { return nil }

// tuneTCP: silence is found out by keep-alive and the system's own patience.
func tuneTCP(*net.TCPConn, uint8, time.Duration) error { return nil }

func readTCP(*net.TCPConn, *Status, *PathStatus) {}
