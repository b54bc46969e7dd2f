package exec

import (
	"bytes"
	"context"
	"testing"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/status"
)

// point is an instance with linksets and nothing else.
type point struct {
	Node
	number uint8
	sets   []status.Linkset
}

func (p *point) Number() uint8              { return p.number }
func (p *point) Config() *configs.System    { return configs.New() }
func (p *point) Linksets() []status.Linkset { return p.sets }

func (p *point) RecordNetwork(string, int) error { return nil }

// town is a host of such instances.
type town struct {
	Host
	points []Node
}

func (h *town) Instances() []Node                                        { return h.points }
func (h *town) Hostname() string                                         { return "T" }
func (h *town) Env() any                                                 { return configs.New() }
func (h *town) Edit(string, func(any) error) (notes []string, err error) { return nil, nil }

// TestInstances: a line is about instance 0, the one it names, or every one of them.
func TestInstances(t *testing.T) {
	h := &town{points: []Node{&point{}, &point{number: 2, sets: []status.Linkset{{Name: "B", Adjacent: "2.2.2",
		State: "UNAVAIL", Links: []status.Link{}}}}}}
	var out bytes.Buffer
	s := cli.NewSession(h, &cli.Tree{Exec: linksetCommands(h), Config: configs.Global}, &out)
	const setB = "lsn=B                   apc=2.2.2         state=UNAVAIL   avail/links=0/0\n" +
		"  SLC  Interface                    Service   PeerState         Inhib\n" +
		"       reason: the linkset has no links; `link SLC sctp ...` in its configuration makes one\n"
	for _, x := range []struct {
		line, want string
		fails      bool
	}{
		{line: "show cs7 linkset", want: "No linkset is configured.\n"},
		{line: "show cs7 linkset | json", want: "[]\n"},
		{line: "show cs7 instance 2 linkset", want: setB},
		{line: "show cs7 instance all linkset",
			want: "Instance Number 0\nNo linkset is configured.\n\nInstance Number 2\n" + setB + "\n"},
		{line: "show cs7 instance 1 linkset", fails: true,
			want: "% this node has instance 0 alone; `cs7 multi-instance` in configuration mode allows more\n"},
		{line: "show cs7 instance all linkset X", fails: true,
			want: "Instance Number 0\n% " + noCode + "\n\nInstance Number 2\n% " + noCode + "\n\n"},
		{line: "show cs7 instance all linkset X | json", fails: true,
			want: "[\n  {\n    \"instance\": 0,\n    \"error\": \"" + noCode + "\"\n  },\n" +
				"  {\n    \"instance\": 2,\n    \"error\": \"" + noCode + "\"\n  }\n]\n"},
	} {
		out.Reset()
		if err := s.Run(context.Background(), x.line); (err != nil) != x.fails || out.String() != x.want {
			t.Errorf("%s: %v and\n%s\nnot\n%s", x.line, err, &out, x.want)
		}
	}
}

// TestRecordingOfAnInstance: the line that ends a recording is about the instance that has it.
func TestRecordingOfAnInstance(t *testing.T) {
	h := &town{points: []Node{&point{}, &point{number: 2}}}
	var out bytes.Buffer
	s := cli.NewSession(h, &cli.Tree{Exec: recordCommands(h), Config: configs.Global}, &out)
	s.Enable()
	for line, want := range map[string]string{
		"debug cs7 record network F":            "Recording to F until `undebug cs7 record`\n",
		"debug cs7 instance 2 record network F": "Recording to F until `undebug cs7 instance 2 record`\n",
	} {
		out.Reset()
		if err := s.Run(context.Background(), line); err != nil || out.String() != want {
			t.Errorf("%s: %v, %q, not %q", line, err, &out, want)
		}
	}
}

const noCode = "linksets start when this node has a code of its own: `cs7 point-code` in configuration mode"
