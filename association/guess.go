package association

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/xua"
)

// guess is about an association that the first free ASP has, because nothing told whose it is. The far end may be a
// standby, which names its routing context minutes later. If that is another ASP's, the association goes on as that
// one's.
type guess struct {
	desk  *desk
	of    *Keeper
	up    []sctp.Item // the last ASPUP
	acked bool        // it was read in an earlier batch, so it was answered
}

// lastUp is the last ASPUP that the desk has heard.
func (d *desk) lastUp() (up []sctp.Item) {
	for i := range d.heard {
		if d.heard[i].Event == nil {
			if m, e := d.proto.Grammar.Parse(d.heard[i].Data); e == nil && m.Type == xua.ASPUP {
				up = d.heard[i : i+1]
			}
		}
	}
	return up
}

// check looks at what was read from an association until it is known whose it is. An error says that the association is
// another ASP's, which has it from now on.
func (g *guess) check(r *resumed, items []sctp.Item) error {
	fresh := -1 // where the last ASPUP of these is
	for i := range items {
		if e := items[i].Event; e != nil {
			if e.Kind == sctp.Restart {
				g.up, g.acked, fresh = nil, false, -1
			}
			continue
		}
		m, e := g.desk.proto.Grammar.Parse(items[i].Data)
		if e != nil {
			continue
		}
		switch m.Type {
		case xua.ASPUP:
			fresh = i
			continue
		case xua.BEAT, xua.BEATAck, xua.ERR, xua.NTFY, xua.ASPDN:
			continue
		}
		to := g.desk.serving(m)
		if fresh >= 0 {
			g.up, g.acked = clone(items[fresh:fresh+1]), false
		}
		if len(to) != 1 || to[0] == g.of || len(g.up) == 0 {
			g.settle(r)
			return nil
		}
		return g.pass(r, to[0], items[i:])
	}
	if fresh >= 0 {
		g.up = clone(items[fresh : fresh+1])
	}
	g.acked = len(g.up) > 0
	return nil
}

// settle ends the guess: the association stays where it is.
func (g *guess) settle(r *resumed) {
	g.of.Mu.Lock()
	defer g.of.Mu.Unlock()
	r.guess, g.of.guessed = nil, false
}

// pass gives the association to the ASP whose it is.
func (g *guess) pass(r *resumed, to *Keeper, rest []sctp.Item) error {
	next := &resumed{Assoc: r.Assoc, heard: append(slices.Clone(g.up), clone(rest)...)}
	if g.acked {
		next.acks.Store(1)
	}
	why := ""
	switch {
	case to.isShut():
		why = "is shut down by configuration"
	case !to.Lasting():
		why = "is configured otherwise now"
	}
	if why != "" {
		r.Abort(to.Owner.Name() + " " + why)
		return fmt.Errorf("it is of %s, which %s", to.Owner.Name(), why)
	}
	to.Take(next)
	to.abortGuess()
	return fmt.Errorf("it goes on as that of %s, which serves what it names", to.Owner.Name())
}

// clone copies what was read into memory of its own.
func clone(items []sctp.Item) []sctp.Item {
	items = slices.Clone(items)
	for i := range items {
		items[i].Data = bytes.Clone(items[i].Data)
	}
	return items
}

// abortGuess ends an association that the owner has by a guess alone.
func (r *Keeper) abortGuess() {
	r.Mu.Lock()
	defer r.Mu.Unlock()
	if r.guessed {
		r.AbortLocked("it was taken for " + r.Owner.Name() + " because it named nothing, and another names what " +
			"that one serves")
	}
}
