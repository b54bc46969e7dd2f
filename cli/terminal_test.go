package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

// glass is a terminal's screen: it shows what is written to it.
type glass struct {
	mu       sync.Mutex
	rows     [][]rune
	x, y     int
	bells    int
	brackets bool
	pending  []byte
}

func (g *glass) Write(b []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pending = append(g.pending, b...)
	for len(g.pending) > 0 {
		n := g.eat(g.pending)
		if n == 0 {
			break
		}
		g.pending = g.pending[n:]
	}
	return len(b), nil
}

func (g *glass) eat(b []byte) int {
	if b[0] == 0x1b {
		i := bytes.IndexFunc(b[1:], func(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' })
		if i < 0 {
			return 0
		}
		g.escape(string(b[2:i+1]), b[i+1])
		return i + 2
	}
	g.put(rune(b[0]))
	return 1
}

func (g *glass) put(r rune) {
	switch r {
	case '\r':
		g.x = 0
	case '\n':
		g.y++
	case '\a':
		g.bells++
	default:
		row := g.row()
		for len(*row) <= g.x {
			*row = append(*row, ' ')
		}
		(*row)[g.x] = r
		g.x++
	}
}

func (g *glass) row() *[]rune {
	for len(g.rows) <= g.y {
		g.rows = append(g.rows, nil)
	}
	return &g.rows[g.y]
}

func (g *glass) escape(arg string, end byte) {
	n, err := strconv.Atoi(arg)
	if err != nil {
		n = 1
	}
	switch end {
	case 'K':
		row := g.row()
		*row = (*row)[:min(g.x, len(*row))]
	case 'A':
		g.y -= n
	case 'B':
		g.y += n
	case 'C':
		g.x += n
	case 'D':
		g.x = max(0, g.x-n)
	case 'h', 'l':
		g.brackets = end == 'h'
	}
}

func (g *glass) String() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var b strings.Builder
	for _, r := range g.rows {
		b.WriteString(strings.TrimRight(string(r), " ") + "\n")
	}
	return b.String()
}

// desk is a person at a terminal.
type desk struct {
	t       *testing.T
	far     net.Conn
	glass   *glass
	session *Session
	done    chan error
	started chan struct{}
	left    []string // rows read so far
}

func sit(t *testing.T, o *office, height int) *desk {
	near, far := net.Pipe()
	d := &desk{t: t, far: far, glass: &glass{}, done: make(chan error, 1), started: make(chan struct{}, 9)}
	d.session = NewSession(o, o.tree(d.started), near)
	d.session.Enable()
	go io.Copy(d.glass, far)
	go func() {
		d.done <- Serve(context.Background(), near, d.session, func() (int, int) { return 80, height })
		near.Close()
	}()
	synctest.Wait()
	return d
}

func (d *desk) press(keys string) {
	d.t.Helper()
	if _, err := io.WriteString(d.far, keys); err != nil {
		d.t.Fatal(err)
	}
	synctest.Wait()
}

// see checks the rows that are new on the screen; the last one, which holds the
// cursor, is shown again next time.
func (d *desk) see(want ...string) {
	d.t.Helper()
	rows := lines(d.glass.String())
	n := len(d.left)
	if n > 0 {
		n--
	}
	got := rows[min(n, len(rows)):]
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		d.t.Fatalf("the screen shows\n%s\ninstead of\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	d.left = rows
}

func (d *desk) leave() {
	d.t.Helper()
	d.far.Close()
	if err := <-d.done; err != nil && err != io.EOF && err != io.ErrClosedPipe {
		d.t.Fatal(err)
	}
}

func atDesk(t *testing.T, height int, f func(t *testing.T, d *desk)) {
	synctest.Test(t, func(t *testing.T) {
		d := sit(t, newOffice(), height)
		defer d.leave()
		d.see("Router#")
		f(t, d)
	})
}

func TestQuestionMarkNeedsNoEnter(t *testing.T) {
	atDesk(t, 24, func(t *testing.T, d *desk) {
		d.press("show p?")
		d.see("Router#show p?", "port   ports", "Router#show p")
		d.press("orts\r")
		d.see("Router#show ports", "Router#")
		d.press("configure ?")
		d.see("Router#configure ?", "  terminal  From this terminal", "  |         Output modifiers", "  <cr>",
			"Router#configure")
		d.press("\x15conf t\rsite contact who\x16?\r") // Ctrl-V makes the mark text
		d.see("Router#conf t", "Enter configuration commands, one per line.  End with CNTL/Z.",
			"Router(config)#site contact who?", "Router(config)#")
	})
}

func TestTabCompletes(t *testing.T) {
	atDesk(t, 24, func(t *testing.T, d *desk) {
		d.press("sh\tcl\t\r")
		d.see("Router#show clock", "tea time", "Router#")
		d.press("show p\t")
		d.see("Router#show port")
		if d.glass.bells != 0 {
			t.Error("the bell rang although something was added")
		}
		d.press("\t")
		d.see("Router#show port")
		if d.glass.bells != 1 {
			t.Errorf("%d bells for what is not unique", d.glass.bells)
		}
	})
}

func TestCtrlZEndsConfiguration(t *testing.T) {
	atDesk(t, 24, func(t *testing.T, d *desk) {
		d.press("conf t\rport one\rshutd\x1a")
		d.see("Router#conf t", "Enter configuration commands, one per line.  End with CNTL/Z.", "Router(config)#port one",
			"Router(config-port)#shutd^Z", "Router#")
		d.press("show run | i shut\r")
		d.see("Router#show run | i shut", "Router#")
	})
}

func TestCtrlCAbandonsTheLine(t *testing.T) {
	atDesk(t, 24, func(t *testing.T, d *desk) {
		d.press("show clo\x03")
		d.see("Router#show clo^C", "Router#")
		d.press("show clock\r")
		d.see("Router#show clock", "tea time", "Router#")
	})
}

func TestCtrlCStopsACommand(t *testing.T) {
	atDesk(t, 24, func(t *testing.T, d *desk) {
		d.press("ping 10.0.0.1\r")
		<-d.started
		d.see("Router#ping 10.0.0.1", "!!!!")
		d.session.Log("*12:00: something happened")
		synctest.Wait()
		d.see("!!!!", "*12:00: something happened")
		d.press("show clock\r\x03") // typed ahead, and abandoned with it
		rows := lines(d.glass.String())
		if got := strings.Join(rows[len(rows)-2:], "|"); got != "stopped|Router#" {
			t.Errorf("the screen ends in %q", got)
		}
	})
}

func TestLogAboveThePrompt(t *testing.T) {
	atDesk(t, 24, func(t *testing.T, d *desk) {
		d.press("show cl")
		d.session.Log("*12:00:00.000: %LINK-3-UPDOWN: port one is up")
		synctest.Wait()
		d.see("*12:00:00.000: %LINK-3-UPDOWN: port one is up", "Router#show cl")
		d.press("ock\r")
		d.see("Router#show clock", "tea time", "Router#")
	})
}

func TestPages(t *testing.T) {
	atDesk(t, 4, func(t *testing.T, d *desk) {
		d.press("show numbers 9\r")
		d.see("Router#show numbers 9", "number 1", "number 2", "number 3", " --More--")
		d.session.Log("*12:00: hello")
		synctest.Wait()
		d.see("*12:00: hello", " --More--")
		d.press("x\r")
		d.see("number 4", " --More--")
		d.press(" ")
		d.see("number 5", "number 6", "number 7", " --More--")
		d.press("q")
		d.see("Router#")
		d.press("show numbers 9\r")
		d.press("\x03")
		d.see("Router#show numbers 9", "number 1", "number 2", "number 3", "Router#")
		d.press("terminal length 0\rshow numbers 4\r")
		d.see("Router#terminal length 0", "Router#show numbers 4", "number 1", "number 2", "number 3", "number 4", "Router#")
	})
}

func TestHistoryKeys(t *testing.T) {
	atDesk(t, 24, func(t *testing.T, d *desk) {
		d.press("show clock\rshow history\r")
		d.see("Router#show clock", "tea time", "Router#show history", "  show clock", "  show history", "Router#")
		d.press("\x1b[A\x1b[A")
		d.see("Router#show clock")
		d.press("\x0e")
		d.see("Router#show history")
		d.press("\x10\r")
		d.see("Router#show clock", "tea time", "Router#")
	})
}

// TestPaste pastes 200 lines in one piece, while a command still runs, with every
// kind of line end and with and without brackets.
func TestPaste(t *testing.T) {
	for _, end := range []string{"\r", "\n", "\r\n"} {
		for _, brackets := range []bool{false, true} {
			atDesk(t, 24, func(t *testing.T, d *desk) {
				d.press("terminal length 5\rping 10.0.0.1\r")
				<-d.started
				text := "conf t" + end
				for i := range 100 {
					text += fmt.Sprintf("port p%d speed %d%s description is it %d%s", i, i+1, end, i, end)
				}
				text += "do show running-config" + end + "end" + end
				if brackets {
					text = "\x1b[200~" + strings.ReplaceAll(text, "is it", "is it?\t") + "\x1b[201~"
				}
				d.press(text)
				d.session.out.(*screen).in.stop() // the command ends
				synctest.Wait()
				site := d.session.app.Env().(*Site)
				if len(site.Ports) != 100 || site.Ports[99].Text == "" || site.Ports[99].Speed != 100 {
					t.Fatalf("%q, %v: %d ports came through", end, brackets, len(site.Ports))
				}
				if brackets && site.Ports[7].Text != "is it? 7" && site.Ports[7].Text != "is it?  7" {
					t.Errorf("the text became %q", site.Ports[7].Text)
				}
				if got := d.session.Prompt(); got != "Router#" {
					t.Errorf("the prompt is %q", got)
				}
			})
		}
	}
}

func TestExitEndsServe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := sit(t, newOffice(), 24)
		if !d.glass.brackets {
			t.Error("pastes are not asked for in brackets")
		}
		d.press("exit\r")
		if err := <-d.done; err != nil || !d.session.Ended() {
			t.Errorf("ended %v, error %v", d.session.Ended(), err)
		}
		synctest.Wait()
		if d.glass.brackets {
			t.Error("the terminal still brackets pastes")
		}
	})
}

