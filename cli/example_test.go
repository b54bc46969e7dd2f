package cli_test

import (
	"context"
	"fmt"
	"os"

	"github.com/gostp/gostp/cli"
)

// site is what the commands are about. Tags name the arguments that its fields keep.
type site struct {
	Name  string `cli:"hostname"`
	Ports []*port
}

type port struct {
	Number uint16 `cli:"port"`
	Text   string `cli:"description"`
}

var portMode = &cli.Mode{Name: "config-port", Statements: []*cli.Statement{
	cli.Field[port](cli.Seq(cli.Kw("description", "A text"),
		cli.Arg("description", cli.Rest(40), "Up to 40 characters"))),
}}

var top = &cli.Mode{Name: "config", Statements: []*cli.Statement{
	cli.Field[site](cli.Seq(cli.Kw("hostname", "Name of this device"), cli.Arg("hostname", cli.Word(20), "Name"))),
	cli.List(cli.Seq(cli.Kw("port", "A port"), cli.Arg("port", cli.Uint(1, 99), "Number")), []string{"port"},
		func(s *site) *[]*port { return &s.Ports }, portMode),
}}

// box is the program behind the prompt. A line takes effect on a copy, which takes the place
// of the running configuration if nothing is wrong with it.
type box struct{ running *site }

func (b *box) Hostname() string { return b.running.Name }
func (b *box) Env() any         { return b.running }
func (b *box) Edit(_ string, change func(root any) error) (notes []string, err error) {
	next := &site{Name: b.running.Name}
	for _, p := range b.running.Ports {
		c := *p
		next.Ports = append(next.Ports, &c)
	}
	if err := change(next); err != nil {
		return nil, err
	}
	b.running = next
	return nil, nil
}

// One declaration of each line gives its parsing, `?`, its `no` form, its abbreviations and
// its place in the running configuration.
func Example() {
	b := &box{running: &site{Name: "Router"}}
	tree := &cli.Tree{Config: top, Exec: []*cli.Statement{
		cli.Command(cli.Seq(cli.Kw("show", "Show"), cli.Kw("running-config", "The configuration")),
			func(c *cli.Call) error { return cli.Print(c.Out, c.Env, b.running, top, nil) }),
	}}
	s := cli.NewSession(b, tree, os.Stdout)
	s.Enable()
	for _, line := range []string{
		"conf t", "host Sydney", "port 7", "desc to the north", "end", "show run", "show port",
	} {
		_ = s.Run(context.Background(), line) // what fails was printed
	}
	fmt.Print(s.Help("conf"))
	// Output:
	// Enter configuration commands, one per line.  End with CNTL/Z.
	// hostname Sydney
	// !
	// port 7
	//  description to the north
	// !
	//             ^
	// % Invalid input detected at '^' marker.
	// configure
}
