package cli

import (
	"context"
	"fmt"
	"io"
	"math/rand"
	"net"
	"strings"
	"testing"
	"time"
)

// Whatever is pasted, the console goes on afterwards.
func TestGarbage(t *testing.T) {
	for seed := range int64(60) {
		near, far := net.Pipe()
		o := newOffice()
		s := NewSession(o, o.tree(nil), near)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- Serve(ctx, near, s, func() (int, int) { return 80, 24 }) }()
		out := make(chan string, 1)
		go func() {
			var b strings.Builder
			buf := make([]byte, 4096)
			for {
				n, err := far.Read(buf)
				b.Write(buf[:n])
				if err != nil || strings.Contains(b.String(), "\r\n  alive\r\n") {
					go io.Copy(io.Discard, far)
					out <- b.String()
					return
				}
			}
		}()
		junk := make([]byte, 3000)
		rand.New(rand.NewSource(seed)).Read(junk)
		for i, x := range junk {
			if strings.ContainsRune("lqexLQEX", rune(x)) { // logout, quit, exit: these may end it
				junk[i] = 0
			}
		}
		far.Write(junk)
		for range 4 {
			fmt.Fprintf(far, "\x03\r\x03alive\rshow history | include alive\r")
			time.Sleep(20 * time.Millisecond)
			if len(out) > 0 {
				break
			}
		}
		select {
		case <-out:
		case err := <-done:
			t.Errorf("seed %d: the console ended: %v", seed, err)
		case <-time.After(3 * time.Second):
			t.Errorf("seed %d: the console is dead", seed)
		}
		cancel()
		far.Close()
		near.Close()
	}
}