func TestContextEndsServe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer far.Close()
		go io.Copy(io.Discard, far)
		ctx, cancel := context.WithCancel(context.Background())
		o := newOffice()
		done := make(chan error)
		go func() {
			done <- Serve(ctx, near, NewSession(o, o.tree(nil), near), func() (int, int) { return 80, 24 })
		}()
		synctest.Wait()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		near.Close()
	})
}

// TestOneTerminalManySessions moves to another session on the same terminal with
// lines typed ahead, as a lab does when one goes from node to node.
func TestOneTerminalManySessions(t *testing.T) {
	for _, plain := range []bool{false, true} {
		var out bytes.Buffer
		rw := &struct {
			io.Reader
			io.Writer
		}{strings.NewReader("hop\nshow clock\nexit\n"), &out}
		size := func() (int, int) {
			if plain {
				return 0, 0
			}
			return 80, 24
		}
		o := newOffice()
		tree := o.tree(nil)
		tree.Exec = append(tree.Exec, Command(Kw("hop", "Go"), func(c *Call) error { c.Session.Leave(); return nil }))
		first, second := NewSession(o, tree, rw), NewSession(o, tree, rw)
		if err := Serve(context.Background(), rw, first, size); err != nil || first.Ended() {
			t.Fatal(err, first.Ended())
		}
		if err := Serve(context.Background(), rw, second, size); err != nil || !second.Ended() {
			t.Fatal(err, second.Ended())
		}
		if n := strings.Count(out.String(), "tea time"); n != 1 {
			t.Errorf("plain %v: %q", plain, out.String())
		}
	}
	inputs.Range(func(k, _ any) bool { t.Errorf("%v is still remembered", k); return true })
}

