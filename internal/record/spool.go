package record

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/gostp/gostp/internal/lock"
)

// Spool writes what a tape records to a file, by a goroutine of its own. Whoever records never waits for the disk:
// what the disk has not taken yet waits in memory, and there is a bound for that.
type Spool struct {
	file io.WriteCloser
	room int
	wake chan struct{} // holds one: there is something to do
	over chan struct{} // closed when nothing more will be written

	mu     lock.Mutex[lock.Spool] // guards what follows
	text   []byte                 // that waits
	closed bool                   // nothing more will come
	err    error                  // why nothing more is taken
}

// Why a spool takes no more.
var (
	ErrSlow   = errors.New("the disk takes it more slowly than it comes")
	errClosed = errors.New("the recording is closed")
)

// NewSpool makes a spool with room for so many octets that wait. Close ends it, and closes the file.
func NewSpool(file io.WriteCloser, room int) *Spool {
	s := &Spool{file: file, room: room, wake: make(chan struct{}, 1), over: make(chan struct{})}
	go s.run()
	return s
}

// Write keeps b until the goroutine has written it. If too much waits already, it takes nothing, now and later, and
// gives ErrSlow. Text that comes while nothing waits may be longer than the room.
func (s *Spool) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.err != nil:
		return 0, s.err
	case s.closed:
		return 0, errClosed
	case len(s.text) > 0 && len(s.text)+len(b) > s.room:
		s.err = ErrSlow
		return 0, s.err
	}
	s.text = append(s.text, b...)
	s.call()
	return len(b), nil
}

// call has the goroutine look what there is to do. The caller holds mu.
func (s *Spool) call() {
	select {
	case s.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// Close has the goroutine write what waits, and close the file. It waits so long at most, and tells why the recording
// is not whole. A file that takes nothing until then is closed when it does.
func (s *Spool) Close(patience time.Duration) error {
	s.mu.Lock()
	s.closed = true
	s.call()
	s.mu.Unlock()
	select {
	case <-s.over:
	case <-time.After(patience):
		return fmt.Errorf("the disk has not taken the rest within %v", patience)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

func (s *Spool) run() {
	defer close(s.over)
	var text []byte
	for range s.wake {
		var closed bool
		text, closed = s.take(text[:0])
		if _, err := s.file.Write(text); err != nil {
			s.fail(err)
		}
		if closed {
			s.fail(s.file.Close())
			return
		}
	}
}

// take gives all that waits, and keeps the memory of what was written for what comes next.
func (s *Spool) take(written []byte) (text []byte, closed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, s.text = s.text, written
	return text, s.closed
}

// fail remembers the first error.
func (s *Spool) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
}
