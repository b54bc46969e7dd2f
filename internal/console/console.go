// Package console carries command-line sessions over a unix socket: `gostp run`
// serves them, `gostp attach` and `gostp exec` use them. The first line is a
// JSON request. For attach, raw terminal bytes follow both ways; for exec, the
// answer is one JSON object for each piece of output and one with the exit code, and
// further requests to the same session may follow.
package console

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gostp/gostp/cli"
)

// Opener makes a session that writes to out; end releases it.
type Opener func(out io.Writer) (s *cli.Session, end func())

type request struct {
	Width, Height int
	Enabled       bool     `json:",omitempty"` // attach: privileged, and log lines are shown
	Exec          []string `json:",omitempty"` // empty: attach
}

type reply struct {
	Out    string `json:",omitempty"`
	Exit   *int   `json:",omitempty"`
	Prompt string `json:",omitempty"` // of the session after the commands
}

// Listen makes the socket at path, readable by its owner alone. It replaces a socket that nobody serves any more; a
// socket that is served is an error.
func Listen(path string) (net.Listener, error) {
	if c, err := net.Dial("unix", path); err == nil {
		c.Close()
		return nil, fmt.Errorf("%s is served by a running gostp; stop it or choose another --socket", path)
	}
	if st, err := os.Lstat(path); err == nil && st.Mode()&os.ModeSocket != 0 {
		os.Remove(path)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("cannot make the console socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// Bounds on what consoles may take of the node.
const (
	maxSessions = 128              // open at once
	maxRequest  = 1 << 20          // octets of a request's line
	requestTime = 10 * time.Second // for the first one
	acceptPause = 100 * time.Millisecond
)

// Serve takes connections until l is closed or ctx ends, and waits for them. When it cannot take one, because no file
// descriptor or no place for a session is left, it goes on, and calls tell with what is short and why; with an empty
// reason when that is over. tell may be nil.
func Serve(ctx context.Context, l net.Listener, open Opener, tell func(what, why string)) {
	var all sync.WaitGroup
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	if tell == nil {
		tell = func(string, string) {}
	}
	x := &server{open: open, tell: tell, places: make(chan struct{}, maxSessions)}
	for failed := false; ; {
		c, err := l.Accept()
		if errors.Is(err, net.ErrClosed) || ctx.Err() != nil && err != nil {
			break
		}
		if is := err != nil; is != failed {
			failed = is
			why := ""
			if is {
				why = fmt.Sprintf("no console can be opened: %v", err)
			}
			tell("descriptors for consoles", why)
		}
		if err != nil {
			select {
			case <-ctx.Done():
			case <-time.After(acceptPause):
			}
			continue
		}
		x.take(ctx, &all, c)
	}
	all.Wait()
}

// server is what the consoles of one socket share.
type server struct {
	open    Opener
	tell    func(what, why string)
	full    atomic.Bool   // tell was told that there is no place
	places  chan struct{} // of sessions that are open
	waiting atomic.Int32  // connections that have no session yet
}

// take serves a connection. One that finds no place is told so. If too many have none, it is closed without a word.
func (x *server) take(ctx context.Context, all *sync.WaitGroup, c net.Conn) {
	if x.waiting.Add(1) > maxSessions {
		x.waiting.Add(-1)
		c.Close()
		return
	}
	all.Go(func() {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer c.Close()
		context.AfterFunc(ctx, func() { c.Close() })
		x.serve(ctx, c)
	})
}

// stream is a connection whose first line was read already. Its type cannot be compared, so that a session keeps
// nothing of it for a later one.
type stream struct {
	io.Reader
	io.Writer
	_ [0]func()
}

// serve reads the first request, which must come soon, and gives it a session.
func (x *server) serve(ctx context.Context, c net.Conn) {
	_ = c.SetReadDeadline(time.Now().Add(requestTime)) // it fails only where the connection has ended
	in := bufio.NewReader(c)
	req, err := readRequest(in)
	_ = c.SetDeadline(time.Time{})
	x.waiting.Add(-1)
	if err != nil {
		refuse(c, req, err)
		return
	}
	select {
	case x.places <- struct{}{}:
		defer x.leave()
	default:
		err = fmt.Errorf("%d consoles are open, and no more may be: close one", maxSessions)
		if !x.full.Swap(true) {
			x.tell("places for consoles", err.Error())
		}
		refuse(c, req, err)
		return
	}
	if len(req.Exec) > 0 {
		exec(ctx, c, in, req, x.open)
		return
	}
	s, end := x.open(c)
	defer end()
	if req.Enabled {
		s.Enable()
		s.SetMonitor(true)
	}
	_ = cli.Serve(ctx, stream{Reader: in, Writer: c}, s, func() (int, int) { return req.Width, req.Height })
}

// leave gives a place back.
func (x *server) leave() {
	<-x.places
	if x.full.Swap(false) {
		x.tell("places for consoles", "")
	}
}

// refuse tells the program that asked for a session why there is none.
func refuse(c net.Conn, req request, err error) {
	if errors.Is(err, io.EOF) || errors.Is(err, os.ErrDeadlineExceeded) {
		return
	}
	_ = c.SetWriteDeadline(time.Now().Add(time.Second)) // a program that does not read is not waited for
	text, code := fmt.Sprintf("%% %v\n", err), 1
	if req.Width > 0 {
		_, _ = io.WriteString(c, strings.ReplaceAll(text, "\n", "\r\n"))
		return
	}
	_ = json.NewEncoder(c).Encode(reply{Out: text, Exit: &code})
}

var errLong = fmt.Errorf("a request has more than %d octets", maxRequest)

// readRequest reads one line, and no more of it than a request may have.
func readRequest(in *bufio.Reader) (req request, err error) {
	var line []byte
	for {
		piece, err := in.ReadSlice('\n')
		if len(line)+len(piece) > maxRequest {
			return req, errLong
		}
		line = append(line, piece...)
		if err == nil {
			break
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return req, err
		}
	}
	return req, json.Unmarshal(line, &req)
}

// pieces is a writer that sends each piece of text as a reply.
type pieces struct{ enc *json.Encoder }

func (p pieces) Write(b []byte) (int, error) {
	if err := p.enc.Encode(reply{Out: string(b)}); err != nil {
		return 0, err
	}
	return len(b), nil
}

func exec(ctx context.Context, c net.Conn, in *bufio.Reader, req request, open Opener) {
	enc := json.NewEncoder(c)
	s, end := open(pieces{enc})
	defer end()
	s.Enable()
	s.Script()
	for {
		code := 0
		for _, line := range req.Exec {
			if err := s.Run(ctx, line); err != nil {
				code = 1
				break
			}
		}
		if enc.Encode(reply{Exit: &code, Prompt: s.Prompt()}) != nil {
			return
		}
		var err error
		if req, err = readRequest(in); err != nil {
			refuse(c, req, err)
			return
		}
	}
}

func dial(path string, req request) (net.Conn, error) {
	c, err := net.Dial("unix", path)
	if err != nil {
		return nil, fmt.Errorf("no gostp answers at %s: is `gostp run --socket %s` running? (%w)", path, path,
			errors.Unwrap(err))
	}
	if err := json.NewEncoder(c).Encode(req); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// Client is a privileged session on a running node, for commands one after another.
type Client struct {
	path   string
	c      net.Conn
	dec    *json.Decoder
	prompt string
}

// Open makes a session on the node at path.
func Open(path string) (*Client, error) {
	c, err := dial(path, request{Exec: []string{""}})
	if err != nil {
		return nil, err
	}
	x := &Client{path: path, c: c, dec: json.NewDecoder(c)}
	if _, err := x.answer(io.Discard); err != nil {
		c.Close()
		return nil, err
	}
	return x, nil
}

// Run runs commands until one fails, and gives the exit code.
func (x *Client) Run(lines []string, out io.Writer) (int, error) {
	if err := json.NewEncoder(x.c).Encode(request{Exec: lines}); err != nil {
		return 1, err
	}
	return x.answer(out)
}

func (x *Client) answer(out io.Writer) (int, error) {
	for {
		var r reply
		if err := x.dec.Decode(&r); err != nil {
			return 1, fmt.Errorf("the connection to %s ended before the command did", x.path)
		}
		if r.Exit != nil {
			x.prompt = r.Prompt
			return *r.Exit, nil
		}
		_, _ = io.WriteString(out, r.Out)
	}
}

// Prompt gives the prompt of the session, which names its mode.
func (x *Client) Prompt() string { return x.prompt }

// Close ends the session, and the command that runs in it.
func (x *Client) Close() error { return x.c.Close() }

// Exec runs commands one after another in one privileged session of the node at
// path, until one fails, and gives the exit code.
func Exec(path string, lines []string, out io.Writer) (int, error) {
	x, err := Open(path)
	if err != nil {
		return 1, err
	}
	defer x.Close()
	return x.Run(lines, out)
}

// AttachEnabled opens a privileged terminal of the given size on the node at path, in
// raw mode; the connection's bytes are the terminal's.
func AttachEnabled(path string, width, height int) (*net.UnixConn, error) {
	c, err := dial(path, request{Width: width, Height: height, Enabled: true})
	if err != nil {
		return nil, err
	}
	return c.(*net.UnixConn), nil
}

// Attach joins a terminal of the given size, in raw mode, to the node at path
// until either side ends.
func Attach(path string, in io.Reader, out io.Writer, width, height int) error {
	c, err := dial(path, request{Width: width, Height: height})
	if err != nil {
		return err
	}
	defer c.Close()
	go func() {
		io.Copy(c, in)
		if u, ok := c.(*net.UnixConn); ok {
			u.CloseWrite()
		}
	}()
	_, err = io.Copy(out, c)
	return err
}
