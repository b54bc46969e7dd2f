package m2ua

import (
	"fmt"

	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// Refusal is why a message of an interface is not accepted. Each has a counter.
type Refusal uint8

// The refusals.
const (
	Taken Refusal = iota
	Malformed
	WrongProtocol
	UnknownInterface
	NotActive
	Overridden
	Refusals
)

var refusalTexts = [Refusals]string{
	Taken:            "taken",
	Malformed:        "malformed",
	WrongProtocol:    "payload protocol identifier is not M2UA's",
	UnknownInterface: "interface identifier that this ASP does not serve",
	NotActive:        "ASP not active for the interface",
	Overridden:       "ASP overridden: an alternate ASP is active for the interface",
}

func (r Refusal) String() string { return refusalTexts[r] }

// Gate says what a far end may send. It is an immutable picture.
type Gate struct {
	Name   string
	slack  Slack
	single *Entry // the only interface, if there is just one
	byID   map[uint32]*Entry
	byText map[string]*Entry
	byPath map[ss7.PathID]*Entry
}

// Entry is one interface of a far end.
type Entry struct {
	Label
	Path     ss7.PathID // the path of its link
	AS       ss7.PathID
	Receives bool // it may send us messages of the interface
	Sends    bool // we may send it messages of the interface

	Overridden bool // an alternate ASP has taken its place
}

func (l *Layer) makeGate(p *farEnd) *Gate {
	c, servings := l.x.Serves(p.cfg.Path)
	g := &Gate{Name: c.Name, slack: p.cfg.Slack, byID: map[uint32]*Entry{}, byText: map[string]*Entry{},
		byPath: map[ss7.PathID]*Entry{}}
	for _, s := range servings {
		as := l.as(s.AS)
		if as == nil {
			continue
		}
		for _, i := range as.Interfaces {
			e := &Entry{i.Label, i.Path, s.AS, s.Receives, s.Sends, s.Overridden}
			g.single = e
			g.byPath[i.Path] = e
			if i.Text != "" {
				g.byText[i.Text] = e
			} else {
				g.byID[i.ID] = e
			}
		}
	}
	if len(g.byPath) != 1 {
		g.single = nil
	} else {
		g.single.Nameless = g.slack.Nameless
	}
	return g
}

// PPIDFits tells whether a payload protocol identifier is M2UA's: 2, or 0, which says nothing (§8.1).
func (g *Gate) PPIDFits(ppid uint32) bool { return ppid == PPID || ppid == 0 || g.slack.AnyPPID }

func wrongPPID(ppid uint32) *xua.Error {
	why := fmt.Sprintf("message with payload protocol identifier %d", ppid)
	if ppid == PPID<<24 {
		why += ", which is 2 in the wrong order of octets; `slack any-ppid` takes it"
	}
	return &xua.Error{Why: why, Silent: true}
}

// Entry finds an interface; nil if the far end does not serve it.
func (g *Gate) Entry(id uint32, text []byte) *Entry {
	if text != nil {
		return g.byText[string(text)]
	}
	return g.byID[id]
}

// To gives the interface of a link; nil if the far end does not serve it.
func (g *Gate) To(path ss7.PathID) *Entry { return g.byPath[path] }

// Admit finds the interface of a message of class 6. If the message is refused, e says what the far end is to
// be told, if anything.
func (g *Gate) Admit(ppid uint32, b []byte) (*Entry, Refusal, *xua.Error) {
	if !g.PPIDFits(ppid) {
		return nil, WrongProtocol, wrongPPID(ppid)
	}
	id, text, ok := ReadInterface(b)
	if !ok && g.slack.Nameless && IsData(b) && g.single != nil {
		id, text, ok = g.single.ID, nil, true
		if g.single.Text != "" {
			text = []byte(g.single.Text)
		}
	}
	if !ok {
		_, e := Parse(b)
		if e == nil { // it is Data, whose grammar is checked elsewhere
			e = fault(b, xua.MissingParameter, tagID, "is not the first")
		}
		if e.Code == xua.MissingParameter {
			e.Why += g.nameless(b)
		}
		return nil, Malformed, e
	}
	entry := g.Entry(id, text)
	switch {
	case entry == nil:
		u := Interface{id, string(text)}
		return nil, UnknownInterface, &xua.Error{Code: invalidIID,
			Why: fmt.Sprintf("message of interface %v, which this ASP does not serve", u), Raw: u.append(nil), Diag: xua.Head(b)}
	case !entry.Receives && entry.Overridden:
		// The traffic of this ASP is stopped (§4.3.4.3: SHOULD): the MTP3 of the other speaks for the point.
		return nil, Overridden, &xua.Error{Code: xua.UnexpectedMessage,
			Why:  fmt.Sprintf("message of interface %v after an alternate ASP took over", entry),
			Diag: xua.Head(b), Silent: IsData(b) || IsDataAck(b)}
	case !entry.Receives: // this is no fault for Data: it may have been sent before
		return nil, NotActive, &xua.Error{Code: xua.UnexpectedMessage,
			Why:  fmt.Sprintf("message of interface %v while not active for it", entry),
			Diag: xua.Head(b), Silent: IsData(b) || IsDataAck(b)}
	}
	return entry, Taken, nil
}
