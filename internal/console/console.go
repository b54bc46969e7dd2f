// Package console carries command-line sessions over a unix socket: `gostp run`
// serves them, `gostp attach` and `gostp exec` use them. The first line is a
// JSON request. For attach, raw terminal bytes follow both ways; for exec, the
// answer is one JSON object for each piece of output and one with the exit code.
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
	"sync"

	"github.com/gostp/gostp/cli"
)

// Opener makes a session that writes to out; end releases it.
type Opener func(out io.Writer) (s *cli.Session, end func())

type request struct {
	Width, Height int
	Exec          []string `json:",omitempty"` // empty: attach
}

type reply struct {
	Out  string `json:",omitempty"`
	Exit *int   `json:",omitempty"`
}

// Listen makes the socket at path, readable by its owner alone. A socket that
// nobody serves any more is replaced; one that is served is an error.
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

// Serve takes connections until l is closed or ctx ends, and waits for them.
func Serve(ctx context.Context, l net.Listener, open Opener) {
	var all sync.WaitGroup
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	for {
		c, err := l.Accept()
		if err != nil {
			break
		}
		all.Go(func() {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			defer c.Close()
			context.AfterFunc(ctx, func() { c.Close() })
			serveOne(ctx, c, open)
		})
	}
	all.Wait()
}

// stream is a connection whose first line was read already.
type stream struct {
	io.Reader
	io.Writer
}

func serveOne(ctx context.Context, c net.Conn, open Opener) {
	in := bufio.NewReader(c)
	line, err := in.ReadBytes('\n')
	var req request
	if err != nil || len(line) > 1<<20 || json.Unmarshal(line, &req) != nil {
		return
	}
	if len(req.Exec) > 0 {
		exec(ctx, c, req.Exec, open)
		return
	}
	s, end := open(c)
	defer end()
	_ = cli.Serve(ctx, stream{in, c}, s, func() (int, int) { return req.Width, req.Height })
}

// pieces sends what is written to it as replies.
type pieces struct{ enc *json.Encoder }

func (p pieces) Write(b []byte) (int, error) {
	if err := p.enc.Encode(reply{Out: string(b)}); err != nil {
		return 0, err
	}
	return len(b), nil
}

func exec(ctx context.Context, c net.Conn, lines []string, open Opener) {
	enc := json.NewEncoder(c)
	s, end := open(pieces{enc})
	defer end()
	s.Enable()
	code := 0
	for _, line := range lines {
		if err := s.Run(ctx, line); err != nil {
			code = 1
			break
		}
	}
	_ = enc.Encode(reply{Exit: &code})
}

func dial(path string, req request) (net.Conn, error) {
	c, err := net.Dial("unix", path)
	if err != nil {
		return nil, fmt.Errorf("no gostp answers at %s: is `gostp run --socket %s` running? (%w)", path, path, errors.Unwrap(err))
	}
	line, _ := json.Marshal(req)
	if _, err := c.Write(append(line, '\n')); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// Exec runs commands one after another in one privileged session of the node at
// path, until one fails, and gives the exit code.
func Exec(path string, lines []string, out io.Writer) (int, error) {
	c, err := dial(path, request{Exec: lines})
	if err != nil {
		return 1, err
	}
	defer c.Close()
	dec := json.NewDecoder(c)
	for {
		var r reply
		if err := dec.Decode(&r); err != nil {
			return 1, fmt.Errorf("the connection to %s ended before the command did", path)
		}
		if r.Exit != nil {
			return *r.Exit, nil
		}
		io.WriteString(out, r.Out)
	}
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
