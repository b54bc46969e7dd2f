package cli

import (
	"bytes"
	"context"
	"io"
	"reflect"
	"sync"
	"unicode/utf8"
)

const (
	ctrlC    = 3
	ctrlD    = 4
	pasteEnd = "\x1b[201~"
	// aheadMost is how many octets may wait for commands that have not run yet. Beyond that
	// the sender waits, and a Ctrl-C waits behind what was sent before it.
	aheadMost = 1 << 20
)

// input reads ahead, so that Ctrl-C is seen while a command runs. It hands out one line at a time, so
// that the line editor holds back nothing when the pager wants a key. In here every line ends in CR.
type input struct {
	mu          sync.Mutex
	cond        *sync.Cond
	buf         []byte
	err         error
	plain       bool // no terminal: no octet is a key
	afterCR     bool
	rune        []byte             // of a rune that is not whole yet
	cancel      context.CancelFunc // of the running command
	interrupted bool               // the running command was
	served      bool               // by a Serve that has not returned
	kept        bool               // for the next Serve
}

// inputs remembers the reader of each terminal. What it has read ahead for one session goes to the
// next session on the same terminal.
var inputs sync.Map // io.ReadWriter: *input

func inputOf(rw io.ReadWriter, plain bool) *input {
	in := &input{plain: plain, served: true}
	in.cond = sync.NewCond(&in.mu)
	if !reflect.ValueOf(rw).Comparable() { // cannot be served twice, then
		go in.read(rw)
		return in
	}
	if old, ok := inputs.LoadOrStore(rw, in); ok {
		in = old.(*input)
		in.mu.Lock()
		in.served, in.kept, in.plain = true, false, plain
		in.mu.Unlock()
		return in
	}
	go func() {
		in.read(rw)
		in.mu.Lock()
		defer in.mu.Unlock()
		if !in.served && !in.kept {
			inputs.Delete(rw)
		}
	}()
	return in
}

// release ends a Serve. keep says that another Serve follows, which gets what is left.
func (in *input) release(rw io.ReadWriter, keep bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.served, in.kept = false, keep
	if in.err != nil && !keep && reflect.ValueOf(rw).Comparable() {
		inputs.Delete(rw)
	}
}

func (in *input) read(r io.Reader) {
	b := make([]byte, 4096)
	for {
		n, err := r.Read(b)
		in.put(b[:n])
		if err != nil {
			in.fail(err)
			return
		}
	}
}

func (in *input) put(b []byte) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for len(in.buf) > aheadMost && in.err == nil {
		in.cond.Wait()
	}
	for _, x := range b {
		lf := x == '\n'
		switch {
		case x == ctrlC && !in.plain:
			in.interrupt()
		case x == ctrlD && !in.plain && len(b) > 1: // pasted, not typed: no reason to leave
		case lf && in.afterCR: // the CR was the end of the line
		case lf:
			in.buf = append(in.buf, '\r')
		case x >= utf8.RuneSelf || len(in.rune) > 0:
			in.putRune(x)
		default:
			in.buf = append(in.buf, x)
		}
		in.afterCR = x == '\r'
	}
	in.cond.Broadcast()
}

// putRune puts octets of UTF-8 together and drops those that are not UTF-8. At an invalid octet the line
// editor would stop and wait for more, and from then on lag behind the keys.
func (in *input) putRune(x byte) {
	in.rune = append(in.rune, x)
	for len(in.rune) > 0 && utf8.FullRune(in.rune) {
		r, n := utf8.DecodeRune(in.rune)
		if r != utf8.RuneError {
			in.buf = append(in.buf, in.rune[:n]...)
		}
		in.rune = in.rune[n:]
	}
}

// interrupt is Ctrl-C: it stops the running command and takes away what was typed
// ahead, or the line that is being typed. If that was half a paste, the end of the
// paste may be lost with it.
func (in *input) interrupt() {
	if in.cancel == nil {
		in.buf = append(append(in.buf, pasteEnd...), abandon)
		return
	}
	in.cancel()
	in.interrupted = true
	in.buf = append(in.buf[:0], pasteEnd...)
}

func (in *input) fail(err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.err == nil {
		in.err = err
	}
	in.cond.Broadcast()
}

// running tells how the command that now runs is stopped; nil: none runs.
func (in *input) running(cancel context.CancelFunc) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.cancel, in.interrupted = cancel, false
}

// stop stops the running command, as Ctrl-C does, but keeps what was typed ahead.
func (in *input) stop() {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.cancel != nil {
		in.cancel()
	}
}

// key waits for one key; it gives false at the end of the input and after Ctrl-C.
func (in *input) key() (byte, bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for len(in.buf) == 0 && in.err == nil && !in.interrupted {
		in.cond.Wait()
	}
	if in.interrupted || len(in.buf) == 0 {
		return 0, false
	}
	return in.take(1)[0], true
}

// ahead tells whether a whole line waits already, or nothing can come any more.
func (in *input) ahead() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.err != nil || bytes.IndexByte(bytes.TrimLeft(in.buf, " \r"), '\r') > 0
}

// Read gives what there is, up to the end of a line.
func (in *input) Read(b []byte) (int, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for len(in.buf) == 0 && in.err == nil {
		in.cond.Wait()
	}
	if len(in.buf) == 0 {
		return 0, in.err
	}
	n := min(len(b), len(in.buf))
	if i := bytes.IndexByte(in.buf[:n], '\r'); i >= 0 {
		n = i + 1
	}
	return copy(b, in.take(n)), nil
}

// line gives a line without its end; the last one may have none.
func (in *input) line() (string, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for bytes.IndexByte(in.buf, '\r') < 0 && in.err == nil && len(in.buf) <= aheadMost {
		in.cond.Wait()
	}
	i := bytes.IndexByte(in.buf, '\r')
	if i < 0 {
		if len(in.buf) == 0 {
			return "", in.err
		}
		return string(in.take(len(in.buf))), nil
	}
	return string(bytes.TrimSuffix(in.take(i+1), []byte("\r"))), nil
}

// take gives the first n octets away.
func (in *input) take(n int) []byte {
	b := in.buf[:n:n]
	in.buf = in.buf[n:]
	in.cond.Broadcast() // there is room
	return b
}
