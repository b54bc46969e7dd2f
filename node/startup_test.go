package node

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/sctp/sctptest"
	"github.com/gostp/gostp/startup"
)

// faulty is configA with three lines, each of which breaks a rule.
var faulty = strings.TrimSuffix(configA, "end\n") +
	"cs7 secondary-pc 1.1.1\ncs7 linkset B\n congestion level 1 onset 100 abate 200\ncs7 mtp3 timer t22 1000\nend\n"

// begin makes a node of a startup configuration with faults.
func begin(t *testing.T, net *sctptest.Memory, s startup.Store) (*box, []error) {
	b := &box{t: t, Node: New(Options{Platform: onMemory(net), Store: s, Version: "test"})}
	errs := b.Boot()
	b.session = cli.NewSession(b.Node, b.Tree(), &b.out)
	b.session.Enable()
	return b, errs
}

// A line that breaks a rule never costs the sound part of a file, nor the file: what it says is
// left out, marked, alarmed, and kept when the file is written.
func TestFaultyStartupKeepsWhatIsSoundAndTheFile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sound, errs := begin(t, sctptest.NewMemory(1), startup.Memory("m", []byte(configA)))
		defer sound.Close()
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		path := filepath.Join(t.TempDir(), "stp.cfg")
		if err := os.WriteFile(path, []byte(faulty), 0o640); err != nil {
			t.Fatal(err)
		}
		net := sctptest.NewMemory(1)
		b, errs := begin(t, net, startup.File(path))
		defer b.Close()
		if len(errs) != 3 {
			t.Error(errs)
		}
		far := newBox(t, net, configB)
		defer far.Close()
		time.Sleep(20 * time.Second)
		b.want("show cs7 linkset", "avail/links=2/2")
		if got, want := string(b.Running()), string(sound.Running()); got != want {
			t.Errorf("runs:\n%s\ninstead of:\n%s", got, want)
		}
		b.want("show alarms", "startup configuration, fault 3", "point code 1.1.1 is configured twice for this node")
		b.want("show startup-config", "! 3 faults: what they are about is left out. Each stands under its line.\n",
			"\ncs7 secondary-pc 1.1.1\n! left out: line ", ": point code 1.1.1 is configured twice for this node\n",
			" congestion level 1 onset 100 abate 200\n! left out: ", "cs7 mtp3 timer t22 1000\n! left out: ")
		b.want("reload", "`write memory` first, or `reload force`")
		b.want("reload force", "% 3 faults in "+path+": what is sound runs; `show startup-config` has each under "+
			"its line")
		if got, want := string(b.Running()), string(sound.Running()); got != want {
			t.Errorf("after a reload runs:\n%s\ninstead of:\n%s", got, want)
		}
		script := cli.NewSession(b.Node, b.Tree(), &b.out)
		script.Enable()
		script.Script()
		b.out.Reset()
		if err := script.Run(t.Context(), "write memory"); !errors.Is(err, cli.ErrFailed) {
			t.Error("a program has written it without being told what is lost", err)
		}
		for _, want := range []string{"lines that were left out, and that would be lost", "line 12: cs7 " +
			"secondary-pc 1.1.1",
			"congestion level 1 onset 100 abate 200", "cs7 mtp3 timer t22 1000", "% not saved: ", "`write memory " +
				"force`"} {
			if !strings.Contains(b.out.String(), want) {
				t.Errorf("no %q in %s", want, b.out.String())
			}
		}
		b.holds(path, faulty)
		if err := script.Run(t.Context(), "write memory force"); err != nil {
			t.Error(err)
		}
		b.holds(path+".faulty", faulty)
		b.holds(path, string(sound.Running()))
		b.want("show alarms history", "CLEARED Major    startup configuration, fault 1")
		b.want("reload")
	})
}

