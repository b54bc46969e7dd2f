package labs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/internal/console"
	"github.com/gostp/gostp/internal/lock"
	"github.com/gostp/gostp/node"
)

// membership is what a node in a process of its own must know of its lab. It is told in a file.
type membership struct {
	names
	Socket string // the socket on which the lab takes commands
}

// Member gives the commands that a node in a process of its own has because it belongs to a lab. The lab has
// written file, and the lab's process carries out the commands.
func Member(file string, n func() *node.Node) ([]*cli.Statement, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var m membership
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	ask := func(c *cli.Call) error {
		var out bytes.Buffer
		code, err := console.Exec(m.Socket, []string{c.Line}, &out)
		if _, e := io.Copy(c.Out, &out); err == nil && e == nil && code != 0 {
			err = cli.ErrFailed // the reason was printed
		}
		return err
	}
	connect := func(c *cli.Call) error {
		err := ask(c)
		if err == nil {
			c.Session.Leave()
		}
		return err
	}
	return append(m.commands(handlers{connect, ask, ask, ask, ask, ask, ask}),
		cli.Command(cli.Seq(cli.Kw("lab", "Lab: what it asks its nodes"),
			cli.Kw("status", "Point code; links available, all, unsettled")), func(c *cli.Call) error {
			s := statusOf(n())
			fmt.Fprintf(c.Out, "%d %d %d %s\n", s.up, s.all, s.unsettled, s.pc)
			return nil
		})), nil
}

// write puts a membership into a file.
func (m membership) write(file string) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o600)
}

// serve takes the commands of the lab at its socket until stop is called.
func (l *Lab) serve(socket string) (stop func(), err error) {
	listener, err := console.Listen(socket)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	tree := &cli.Tree{Exec: l.commands(), Config: &cli.Mode{Name: "config"}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		open := func(out io.Writer) (*cli.Session, func()) { return cli.NewSession(labApp{l}, tree, out), func() {} }
		console.Serve(ctx, listener, open, nil)
	}()
	return func() { cancel(); <-done }, nil
}

// labApp lets sessions command a lab, which has no configuration.
type labApp struct{ l *Lab }

func (a labApp) Hostname() string { return a.l.topology.Name }
func (labApp) Env() any           { return nil }
func (labApp) Edit(string, func(any) error) ([]string, error) {
	return nil, errors.New("a lab has no configuration of its own")
}

// remote is the seat of a node in another process, by its console socket.
type remote struct {
	socket string
	keys   *keyboard
	ended  func() error // why the process has ended; nil while it runs
	kill   func() error

	mu     lock.Mutex[lock.LabSeat]
	runs   *console.Client // the session of Run
	status *console.Client // the session of Status
}

// client opens a session if there is none yet, and explains why there is none.
func (s *remote) client(c **console.Client) (*console.Client, error) {
	if err := s.ended(); err != nil {
		return nil, err
	}
	if *c == nil {
		x, err := console.Open(s.socket)
		if err != nil {
			return nil, err
		}
		*c = x
	}
	return *c, nil
}

func (s *remote) Prompt() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x, err := s.client(&s.runs)
	if err != nil {
		return "", err
	}
	return x.Prompt(), nil
}

func (s *remote) Run(ctx context.Context, line string, out io.Writer) error {
	s.mu.Lock()
	x, err := s.client(&s.runs)
	s.mu.Unlock()
	if err == nil {
		defer context.AfterFunc(ctx, func() { x.Close() })()
		var code int
		if code, err = x.Run([]string{line}, out); err == nil && code != 0 {
			return cli.ErrFailed
		}
	}
	if err != nil {
		if e := s.ended(); e != nil {
			err = e
		}
		fmt.Fprintf(out, "%% %v\n", err)
	}
	return err
}

func (s *remote) Status() (st status, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x, err := s.client(&s.status)
	if err != nil {
		return st, err
	}
	var out strings.Builder
	if _, err := x.Run([]string{"lab status"}, &out); err != nil {
		x.Close()
		s.status = nil
		return st, err
	}
	if _, err := fmt.Sscanf(out.String(), "%d %d %d", &st.up, &st.all, &st.unsettled); err != nil {
		return st, fmt.Errorf("it does not tell its state: %q", out.String())
	}
	st.pc = strings.TrimSpace(strings.SplitN(out.String(), " ", 4)[3])
	return st, nil
}

// Serve joins the terminal to the node's console until either side ends.
func (s *remote) Serve(ctx context.Context, rw io.ReadWriter, size func() (int, int)) error {
	if err := s.ended(); err != nil {
		return err
	}
	w, h := 0, 0
	if size != nil {
		w, h = size()
	}
	c, err := console.AttachEnabled(s.socket, w, h)
	if err != nil {
		return err
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	stop := make(chan struct{})
	typed := make(chan struct{})
	go func() {
		defer close(typed)
		s.keys.copy(rw, c, stop)
	}()
	_, _ = io.Copy(rw, c)
	close(stop)
	<-typed
	return s.ended()
}

func (s *remote) Close() error {
	s.mu.Lock()
	for _, x := range []*console.Client{s.runs, s.status} {
		if x != nil {
			x.Close()
		}
	}
	s.mu.Unlock()
	return s.kill()
}

// keyboard reads a terminal for one console after another: what one did not take is for the next. What was sent
// to a console that did not read it is lost with that console.
type keyboard struct {
	mu    lock.Mutex[lock.LabKeyboard]
	keys  chan []byte // closed at the end of the input
	ahead []byte
}

// copy sends what is typed to c until stop is closed or the input ends. In the latter case c is told.
func (k *keyboard) copy(r io.Reader, c *net.UnixConn, stop <-chan struct{}) {
	k.mu.Lock()
	if k.keys == nil {
		k.keys = make(chan []byte)
		go k.read(r)
	}
	k.mu.Unlock()
	for {
		if len(k.ahead) == 0 {
			select {
			case b, ok := <-k.keys:
				if !ok {
					_ = c.CloseWrite()
					return
				}
				k.ahead = b
			case <-stop:
				return
			}
		}
		if _, err := c.Write(k.ahead); err != nil {
			return
		}
		k.ahead = nil
	}
}

func (k *keyboard) read(r io.Reader) {
	defer close(k.keys)
	for {
		b := make([]byte, 4096)
		n, err := r.Read(b)
		if n > 0 {
			k.keys <- b[:n]
		}
		if err != nil {
			return
		}
	}
}
