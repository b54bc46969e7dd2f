package cli

import (
	"bufio"
	"context"
	"io"
	"strings"
	"sync"

	"golang.org/x/term"
)

// Keys that the terminal library does not handle as we want them.
const (
	ctrlC = 3
	ctrlE = 5
	ctrlU = 21
	ctrlZ = 26
	tab   = '\t'
)

// Serve reads lines from rw and runs them until exit, Leave, the end of the input
// or of ctx. A terminal in raw mode has editing, history, `?`, Tab, Ctrl-Z and
// paging; where size gives 0, rw is no terminal and is read line by line.
func Serve(ctx context.Context, rw io.ReadWriter, s *Session, size func() (width, height int)) error {
	w, h := 0, 0
	if size != nil {
		w, h = size()
	}
	s.left = false
	if w == 0 && h == 0 {
		return servePlain(ctx, rw, s)
	}
	in := inputOf(rw)
	t := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{in, rw}, s.Prompt())
	if w > 0 && h > 0 {
		t.SetSize(w, h)
	}
	c := &screen{t: t, in: in, raw: rw, size: size}
	t.AutoCompleteCallback = func(line string, pos int, key rune) (string, int, bool) { return c.key(s, line, pos, key) }
	was := s.out
	s.out = c
	stopLogs := c.showLogs(s)
	defer func() { stopLogs(); s.out = was }()
	return c.loop(ctx, s)
}

// screen is a session's terminal.
type screen struct {
	t    *term.Terminal
	in   *input
	raw  io.Writer
	size func() (int, int)
}

func (c *screen) loop(ctx context.Context, s *Session) error {
	stop := context.AfterFunc(ctx, func() { c.in.fail(io.EOF) })
	defer stop()
	for !s.ended && !s.left && ctx.Err() == nil {
		if w, h := c.size(); w > 0 && h > 0 {
			c.t.SetSize(w, h)
		}
		c.t.SetPrompt(s.Prompt())
		line, err := c.t.ReadLine()
		if err == term.ErrPasteIndicator {
			err = nil
		}
		if err != nil {
			if err == io.EOF {
				return nil
			}
			return err
		}
		run, cancel := context.WithCancel(ctx)
		c.in.interrupt(cancel)
		_ = s.Run(run, line)
		c.in.interrupt(nil)
		cancel()
	}
	return nil
}

// Write writes above the prompt.
func (c *screen) Write(b []byte) (int, error) { return c.t.Write(b) }

// key is told every key that is not a plain editing key.
func (c *screen) key(s *Session, line string, pos int, key rune) (string, int, bool) {
	switch key {
	case '?':
		io.WriteString(c.t, s.Prompt()+line[:pos]+"?\n"+s.Help(line[:pos]))
		return line, pos, true
	case tab:
		if l, p, ok := s.Complete(line, pos); ok {
			return l, p, true
		}
		return line, pos, true
	case ctrlZ:
		s.leaveConfig()
		io.WriteString(c.t, "^Z\n")
		c.t.SetPrompt(s.Prompt())
		io.WriteString(c.t, "\r")
		return "", 0, true
	}
	return "", 0, false
}

// showLogs prints log lines above the prompt until the function it gives is called.
func (c *screen) showLogs(s *Session) (stop func()) {
	logs, done := make(chan string, 1000), make(chan struct{})
	s.mu.Lock()
	s.logs = logs
	s.mu.Unlock()
	go func() {
		defer close(done)
		for line := range logs {
			io.WriteString(c.t, line+"\n")
		}
	}()
	return func() {
		s.mu.Lock()
		s.logs = nil
		close(logs)
		s.mu.Unlock()
		<-done
	}
}

// input reads ahead, so that Ctrl-C is seen while a command runs, and hands out
// one octet at a time, so that nothing is stuck in the line editor when the pager
// wants a key.
type input struct {
	mu     sync.Mutex
	cond   *sync.Cond
	buf    []byte
	err    error
	cancel context.CancelFunc // of the running command
}

// inputs remembers the reader of a terminal, because what was read ahead belongs
// to the next session on it.
var inputs sync.Map // io.ReadWriter: *input

func inputOf(rw io.ReadWriter) *input {
	in := &input{}
	in.cond = sync.NewCond(&in.mu)
	if old, ok := inputs.LoadOrStore(rw, in); ok {
		return old.(*input)
	}
	go func() {
		defer inputs.Delete(rw)
		b := make([]byte, 4096)
		for {
			n, err := rw.Read(b)
			in.put(b[:n])
			if err != nil {
				in.fail(err)
				return
			}
		}
	}()
	return in
}

func (in *input) put(b []byte) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, x := range b {
		switch {
		case x == ctrlC && in.cancel != nil:
			in.cancel()
			in.buf = in.buf[:0] // what was typed ahead is abandoned too
		case x == ctrlC:
			in.buf = append(in.buf, ctrlE, ctrlU)
		case x == '\n':
			// A paste ends its lines with LF or CRLF; a key with CR.
			if n := len(in.buf); n == 0 || in.buf[n-1] != '\r' {
				in.buf = append(in.buf, '\r')
			}
		default:
			in.buf = append(in.buf, x)
		}
	}
	in.cond.Broadcast()
}

func (in *input) fail(err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.err = err
	in.cond.Broadcast()
}

func (in *input) interrupt(cancel context.CancelFunc) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.cancel = cancel
}

// Read gives one octet.
func (in *input) Read(b []byte) (int, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for len(in.buf) == 0 && in.err == nil {
		in.cond.Wait()
	}
	if len(in.buf) == 0 {
		return 0, in.err
	}
	if len(b) == 0 {
		return 0, nil
	}
	b[0] = in.buf[0]
	in.buf = in.buf[1:]
	return 1, nil
}

// servePlain runs the lines of an input that is no terminal.
func servePlain(ctx context.Context, rw io.ReadWriter, s *Session) error {
	was := s.out
	s.out = rw
	defer func() { s.out = was }()
	sc := bufio.NewScanner(rw)
	sc.Buffer(nil, 1<<20)
	for !s.ended && !s.left && ctx.Err() == nil && sc.Scan() {
		line := strings.TrimRight(sc.Text(), "\r")
		io.WriteString(rw, s.Prompt()+line+"\n")
		_ = s.Run(ctx, line)
	}
	return sc.Err()
}