// A person at a terminal sees what is lost, and where it is kept.
func TestWriteAtATerminalKeepsTheFaultyFile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "stp.cfg")
		if err := os.WriteFile(path, []byte(faulty), 0o640); err != nil {
			t.Fatal(err)
		}
		b, _ := begin(t, sctptest.NewMemory(1), startup.File(path))
		defer b.Close()
		b.want("copy running-config startup-config", "would be lost", "The old text is kept in "+path+".faulty\n",
			"[OK]")
		b.holds(path+".faulty", faulty)
		b.holds(path, string(b.Running()))
	})
}

func (b *box) holds(path, want string) {
	b.t.Helper()
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		b.t.Errorf("%s: %v\n%s\ninstead of\n%s", path, err, got, want)
	}
}

// What is hardly meant is said at the prompt, in the log, as an alarm, and with its line by the
// check of a file; what is so only until the next line is not said at the prompt.
func TestWarningsAreToldEverywhere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		text := []byte("cs7 point-code 1.1.1\ncs7 m3ua 2905\n local-ip 10.0.0.1\n")
		b, _ := begin(t, sctptest.NewMemory(1), startup.Memory("m", text))
		defer b.Close()
		b.want("show alarms", "No alarms.")
		typed := b.run("configure terminal", "cs7 asp P 0 2905 m3ua", "remote-ip 10.0.0.5", "cs7 asp Q 0 2905 m3ua")
		if strings.Contains(typed, "Warning") {
			t.Error("told of what the next line says:", typed)
		}
		const why = "asp Q and asp P cannot be told apart: both are at 10.0.0.5 port 0 (any), local port 2905"
		b.want("remote-ip 10.0.0.5", "% Warning: "+why)
		b.want("description a line about something else", "")
		b.run("end")
		b.want("show logging", "%CS7-4-CONFIG: "+why)
		b.want("show alarms", "Warning", "configuration of asp Q", why)
		text = b.Running()
		r := Check(text)
		line := 1 + bytes.Count(text[:bytes.Index(text, []byte("cs7 asp Q"))], []byte("\n"))
		if len(r.Faults) != 0 || len(r.Warnings) != 1 || r.Warnings[0].Line != line ||
			!strings.HasPrefix(r.Warnings[0].Text, why) {
			t.Errorf("%+v", r)
		}
		b.want("configure terminal")
		b.run("cs7 asp Q 14001 2905 m3ua", "end")
		b.want("show alarms history", "CLEARED Warning  configuration of asp Q")
	})
}

// The check of a file reads the file of titles that it names.
func TestCheckReadsTheTitlesFile(t *testing.T) {
	t.Parallel()
	titles := filepath.Join(t.TempDir(), "titles.csv")
	if err := os.WriteFile(titles, []byte("S,49,pcssn,2.2.2,pcssn\nNONE,50,pcssn,2.2.2,pcssn\nS,5x\n"),
		0o600); err != nil {
		t.Fatal(err)
	}
	text := "cs7 point-code 1.1.1\ncs7 gtt selector S tt 0\ncs7 gtt load "
	r := Check([]byte(text + titles + "\n"))
	if len(r.Faults) != 2 || r.Faults[0].Line != 3 || !strings.Contains(r.Faults[1].Text, "there is no selector NONE") {
		t.Errorf("%+v", r.Faults)
	}
	if r := Check([]byte(text + titles + ".not\n")); len(r.Faults) != 1 || r.Faults[0].Line != 3 {
		t.Errorf("%+v", r.Faults)
	}
}

// A startup file that cannot be read is not replaced unless that is asked for.
func TestUnreadableStartupIsNotReplaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := t.TempDir() // a folder is no file
		b, errs := begin(t, sctptest.NewMemory(1), startup.File(path))
		defer b.Close()
		if len(errs) != 1 {
			t.Error(errs)
		}
		b.want("show alarms", "startup configuration, fault 1")
		b.want("write memory", "% not saved: ", "`write memory force`")
	})
}