func TestNoTerminal(t *testing.T) {
	var out bytes.Buffer
	rw := &struct {
		io.Reader
		io.Writer
	}{strings.NewReader("enable\r\nshow clock\nshow numbers 30 | count .\nsho clokc\nconf t\nport one\nshow clock"), &out}
	o := newOffice()
	if err := Serve(context.Background(), rw, NewSession(o, o.tree(nil), rw), nil); err != nil {
		t.Fatal(err)
	}
	want := `tea time
Number of lines which match regexp = 30
Router#sho clokc
           ^
% Invalid input detected at '^' marker.
Enter configuration commands, one per line.  End with CNTL/Z.
Router(config-port)#show clock
                    ^
% Invalid input detected at '^' marker.
% This is an exec command: put ` + "`do`" + ` in front of it.
`
	if out.String() != want {
		t.Errorf("the output is\n%s", out.String())
	}
}

func TestTwoSessionsEditAtOnce(t *testing.T) {
	o := newOffice()
	var all sync.WaitGroup
	for n := range 2 {
		near, far := net.Pipe()
		s := NewSession(o, o.tree(nil), near)
		s.Enable()
		go io.Copy(io.Discard, far)
		all.Go(func() {
			if err := Serve(context.Background(), near, s, func() (int, int) { return 80, 24 }); err != nil {
				t.Error(err)
			}
			near.Close()
		})
		all.Go(func() {
			fmt.Fprint(far, "conf t\r")
			for i := range 50 {
				s.Log("a line")
				s.SetMonitor(i%2 == 0)
				fmt.Fprintf(far, "port p%d%d\rdescription of %d\rno port x\rport shared\rdescription %d\rno port shared\r",
					n, i, i, n)
			}
			fmt.Fprint(far, "end\rexit\r")
		})
	}
	all.Wait()
	if n := len(o.Env().(*Site).Ports); n != 100 && n != 101 {
		t.Errorf("there are %d ports, not 100", n)
	}
}
