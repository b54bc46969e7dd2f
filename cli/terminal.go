package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"

	"golang.org/x/term"

	"github.com/gostp/gostp/internal/printable"
)

// Keys that the terminal library leaves to us.
const (
	tab     = '\t'
	ctrlV   = 22
	ctrlZ   = 26
	abandon = 28 // what input makes of Ctrl-C, which the library takes for the end
)

// Serve reads lines from rw and runs them until exit, Leave, or the end of the input or of ctx. The error
// is the input's. A terminal in raw mode has editing, history, `?`, Tab, Ctrl-Z, Ctrl-C and paging. If
// size gives 0 for both, rw is no terminal: its lines run without echo and without pages.
func Serve(ctx context.Context, rw io.ReadWriter, s *Session, size func() (width, height int)) error {
	w, h := 0, 0
	if size != nil {
		w, h = size()
	}
	s.left = false
	plain := w <= 0 && h <= 0
	in := inputOf(rw, plain)
	stop := context.AfterFunc(ctx, func() { in.fail(io.EOF) })
	defer func() { stop(); in.release(rw, s.left) }()
	if plain {
		return servePlain(ctx, in, rw, s)
	}
	c := newScreen(in, rw, s, size)
	stopLogs := c.showLogs(s)
	was := s.out
	s.out = c
	defer func() { stopLogs(); s.out = was }()
	c.t.SetBracketedPasteMode(true)
	defer c.t.SetBracketedPasteMode(false)
	return c.loop(ctx, s)
}

// screen is a session's terminal. What is written to it, and the log lines that come
// at any moment, appear above the line that is being typed.
type screen struct {
	t      *term.Terminal
	in     *input
	size   func() (int, int)
	quoted bool // Ctrl-V: the next key is text

	mu      sync.Mutex // orders writes, and guards what follows
	raw     io.Writer
	partial bool // a command has written a line without its end
	marker  bool // --More-- is shown
}

func newScreen(in *input, rw io.ReadWriter, s *Session, size func() (int, int)) *screen {
	t := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{in, rw}, s.Prompt())
	c := &screen{t: t, in: in, raw: rw, size: size}
	t.History = history{s}
	t.AutoCompleteCallback = func(line string, pos int, key rune) (string, int, bool) { return c.key(s, line, pos, key) }
	return c
}

// history shows a session's lines to the terminal library, newest first. Run
// remembers them, because not every line comes from a terminal.
type history struct{ s *Session }

func (h history) Add(string)        {}
func (h history) Len() int          { return len(h.s.history) }
func (h history) At(idx int) string { return h.s.history[len(h.s.history)-1-idx] }

func (c *screen) loop(ctx context.Context, s *Session) error {
	for !s.ended && !s.left && ctx.Err() == nil {
		if w, h := c.size(); w > 0 && h > 0 {
			_ = c.t.SetSize(w, h)
		}
		c.t.SetPrompt(s.Prompt())
		line, err := c.t.ReadLine()
		if err == io.EOF {
			return nil
		}
		if err != nil && err != term.ErrPasteIndicator {
			return err
		}
		run, cancel := context.WithCancel(ctx)
		c.in.running(cancel)
		_ = s.Run(run, line)
		c.in.running(nil)
		cancel()
		c.endLine()
	}
	return nil
}

// Write writes above the line that is being typed.
func (c *screen) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(b) > 0 {
		c.partial = b[len(b)-1] != '\n'
	}
	return c.t.Write(b)
}

// endLine ends a line that a command left without an end.
func (c *screen) endLine() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.partial {
		_, _ = io.WriteString(c.t, "\n")
		c.partial = false
	}
}

// log writes a log line, which comes at any moment.
func (c *screen) log(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.marker:
		_, _ = io.WriteString(c.raw, erase)
	case c.partial:
		_, _ = io.WriteString(c.t, "\n")
		c.partial = false
	}
	_, _ = io.WriteString(c.t, strings.TrimRight(text, "\n")+"\n")
	if c.marker {
		_, _ = io.WriteString(c.raw, more)
	}
}

// mark shows or takes away the marker of the pager.
func (c *screen) mark(on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	text := erase
	if on {
		text = more
	}
	c.marker = on
	_, _ = io.WriteString(c.raw, text)
}

// key is told every key that is not one of plain editing. What is pasted in
// brackets does not come here.
func (c *screen) key(s *Session, line string, pos int, key rune) (string, int, bool) {
	if c.quoted {
		c.quoted = false
		return line, pos, false // the library inserts it if it can be printed
	}
	if s.text != "" && (key == '?' || key == tab) {
		return line, pos, false // it belongs to the text
	}
	echo := s.Prompt() + line
	switch key {
	case '?':
		fmt.Fprintf(printable.NewWriter(c), "%s?\n%s", s.Prompt()+line[:pos], s.Help(line[:pos]))
		return line, pos, true
	case tab:
		line, pos, ok := s.Complete(line, pos)
		if !ok {
			c.ring()
		}
		return line, pos, true
	case ctrlV:
		c.quoted = true
		return line, pos, true
	case ctrlZ:
		s.leaveConfig()
		c.t.SetPrompt(s.Prompt())
		fmt.Fprintln(c, echo+"^Z")
		return "", 0, true
	case abandon:
		fmt.Fprintln(c, echo+"^C")
		return "", 0, true
	}
	return "", 0, false
}

func (c *screen) ring() {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, _ = io.WriteString(c.raw, "\a")
}

// logLines is how many log lines wait for a slow terminal before some are lost.
const logLines = 1000

// showLogs prints log lines until the function that it gives is called.
func (c *screen) showLogs(s *Session) (stop func()) {
	logs, done := make(chan string, logLines), make(chan struct{})
	s.mu.Lock()
	s.logs = logs
	s.mu.Unlock()
	go func() {
		defer close(done)
		for line := range logs {
			c.log(line)
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

// servePlain runs the lines of an input that is no terminal.
func servePlain(ctx context.Context, in *input, w io.Writer, s *Session) error {
	was, unseen := s.out, s.unseen
	s.out, s.unseen = w, true
	defer func() { s.out, s.unseen = was, unseen }()
	for !s.ended && !s.left && ctx.Err() == nil {
		line, err := in.line()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		_ = s.Run(ctx, line)
	}
	return nil
}
