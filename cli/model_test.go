package cli

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// The model of these tests is a switch with ports, which knows no SS7.

type Site struct {
	Hostname string       `cli:"hostname"`
	Contact  string       `cli:"contact"`
	Kind     kindOf       `cli:"kind"`
	Quiet    bool         `cli:"log"`
	Offset   *uint8       `cli:"offset"`
	Wait     pause        `cli:"wait"`
	Servers  []netip.Addr `cli:"server"`
	Levels   []level8     `cli:"level"`
	Ports    []*Port
	Hosts    []*HostName
}

type (
	kindOf uint8
	level8 int8
	pause  time.Duration
)

func (k kindOf) String() string { return [...]string{"", "core", "edge"}[k] }

func (level8) String() string { return "not how it is typed" }

type Port struct {
	Name    string     `cli:"port"`
	Speed   uint32     `cli:"speed"`
	Passive bool       `cli:"passive"`
	Text    string     `cli:"text"`
	Down    bool       `cli:"shutdown"`
	Addr    netip.Addr `cli:"addr"`
	Vlans   []*Vlan
}

type Vlan struct {
	ID   uint16        `cli:"vlan"`
	Cost int           `cli:"cost"`
	Idle time.Duration `cli:"idle"`
	Tag  string        `cli:"tag"`
	Text string        `cli:"text"`
}

type HostName struct {
	Name string     `cli:"name"`
	Addr netip.Addr `cli:"addr"`
}

func (s *Site) clone() *Site {
	c := *s
	c.Servers, c.Levels, c.Hosts, c.Ports = slices.Clone(s.Servers), slices.Clone(s.Levels), nil, nil
	for _, h := range s.Hosts {
		x := *h
		c.Hosts = append(c.Hosts, &x)
	}
	for _, p := range s.Ports {
		x := *p
		x.Vlans = nil
		for _, v := range p.Vlans {
			y := *v
			x.Vlans = append(x.Vlans, &y)
		}
		c.Ports = append(c.Ports, &x)
	}
	return &c
}

// portName is the name of a port that exists.
type portName struct{}

func (portName) Hint() string { return "PORT" }

func (portName) Parse(env any, w string) (any, error) {
	if slices.Contains(portName{}.Values(env), w) {
		return w, nil
	}
	return nil, fmt.Errorf("there is no port %q", w)
}

func (portName) Format(_, v any) string { return v.(string) }

func (portName) Values(env any) (out []string) {
	for _, p := range env.(*Site).Ports {
		out = append(out, p.Name)
	}
	return out
}

var portMode = &Mode{Name: "config-port", Statements: []*Statement{
	Field[Port](Seq(Kw("description", "A text"), Arg("text", Rest(40), "Up to 40 characters"))),
	Field[Port](Seq(Kw("address", "IP address"), Arg("addr", IP(), "Address"))),
	Field[Port](Flag("shutdown", "shutdown", "Take it down")),
	List(Seq(Kw("vlan", "A VLAN"), Arg("vlan", Uint(1, 4094), "Number"),
		Any(Seq(Kw("cost", "Cost"), Arg("cost", Uint(1, 1000), "Cost")),
			Seq(Kw("idle", "Idle time"), Arg("idle", Millis(1, 60000), "Milliseconds")),
			Opt(Choice("tag", Kw("tagged", "With a tag"), Kw("untagged", "Without"))))),
		[]string{"vlan"}, func(p *Port) *[]*Vlan { return &p.Vlans }, vlanMode),
}}

var vlanMode = &Mode{Name: "config-port-vlan", Statements: []*Statement{
	Field[Vlan](Seq(Kw("description", "A text"), Arg("text", Rest(40), "Up to 40 characters"))),
}}

var siteMode = &Mode{Name: "config", Statements: []*Statement{
	Field[Site](Seq(Kw("hostname", "Name of this device"), Arg("hostname", Word(20), "Name"))),
	Field[Site](Seq(Kw("logging", "Log messages"), Flag("log", "console", "On the console"))).Inverted(),
	Field[Site](Seq(Kw("site", "The site"), Opt(Kw("number", "Of the site"), Unkept(Arg("n", Uint(0, 0), "Only 0"))),
		Kw("contact", "Whom to call"), Arg("contact", Rest(60), "Text"))),
	Field[Site](Seq(Kw("site", "The site"), Opt(Kw("number", "Of the site"), Unkept(Arg("n", Uint(0, 0), "Only 0"))),
		Kw("kind", "What it is"), Choice("kind", Value(kindOf(1), "In the middle"), Value(kindOf(2), "At the border")))),
	Field[Site](Seq(Kw("clock", "Time"), Kw("offset", "From UTC"), Arg("offset", Uint(0, 23), "Hours"))),
	Field[Site](Seq(Kw("clock", "Time"), Kw("wait", "For an answer"),
		Arg("wait", Millis(10, 5000), "Milliseconds"))).Off("wait", pause(-1)),
	Field[Site](Seq(Kw("servers", "Time servers"), Rep("server", IP(), "Address"))),
	Field[Site](Seq(Kw("levels", "Levels"), Rep("level", Uint(0, 100), "Level"))),
	List(Seq(Kw("host", "A name for an address"), Arg("name", Word(10), "Name"), Arg("addr", IP(), "Address")),
		[]string{"name"}, func(s *Site) *[]*HostName { return &s.Hosts }, nil).
		Check(func(_ any, a Args) (string, error) {
			if a.String("name", "") == "localhost" {
				return "", errors.New("localhost is taken")
			}
			if a.String("name", "") == "odd" {
				return "That is an odd name.", nil
			}
			return "", nil
		}),
	List(Seq(Kw("port", "A port"), Arg("port", Word(10), "Name"),
		Opt(Kw("speed", "Speed"), Arg("speed", Uint(1, 1<<32-1), "Mbit/s")),
		Opt(Flag("passive", "passive", "Wait for the other side"))),
		[]string{"port"}, func(s *Site) *[]*Port { return &s.Ports }, portMode),
	Edit(Seq(Kw("forget", "Take away"), Kw("hosts", "All names")), func(_ any, s *Site, _ Args) error {
		if len(s.Hosts) == 0 {
			return errors.New("there are no names\nto forget")
		}
		s.Hosts = nil
		return nil
	}),
}}

