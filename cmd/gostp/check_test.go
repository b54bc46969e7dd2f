package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// said runs the program and gives what it prints and its exit code.
func said(t *testing.T, args ...string) (string, int) {
	t.Helper()
	var out bytes.Buffer
	c := root()
	c.SetOut(&out)
	c.SetErr(&out)
	c.SetArgs(args)
	err := c.Execute()
	var code exitCode
	if err != nil && !errors.As(err, &code) {
		t.Fatal(err)
	}
	return out.String(), int(code)
}

// A fault makes the exit code 1, a warning only with --strict; each has its line.
func TestCheckTellsFaultsFromWarnings(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const sound = "cs7 point-code 1.1.1\ncs7 linkset B 2.2.2\n"
	good, odd := file("good", sound), file("odd", sound+"cs7 linkset C 2.2.2\n")
	bad := file("bad", sound+"cs7 linkset C 1.1.1\n")
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{good}, 0, good + ": sound\n"},
		{[]string{"--strict", good}, 0, good + ": sound\n"},
		{[]string{odd}, 0, odd + ": line 3: warning: linkset C leads to 2.2.2, and so does linkset B: "},
		{[]string{"--strict", odd}, 1, odd + ": line 3: warning: linkset C leads to 2.2.2"},
		{[]string{odd, bad, good}, 1, bad + ": line 3: linkset C: 1.1.1 is this node's own code"},
	} {
		out, code := said(t, append([]string{"check"}, c.args...)...)
		if code != c.code || !strings.Contains(out, c.want) || strings.Contains(out, odd+": sound") {
			t.Errorf("%v: exit code %d, want %d; want %q in:\n%s", c.args, code, c.code, c.want, out)
		}
	}
}

// pflag takes the first word in back-quotes of a flag's help for the name of its value.
func TestHelpNamesValuesByOneWord(t *testing.T) {
	var look func(c *cobra.Command)
	look = func(c *cobra.Command) {
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if name, usage := pflag.UnquoteUsage(f); strings.ContainsAny(name, " `") || strings.Contains(usage, "`") {
				t.Errorf("%s --%s: the value is called %q: %s", c.CommandPath(), f.Name, name, f.Usage)
			}
		})
		for _, sub := range c.Commands() {
			look(sub)
		}
	}
	look(root())
	out, _ := said(t, "run", "--help")
	for _, want := range []string{"--config FILE   ", "kernel's SCTP", "raw IP", "UDP"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
}
