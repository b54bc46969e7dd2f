package exec

import (
	"fmt"
	"io"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/status"
)

type copies interface {
	// AccessLists gives the access lists of all instances, and what became of copies of MSUs.
	AccessLists() status.AccessLists
	// StartPaklog copies the MSUs that a list permits to the receiver of `cs7 paklog`.
	StartPaklog(list uint16) error
	// StopPaklog stops copying, and tells whether MSUs were copied.
	StopPaklog() bool
}

// topics has the topics that can be debugged: as syslog.Log.Debug knows them, and as commands call them.
var topics = []struct{ topic, name string }{{"m2pa", "CS7 M2PA"}, {"m2ua", "CS7 M2UA"}, {"mtp3", "CS7 MTP3"},
	{"m3ua", "CS7 M3UA"}, {"sctp", "SCTP"}}

func debugCommands(h Host) []*cli.Statement {
	on := kw("debug", "Show what goes on inside")
	off := cli.Alt(kw("undebug", "Stop debugging"), cli.Seq(kw("no", "Turn off"), kw("debug", "Debugging")))
	list := cli.Arg("list", configs.ListNumber(), "Access list that says which MSUs")
	return []*cli.Statement{
		cli.Command(cli.Seq(on, debugged()), func(c *cli.Call) error { debug(h, c, true); return nil }).Privileged(),
		cli.Command(cli.Seq(off, debugged()), func(c *cli.Call) error { debug(h, c, false); return nil }).Privileged(),
		cli.Command(cli.Seq(on, paklog(), list), func(c *cli.Call) error { return startPaklog(h, c) }).Privileged(),
		cli.Command(cli.Seq(off, paklog(), cli.Opt(list)), func(c *cli.Call) error {
			h.StopPaklog()
			fmt.Fprintln(c.Out, paklogOff)
			return nil
		}).Privileged(),
		showHost(func(*cli.Call) (status.AccessLists, error) { return h.AccessLists(), nil }, printAccessLists,
			kw("cs7", "Signalling System No. 7"),
			kw("access-lists", "Access lists with their matches, and where copies of MSUs go")),
	}
}

// debugged is the syntax of a topic.
func debugged() cli.Elem {
	associations := kw("sctp", "Associations: attempts, ends, events")
	return cli.Alt(
		cli.Seq(kw("cs7", "Signalling System No. 7"), cli.Choice("topic",
			kw("m2pa", "Level 2: states and discarded messages"), kw("mtp3", "Level 3: network management messages"),
			kw("m2ua", "Links at gateways and interfaces for ASPs: states, errors, refused messages"),
			kw("m3ua", "ASPs and AS: states, errors, refused messages, destinations"), associations)),
		cli.Seq(cli.Opt(kw("ip", "IP")), cli.Choice("topic", associations)),
		kw("all", "Everything"))
}

func paklog() cli.Elem {
	return cli.Seq(kw("cs7", "Signalling System No. 7"), kw("mtp3", "Level 3"),
		kw("paklog", "Copy MSUs to the receiver of `cs7 paklog`, for Wireshark"))
}

// debug turns the debugging of the topic that a command names, or of all, on or off.
func debug(h Host, c *cli.Call, on bool) {
	only := c.Args.String("topic", "")
	if only == "" && !on {
		stopAll(h, c.Out)
	}
	state := "off"
	if on {
		state = "on"
	}
	for _, t := range topics {
		if only == "" || only == t.topic {
			h.Log().SetDebug(t.topic, on)
			fmt.Fprintf(c.Out, "%s debugging is %s\n", t.name, state)
		}
	}
}

// stopAll ends the copies of MSUs and all recordings, of which `undebug all` is the end too.
func stopAll(h Host, w io.Writer) {
	if h.StopPaklog() {
		fmt.Fprintln(w, paklogOff)
	}
	for _, n := range h.Instances() {
		for _, text := range n.StopRecording() {
			fmt.Fprintln(w, text)
		}
	}
}

const paklogOff = "CS7 MTP3 paklog debugging is off"

func startPaklog(h Host, c *cli.Call) error {
	list := uint16(c.Args.Uint("list", 0))
	if err := h.StartPaklog(list); err != nil {
		return err
	}
	fmt.Fprintf(c.Out, "CS7 MTP3 paklog debugging is on for access-list %d, to %s\n",
		list, h.Instances()[0].Config().Receiver())
	return nil
}

func printAccessLists(w io.Writer, _ *cli.Call, v status.AccessLists) {
	for _, l := range v.Lists {
		fmt.Fprintf(w, "access-list %d", l.Number)
		if v.Instances > 1 {
			fmt.Fprintf(w, " of instance %d", l.Instance)
		}
		fmt.Fprintln(w)
		for _, e := range l.Entries {
			fmt.Fprint(w, "  ", e.Text)
			if e.Matches != nil {
				fmt.Fprintf(w, "  (%d matches)", *e.Matches)
			}
			fmt.Fprintln(w)
		}
	}
	if len(v.Lists) == 0 {
		fmt.Fprintln(w, "No access-list is configured.")
	}
	if p := v.Copies; p != nil {
		fmt.Fprintf(w, "paklog: MSUs of access-list %d to %s: %d copied, %d let go because too many waited, %d not sent",
			p.List, p.To, p.Sent, p.LetGo, p.Failed)
		if p.Reason != "" {
			fmt.Fprintf(w, " (%s)", p.Reason)
		}
		fmt.Fprintln(w)
	}
}