// office is the App of these tests.
type office struct {
	mu  sync.Mutex
	cur *Site
}

func newOffice() *office { return &office{cur: &Site{Hostname: "Router"}} }

func (o *office) Env() any {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.cur
}

func (o *office) Hostname() string { return o.Env().(*Site).Hostname }

func (o *office) Edit(_ string, change func(any) error) ([]string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	next := o.cur.clone()
	if err := change(next); err != nil {
		return nil, err
	}
	if next.Hostname == "" {
		next.Hostname = "Router"
	}
	if len(next.Ports) > 400 {
		return nil, errors.New("there are at most 400 ports")
	}
	o.cur = next
	return nil, nil
}

// tree is the commands; a command that waits tells started.
func (o *office) tree(started chan<- struct{}) *Tree {
	show := Kw("show", "Show things")
	return &Tree{Config: siteMode, Exec: []*Statement{
		Command(Seq(show, Kw("running-config", "What it runs")), func(c *Call) error {
			return Print(c.Out, c.Env, c.Env, siteMode, nil)
		}).Privileged(),
		Command(Seq(show, Kw("clock", "Time of day")), func(c *Call) error {
			fmt.Fprintln(c.Out, "tea time")
			return nil
		}),
		Command(Seq(show, Kw("ports", "All ports")), func(c *Call) error {
			for _, p := range c.Env.(*Site).Ports {
				fmt.Fprintf(c.Out, "%-10s %6d\n", p.Name, p.Speed)
			}
			return nil
		}),
		Command(Seq(show, Kw("port", "One port"), Arg("name", portName{}, "Name")), func(c *Call) error {
			fmt.Fprintln(c.Out, "port", c.Args.String("name", ""))
			return nil
		}),
		Query(Seq(show, Kw("numbers", "Count"), Arg("to", Uint(1, 1000), "How far")), count),
		Command(Seq(Kw("ping", "Reach something"), Arg("addr", IP(), "Address")), func(c *Call) error {
			fmt.Fprint(c.Out, "!!!!")
			if started != nil {
				started <- struct{}{}
				<-c.Context.Done()
				fmt.Fprint(c.Out, "stopped")
				return nil
			}
			fmt.Fprintln(c.Out)
			return nil
		}),
		Command(Kw("fail", "Fail"), func(*Call) error { return errors.New("one\ntwo") }),
		Command(Kw("reload", "Start again"), func(*Call) error { return nil }).Privileged(),
	}}
}

func lines(s string) []string { return strings.Split(strings.TrimSuffix(s, "\n"), "\n") }

// A statement whose argument no field keeps cannot be made: its line would be accepted and
// stored nowhere. Nor can a choice whose values are of another type than its field, or whose words are
// not told apart.
func TestArgumentWithoutAField(t *testing.T) {
	for name, statement := range map[string]func(){
		"field": func() { Field[Vlan](Seq(Kw("description", "A text"), Arg("txet", Rest(40), "Text"))) },
		"list": func() {
			List(Seq(Kw("host", "A name"), Arg("nmae", Word(10), "Name")), []string{"name"},
				func(s *Site) *[]*HostName { return &s.Hosts }, nil)
		},
		"word for a value": func() { Field[Site](Choice("kind", Kw("core", "In the middle"))) },
		"value for a word": func() { Field[Vlan](Choice("tag", Value(kindOf(1), "With a tag"))) },
		"no word":          func() { Choice("kind", Value(kindOf(0), "Nowhere")) },
		"one word twice":   func() { Choice("kind", Value(kindOf(1), "In the middle"), Value(kindOf(1), "Again")) },
		"two types":        func() { Choice("kind", Value(kindOf(1), "In the middle"), Kw("edge", "At the border")) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: it was taken", name)
				}
			}()
			statement()
		}()
	}
}

// count has no answer for 666, and one with an error for 667.
func count(c *Call) (Answer, error) {
	to := c.Args.Uint("to", 0)
	if to == 666 {
		return Answer{}, errors.New("nobody counts \"that\" far")
	}
	numbers := []uint64{}
	for i := range min(to, 30) {
		numbers = append(numbers, i+1)
	}
	a := Answer{numbers, func(w io.Writer, value any) {
		for _, n := range value.([]uint64) {
			fmt.Fprintf(w, "number %d\n", n)
		}
	}}
	if to == 667 {
		return a, errors.New("that is as far as it goes")
	}
	return a, nil
}
