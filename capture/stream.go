package capture

import (
	"fmt"
	"os"
	"sync"
	"time"
)

const (
	streamKeep  = 4096        // how many blocks wait for the reader of a stream
	streamGrace = time.Second // how long they wait at the end
)

// stream writes blocks to something that is no regular file (a named pipe, a terminal). A goroutine of its own
// writes, because the writer of packets carries traffic and must never wait for a reader. While nobody reads,
// some blocks wait. The others are left out as a whole.
type stream struct {
	f      *os.File
	blocks chan []byte
	done   chan struct{}

	mu   sync.Mutex
	err  error
	left int // blocks left out
	over bool
}

func newStream(f *os.File) *stream {
	s := &stream{f: f, blocks: make(chan []byte, streamKeep), done: make(chan struct{})}
	go s.run()
	return s
}

func (s *stream) run() {
	defer close(s.done)
	for b := range s.blocks {
		if _, err := s.f.Write(b); err != nil {
			s.mu.Lock()
			s.err = err
			s.mu.Unlock()
			return
		}
	}
}

// Write accepts one block.
func (s *stream) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return 0, os.ErrClosed
	}
	if s.err != nil {
		return 0, s.err
	}
	select {
	case s.blocks <- append([]byte(nil), b...):
	default:
		s.left++
	}
	return len(b), nil
}

// Close waits up to a second for the blocks that wait, and tells how many were left out.
func (s *stream) Close() error {
	s.mu.Lock()
	over := s.over
	s.over = true
	if !over {
		close(s.blocks)
	}
	s.mu.Unlock()
	if over {
		return os.ErrClosed
	}
	waits := 0
	select {
	case <-s.done:
	case <-time.After(streamGrace):
		waits = len(s.blocks)
	}
	err := s.f.Close() // this ends a Write that waits
	s.mu.Lock()
	defer s.mu.Unlock()
	if left := s.left + waits; left > 0 {
		return fmt.Errorf("%d packets are left out of the capture: %s took nothing", left, s.f.Name())
	}
	return err
}
