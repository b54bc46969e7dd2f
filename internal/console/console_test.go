package console

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gostp/gostp/cli"
)

type app struct{}

func (app) Hostname() string                               { return "Router" }
func (app) Env() any                                       { return nil }
func (app) Edit(string, func(any) error) ([]string, error) { return nil, nil }

func serve(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "s")
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	tree := &cli.Tree{Config: &cli.Mode{Name: "config"}, Exec: []*cli.Statement{
		cli.Command(cli.Kw("greet", ""), func(c *cli.Call) error { fmt.Fprintln(c.Out, "hello"); return nil }),
		cli.Command(cli.Kw("fall", ""), func(*cli.Call) error { return errors.New("it fell") }),
	}}
	done := make(chan struct{})
	go func() {
		open := func(out io.Writer) (*cli.Session, func()) { return cli.NewSession(app{}, tree, out), func() {} }
		Serve(t.Context(), l, open, nil)
		close(done)
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return path
}

func TestExec(t *testing.T) {
	path := serve(t)
	var out bytes.Buffer
	code, err := Exec(path, []string{"greet", "greet | include hello"}, &out)
	if code != 0 || err != nil || out.String() != "hello\nhello\n" {
		t.Errorf("%d, %v, %q", code, err, out.String())
	}
	out.Reset()
	code, err = Exec(path, []string{"fall", "greet"}, &out)
	if code != 1 || err != nil || out.String() != "% it fell\n" {
		t.Errorf("%d, %v, %q", code, err, out.String())
	}
}

// Whoever sent a line that is not understood sees it above the caret.
func TestExecShowsTheLineAboveTheCaret(t *testing.T) {
	var out bytes.Buffer
	code, err := Exec(serve(t), []string{"greet nobody"}, &out)
	if want := "Router#greet nobody\n             ^\n% " +
		"Invalid"; code != 1 || err != nil || !strings.HasPrefix(out.String(), want) {
		t.Errorf("%d, %v, %q", code, err, out.String())
	}
}

// One session lives through several requests.
func TestClient(t *testing.T) {
	x, err := Open(serve(t))
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if x.Prompt() != "Router#" {
		t.Error(x.Prompt())
	}
	var out bytes.Buffer
	if code, err := x.Run([]string{"configure terminal"}, &out); code != 0 || err != nil ||
		x.Prompt() != "Router(config)#" {
		t.Error(code, err, x.Prompt())
	}
	if code, err := x.Run([]string{"do fall"}, &out); code != 1 || err != nil ||
		!strings.Contains(out.String(), "% it fell") {
		t.Error(code, err, out.String())
	}
	if code, err := x.Run([]string{"end", "greet"}, &out); code != 0 || err != nil || x.Prompt() != "Router#" {
		t.Error(code, err, x.Prompt())
	}
}

func TestAttachEnabled(t *testing.T) {
	c, err := AttachEnabled(serve(t), 80, 24)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(c, "greet\rexit\r")
	b, err := io.ReadAll(c)
	if s := string(b); err != nil || !strings.Contains(s, "Router#greet") {
		t.Errorf("%v %q", err, s)
	}
}

func TestAttach(t *testing.T) {
	path := serve(t)
	var out bytes.Buffer
	if err := Attach(path, strings.NewReader("greet\rexit\r"), &out, 80, 24); err != nil {
		t.Fatal(err)
	}
	if s := out.String(); !strings.Contains(s, "Router>greet") || !strings.Contains(s, "hello\r\n") {
		t.Errorf("%q", s)
	}
}

func TestSocket(t *testing.T) {
	path := serve(t)
	if _, err := Listen(path); err == nil || !strings.Contains(err.Error(), "is served by a running gostp") {
		t.Error(err)
	}
	nobody := filepath.Join(t.TempDir(), "none")
	if _, err := Exec(nobody, []string{"greet"}, io.Discard); err == nil ||
		!strings.Contains(err.Error(), "no gostp answers") {
		t.Error(err)
	}
}
