package labs

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gostp/gostp/cli"
)

// tree is a node's commands and, beside them, those of the lab.
func (l *Lab) tree(m *member) *cli.Tree {
	t := m.node.Tree()
	end := cli.Rep("wire", wireEnd{l}, "One end of a wire, as CountryA:eth1")
	t.Exec = append(t.Exec,
		cli.Command(cli.Seq(cli.Kw("connect", "Lab: go to another node's console"), cli.Arg("node", nodeName{l}, "Node")), l.connect),
		cli.Command(cli.Kw("nodes", "Lab: list the nodes and wires"), l.list),
		cli.Command(cli.Seq(cli.Kw("wire", "Lab: spoil or mend a wire"), cli.Choice("what", cli.Kw("up", "Mend it"), cli.Kw("down", "Cut it")), end), l.cut),
		cli.Command(cli.Seq(cli.Kw("wire", "Lab: spoil or mend a wire"), cli.Kw("loss", "Lose packets"), cli.Arg("percent", percent{}, "Share of the packets, 0% to 100%"), cli.Opt(end)), l.lose),
		cli.Command(cli.Seq(cli.Kw("wire", "Lab: spoil or mend a wire"), cli.Kw("delay", "Delay packets"), cli.Arg("ms", cli.Millis(0, 10000), "Milliseconds"), cli.Opt(end)), l.delay),
		cli.Command(cli.Seq(cli.Kw("capture", "Lab: record packets"), cli.Kw("start", "Into a pcapng file"), cli.Arg("file", cli.Word(255), "File"), cli.Opt(end)), l.startCapture),
		cli.Command(cli.Seq(cli.Kw("capture", "Lab: record packets"), cli.Kw("stop", "End all captures")), l.stopCapture),
	)
	return t
}

func (l *Lab) connect(c *cli.Call) error {
	l.next = l.member(c.Args.String("node", ""))
	c.Session.Leave()
	return nil
}

func (l *Lab) list(c *cli.Call) error {
	for _, m := range l.members {
		pc := "no point code"
		if s := m.node.Config(); s.PC != nil {
			pc = s.Notation().Format(*s.PC)
		}
		up, all := m.node.Links()
		fmt.Fprintf(c.Out, "%-16s %-16s links available %d of %d\n", m.name, pc, up, all)
	}
	for _, w := range l.wires {
		fmt.Fprintf(c.Out, "wire %s: %s\n", w.Name(), w.State())
	}
	return nil
}

// named gives the wires of the ends that a command names; all, if it names none.
func (l *Lab) named(c *cli.Call) []*Wire {
	ends, ok := c.Args["wire"].([]any)
	if !ok {
		return l.wires
	}
	var out []*Wire
	for _, e := range ends {
		out = append(out, e.(*Wire))
	}
	return out
}

func (l *Lab) cut(c *cli.Call) error {
	for _, w := range l.named(c) {
		w.SetUp(c.Args.String("what", "") == "up")
		fmt.Fprintf(c.Out, "wire %s: %s\n", w.Name(), w.State())
	}
	return nil
}

func (l *Lab) lose(c *cli.Call) error {
	for _, w := range l.named(c) {
		f := w.Faults()
		f.Loss = c.Args["percent"].(float64) / 100
		w.SetFaults(f)
		fmt.Fprintf(c.Out, "wire %s: %s\n", w.Name(), w.State())
	}
	return nil
}

func (l *Lab) delay(c *cli.Call) error {
	for _, w := range l.named(c) {
		f := w.Faults()
		f.Delay = c.Args["ms"].(time.Duration)
		w.SetFaults(f)
		fmt.Fprintf(c.Out, "wire %s: %s\n", w.Name(), w.State())
	}
	return nil
}

func (l *Lab) startCapture(c *cli.Call) error {
	wires := l.named(c)
	if _, err := l.record(c.Args.String("file", ""), wires); err != nil {
		return err
	}
	fmt.Fprintf(c.Out, "Capturing %d wires into %s\n", len(wires), c.Args.String("file", ""))
	return nil
}

func (l *Lab) stopCapture(c *cli.Call) error {
	if len(l.captures) == 0 {
		return fmt.Errorf("no capture is running")
	}
	for _, r := range l.captures {
		if err := r.stop(); err != nil {
			fmt.Fprintf(c.Out, "%s: %v\n", r.path, err)
		} else {
			fmt.Fprintf(c.Out, "%s is closed\n", r.path)
		}
	}
	l.captures = nil
	return nil
}

// nodeName is an argument that names a node of the lab.
type nodeName struct{ l *Lab }

func (nodeName) Hint() string { return "NODE" }
func (t nodeName) Parse(_ any, word string) (any, error) {
	if m := t.l.member(word); m != nil {
		return m.name, nil
	}
	return nil, fmt.Errorf("there is no node %q; there are %s", word, t.l.NodeNames())
}
func (nodeName) Format(_ any, v any) string { return v.(string) }
func (t nodeName) Values(any) []string {
	var out []string
	for _, m := range t.l.members {
		out = append(out, m.name)
	}
	return out
}

// wireEnd is an argument that names a wire by one of its ends; its value is a *Wire.
type wireEnd struct{ l *Lab }

func (wireEnd) Hint() string { return "NODE:INTERFACE" }
func (t wireEnd) Parse(_ any, word string) (any, error) {
	for _, w := range t.l.wires {
		for _, end := range strings.Split(w.Name(), "-") {
			if strings.EqualFold(end, word) {
				return w, nil
			}
		}
		if strings.EqualFold(w.Name(), word) {
			return w, nil
		}
	}
	return nil, fmt.Errorf("no wire ends at %q; there are %s", word, strings.Join(t.Values(nil), ", "))
}
func (wireEnd) Format(_ any, v any) string { return v.(*Wire).Name() }
func (t wireEnd) Values(any) []string {
	var out []string
	for _, w := range t.l.wires {
		out = append(out, strings.Split(w.Name(), "-")...)
	}
	slices.Sort(out)
	return out
}

// percent is an argument such as 5%; its value is a float64, 0 to 100.
type percent struct{}

func (percent) Hint() string { return "<0-100>%" }
func (percent) Parse(_ any, word string) (any, error) {
	p, err := strconv.ParseFloat(strings.TrimSuffix(word, "%"), 64)
	if err != nil || p < 0 || p > 100 {
		return nil, fmt.Errorf("%q is not a share from 0%% to 100%%", word)
	}
	return p, nil
}
func (percent) Format(_ any, v any) string { return fmt.Sprint(v, "%") }
