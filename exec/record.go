package exec

import (
	"fmt"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/configs"
)

type recorder interface {
	// RecordNetwork begins to write to a file, which must not be there yet, what the network management is told and what
	// it answers, with so many steps at most.
	RecordNetwork(file string, most int) error
	// RecordLink does the same for the level 2 of a link.
	RecordLink(linkset string, slc uint8, file string, most int) error
	// StopRecording ends all recordings of the instance, and tells what became of each.
	StopRecording() []string
}

// mostSteps is how many steps a recording has at most, unless the command says another number.
const mostSteps = 100_000

func recordCommands(h Host) []*cli.Statement {
	debug := kw("debug", "Show what goes on inside")
	words := kw("record", "Write what a machine is told, and what it answers, to a file that a test can replay")
	network := kw("network", "Network management (MTP3)")
	link := kw("link", "Level 2 of a link (M2PA)")
	linkset := cli.Arg("linkset", configs.LinksetName{}, "Linkset name")
	slc := cli.Arg("slc", cli.Uint(0, 15), "Signalling link code")
	file := cli.Arg("file", cli.Word(255), "File, which must not be there yet")
	most := cli.Opt(kw("max", "How many steps at most (default 100000)"),
		cli.Arg("max", cli.Uint(1, 10_000_000), "Steps"))
	return []*cli.Statement{
		command(h, recordNetwork, debug, configs.CS7(words, network, file, most)).Privileged(),
		command(h, recordLink, debug, configs.CS7(words, link, linkset, slc, file, most)).Privileged(),
		command(h, stopRecording, kw("undebug", "Stop debugging"), configs.CS7(words)).Privileged(),
		command(h, stopRecording, kw("no", "Turn off"), kw("debug", "Debugging"), configs.CS7(words)).Privileged(),
	}
}

func recordNetwork(n Node, c *cli.Call) error {
	return recording(n, c, n.RecordNetwork(c.Args.String("file", ""), int(c.Args.Uint("max", mostSteps))))
}

func recordLink(n Node, c *cli.Call) error {
	return recording(n, c, n.RecordLink(c.Args.String("linkset", ""), uint8(c.Args.Uint("slc", 0)),
		c.Args.String("file", ""), int(c.Args.Uint("max", mostSteps))))
}

func recording(n Node, c *cli.Call, err error) error {
	if err == nil {
		fmt.Fprintf(c.Out, "Recording to %s until `undebug cs7 %srecord`\n", c.Args.String("file", ""), at(n.Number()))
	}
	return err
}

func stopRecording(n Node, c *cli.Call) error {
	ended := n.StopRecording()
	for _, text := range ended {
		fmt.Fprintln(c.Out, text)
	}
	if len(ended) == 0 {
		fmt.Fprintln(c.Out, "Nothing is recorded.")
	}
	return nil
}
