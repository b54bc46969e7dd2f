package console

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/gostp/gostp/cli"
)

// doorway is a listener whose connections are pipes, and which fails as it is told.
type doorway struct {
	conns  chan net.Conn
	fails  chan error
	closed chan struct{}
	once   sync.Once
}

func (d *doorway) Accept() (net.Conn, error) {
	select {
	case err := <-d.fails:
		return nil, err
	default:
	}
	select {
	case c := <-d.conns:
		return c, nil
	case <-d.closed:
		return nil, net.ErrClosed
	}
}

func (d *doorway) Close() error   { d.once.Do(func() { close(d.closed) }); return nil }
func (d *doorway) Addr() net.Addr { return &net.UnixAddr{} }

// dial gives the far end of a new connection.
func (d *doorway) dial() net.Conn {
	here, there := net.Pipe()
	d.conns <- there
	return here
}

// piped has a server with one command serve d in virtual time.
func piped(t *testing.T, f func(d *doorway, told *[]string)) {
	synctest.Test(t, func(t *testing.T) {
		d := &doorway{conns: make(chan net.Conn), fails: make(chan error, 10), closed: make(chan struct{})}
		tree := &cli.Tree{Config: &cli.Mode{Name: "config"}, Exec: []*cli.Statement{
			cli.Command(cli.Kw("greet", ""), func(c *cli.Call) error { fmt.Fprintln(c.Out, "hello"); return nil }),
		}}
		open := func(out io.Writer) (*cli.Session, func()) { return cli.NewSession(app{}, tree, out), func() {} }
		var told []string
		for range 3 {
			d.fails <- fmt.Errorf("accept unix: %w", syscall.EMFILE)
		}
		done := make(chan struct{})
		ctx, stop := context.WithCancel(t.Context())
		go func() {
			Serve(ctx, d, open, func(what, why string) { told = append(told, what+": "+why) })
			close(done)
		}()
		f(d, &told)
		stop()
		<-done
	})
}

// greets runs a command on a connection.
func greets(c net.Conn) (out string, err error) {
	go json.NewEncoder(c).Encode(request{Exec: []string{"greet"}})
	dec := json.NewDecoder(c)
	for {
		var r reply
		if err := dec.Decode(&r); err != nil {
			return out, err
		}
		if out += r.Out; r.Exit != nil {
			return out, nil
		}
	}
}

// Without a file descriptor nothing can be accepted for a while; the console outlives that.
func TestServeOutlivesShortage(t *testing.T) {
	piped(t, func(d *doorway, told *[]string) {
		c := d.dial()
		defer c.Close()
		if out, err := greets(c); out != "hello\n" {
			t.Errorf("%q, %v", out, err)
		}
		want := []string{"descriptors for consoles: no console can be opened: accept unix: too many open files",
			"descriptors for consoles: "}
		if got := *told; !slices.Equal(got, want) {
			t.Error(got)
		}
	})
}

// No more of a request is read than a request may have.
func TestRequestWithoutEnd(t *testing.T) {
	piped(t, func(d *doorway, _ *[]string) {
		c := d.dial()
		defer c.Close()
		taken := make(chan int)
		go func() {
			n := 0
			for b := bytes.Repeat([]byte{'x'}, 4096); ; {
				k, err := c.Write(b)
				if n += k; err != nil || n > 4*maxRequest {
					taken <- n
					return
				}
			}
		}()
		out, _ := io.ReadAll(c)
		told := strings.Contains(string(out), "a request has more than 1048576 octets")
		if n := <-taken; n > maxRequest+1<<16 || !told {
			t.Errorf("%d octets were taken; %q", n, out)
		}
	})
}

// Who asks for nothing holds no place for long.
func TestSilentConsole(t *testing.T) {
	piped(t, func(d *doorway, _ *[]string) {
		c := d.dial()
		defer c.Close()
		if out, err := io.ReadAll(c); len(out) > 0 || err != nil {
			t.Errorf("%q, %v", out, err)
		}
	})
}

// Consoles are counted: one too many is told why, and has a place when another leaves.
func TestTooManyConsoles(t *testing.T) {
	piped(t, func(d *doorway, told *[]string) {
		var open []net.Conn
		for range maxSessions {
			c := d.dial()
			open = append(open, c)
			if out, err := greets(c); out != "hello\n" {
				t.Fatalf("%q, %v", out, err)
			}
		}
		c := d.dial()
		if out, _ := greets(c); out != "% 128 consoles are open, and no more may be: close one\n" {
			t.Errorf("%q", out)
		}
		open[0].Close()
		synctest.Wait()
		c = d.dial()
		open = append(open, c)
		if out, err := greets(c); out != "hello\n" {
			t.Errorf("%q, %v", out, err)
		}
		want := []string{"places for consoles: 128 consoles are open, and no more may be: close one",
			"places for consoles: "}
		if got := (*told)[2:]; !slices.Equal(got, want) {
			t.Error(got)
		}
		for _, c := range open {
			c.Close()
		}
	})
}
