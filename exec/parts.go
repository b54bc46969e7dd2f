package exec

import (
	"io"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/userpart"
)

// parts is what a node tells of its user parts that have packages of their own.
type parts interface {
	// AskPart runs f for the part of a kind. Nothing else runs the part meanwhile. The error says why f did not run.
	AskPart(k *userpart.Kind, f func(userpart.Part)) error
}

// partCommands gives the commands that user parts bring.
func partCommands(h Host) (all []*cli.Statement) {
	for _, k := range h.Parts() {
		for _, s := range k.Shows {
			get := func(n Node, c *cli.Call) (value any, err error) {
				if stopped := n.AskPart(&k, func(p userpart.Part) { value, err = s.Ask(p, c) }); stopped != nil {
					return nil, stopped
				}
				return value, err
			}
			print := func(w io.Writer, _ *cli.Call, value any) { s.Print(w, value) }
			all = append(all, showCS7(h, get, print, s.Syntax...))
		}
	}
	return all
}
