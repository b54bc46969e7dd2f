package exec

import (
	"fmt"
	"io"

	"github.com/gostp/gostp/internal/printable"
	"github.com/gostp/gostp/status"
)

// printTransport writes the part of `show cs7 linkset detail` that is below level 2.
func printTransport(w io.Writer, a *status.Association) {
	if a.None() {
		fmt.Fprintf(w, "    SCTP: no association: %s\n", noAssociation(a))
	} else {
		fmt.Fprintf(w, "    SCTP: association %d, %s for %s, %d streams out, %d in\n",
			a.ID, a.State, since(a.Since), a.OutStreams, a.InStreams)
		for i := range a.Paths {
			if p := &a.Paths[i]; len(a.Paths) > 1 || !p.Active {
				fmt.Fprintf(w, "      path %s%s: %s\n", p.Address, from(p.Local), pathState(p))
			}
		}
	}
	if b := a.Before; b != nil {
		fmt.Fprintf(w, "      %s\n", before(b))
	}
}

// noAssociation says why there is no association, and how often one was tried.
func noAssociation(a *status.Association) string { return status.Tried(a.Reason, a.Attempts) }

// before tells of the association before this one.
func before(b *status.Ended) string {
	return fmt.Sprintf("the association before lasted %s and ended %s ago: %s",
		printable.Ago(b.Ended.Sub(b.Began)), since(b.Ended), b.Reason)
}

// pathState says whether a path serves, and if not, why.
func pathState(p *status.Path) string {
	state := "active"
	if !p.Active {
		state = "INACTIVE"
		if p.Reason != "" {
			state += " (" + p.Reason + ")"
		}
	}
	if p.Primary {
		state += ", primary"
	}
	if !p.Confirmed {
		state += ", unconfirmed: no answer to a HEARTBEAT yet"
	}
	return state
}

func from(address string) string {
	if address == "" {
		return ""
	}
	return " from " + address
}
