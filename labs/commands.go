package labs

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gostp/gostp/cli"
)

// names has what the commands of a lab can name. The name of a wire has both of its ends.
type names struct{ Nodes, Wires []string }

// handlers carry out the commands of a lab.
type handlers struct {
	connect, list, cut, lose, delay, startCapture, stopCapture func(*cli.Call) error
}

// commands gives the commands that a lab adds to a node's own.
func (n names) commands(h handlers) []*cli.Statement {
	end := cli.Rep("wire", wireEnd{n}, "One end of a wire, as CountryA:eth1")
	wire := cli.Kw("wire", "Lab: spoil or mend a wire")
	capture := cli.Kw("capture", "Lab: record packets")
	return []*cli.Statement{
		cli.Command(cli.Seq(cli.Kw("connect", "Lab: go to another node's console"), cli.Arg("node", nodeName{n}, "Node")),
			h.connect),
		cli.Command(cli.Kw("nodes", "Lab: list the nodes and wires"), h.list),
		cli.Command(cli.Seq(wire, cli.Choice("what", cli.Kw("up", "Mend it"), cli.Kw("down", "Cut it")), end), h.cut),
		cli.Command(cli.Seq(wire, cli.Kw("loss", "Lose packets"),
			cli.Arg("percent", percent{}, "Share of the packets, 0% to 100%"), cli.Opt(end)), h.lose),
		cli.Command(cli.Seq(wire, cli.Kw("delay", "Delay packets"), cli.Arg("ms", cli.Millis(0, 10000), "Milliseconds"),
			cli.Opt(end)), h.delay),
		cli.Command(cli.Seq(capture, cli.Kw("start", "Into a pcapng file"), cli.Arg("file", cli.Word(255), "File"),
			cli.Opt(end)), h.startCapture),
		cli.Command(cli.Seq(capture, cli.Kw("stop", "End all captures")), h.stopCapture),
	}
}

func (l *Lab) commands() []*cli.Statement {
	return l.names.commands(handlers{l.connect, l.list, l.cut, l.lose, l.delay, l.startCapture, l.stopCapture})
}

func (l *Lab) connect(c *cli.Call) error {
	l.next.Store(l.member(c.Args.String("node", "")))
	c.Session.Leave()
	return nil
}

func (l *Lab) list(c *cli.Call) error {
	for _, m := range l.members {
		s, err := m.seat.Status()
		if err != nil {
			fmt.Fprintf(c.Out, "%-16s %v\n", m.name, err)
			continue
		}
		fmt.Fprintf(c.Out, "%-16s %-16s links available %d of %d\n", m.name, s.pc, s.up, s.all)
	}
	for _, w := range l.wires {
		fmt.Fprintf(c.Out, "wire %s: %s\n", w.Name(), w.State())
	}
	return nil
}

// named gives the wires whose ends a command names; all wires, if it names none.
func (l *Lab) named(c *cli.Call) []cable {
	ends, ok := c.Args["wire"].([]any)
	if !ok {
		return l.wires
	}
	var out []cable
	for _, e := range ends {
		i := slices.IndexFunc(l.wires, func(w cable) bool { return w.Name() == e })
		out = append(out, l.wires[i])
	}
	return out
}

// spoil changes the wires that a command names.
func (l *Lab) spoil(c *cli.Call, change func(cable) error) error {
	for _, w := range l.named(c) {
		if err := change(w); err != nil {
			return fmt.Errorf("wire %s: %w", w.Name(), err)
		}
		fmt.Fprintf(c.Out, "wire %s: %s\n", w.Name(), w.State())
	}
	return nil
}

func (l *Lab) cut(c *cli.Call) error {
	return l.spoil(c, func(w cable) error { return w.SetUp(c.Args.String("what", "") == "up") })
}

func (l *Lab) lose(c *cli.Call) error {
	return l.spoil(c, func(w cable) error {
		f := w.Faults()
		f.Loss = c.Args["percent"].(float64) / 100
		return w.SetFaults(f)
	})
}

func (l *Lab) delay(c *cli.Call) error {
	return l.spoil(c, func(w cable) error {
		f := w.Faults()
		f.Delay = c.Args["ms"].(time.Duration)
		return w.SetFaults(f)
	})
}

func (l *Lab) startCapture(c *cli.Call) error {
	wires := l.named(c)
	if err := l.record(c.Args.String("file", ""), false, wires); err != nil {
		return err
	}
	fmt.Fprintf(c.Out, "Capturing %d wires into %s\n", len(wires), c.Args.String("file", ""))
	return nil
}

func (l *Lab) stopCapture(c *cli.Call) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var stay []*recording
	for _, r := range l.captures {
		if r.lasts {
			stay = append(stay, r)
		}
	}
	switch {
	case len(l.captures) == 0:
		return fmt.Errorf("no capture is running")
	case len(stay) == len(l.captures):
		return fmt.Errorf("no capture is running but that of --pcap (%s), which lasts as long as the lab", stay[0].path)
	}
	for _, r := range l.captures {
		if r.lasts {
			continue
		}
		if err := r.stop(); err != nil {
			fmt.Fprintf(c.Out, "%s: %v\n", r.path, err)
		} else {
			fmt.Fprintf(c.Out, "%s is closed\n", r.path)
		}
	}
	l.captures = stay
	return nil
}

// nodeName is an argument that names a node of the lab.
type nodeName struct{ names }

func (nodeName) Hint() string { return "NODE" }
func (t nodeName) Parse(_ any, word string) (any, error) {
	for _, n := range t.Nodes {
		if strings.EqualFold(n, word) {
			return n, nil
		}
	}
	return nil, fmt.Errorf("there is no node %q; there are %s", word, strings.Join(t.Nodes, ", "))
}
func (nodeName) Format(_ any, v any) string { return v.(string) }
func (t nodeName) Values(any) []string      { return t.Nodes }

// wireEnd is an argument that names a wire by one of its ends. Its value is the name of the wire.
type wireEnd struct{ names }

func (wireEnd) Hint() string { return "NODE:INTERFACE" }
func (t wireEnd) Parse(_ any, word string) (any, error) {
	for _, w := range t.Wires {
		for _, end := range append(strings.Split(w, "-"), w) {
			if strings.EqualFold(end, word) {
				return w, nil
			}
		}
	}
	return nil, fmt.Errorf("no wire ends at %q; there are %s", word, strings.Join(t.Values(nil), ", "))
}
func (wireEnd) Format(_ any, v any) string { return v.(string) }
func (t wireEnd) Values(any) []string {
	var out []string
	for _, w := range t.Wires {
		out = append(out, strings.Split(w, "-")...)
	}
	slices.Sort(out)
	return out
}

// percent is an argument such as 5%. Its value is a float64 from 0 to 100.
type percent struct{}

func (percent) Hint() string { return "<0-100>%" }
func (percent) Parse(_ any, word string) (any, error) {
	p, err := strconv.ParseFloat(strings.TrimSuffix(word, "%"), 64)
	if err != nil || !(p >= 0 && p <= 100) {
		return nil, fmt.Errorf("%q is not a share from 0%% to 100%%", word)
	}
	return p, nil
}
func (percent) Format(_ any, v any) string { return fmt.Sprint(v, "%") }
