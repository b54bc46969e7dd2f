package mtp3

import (
	"math/rand"
	"testing"
	"time"

	"github.com/gostp/gostp/ss7"
)

// Whatever neighbours and gateways say in whatever order, while links and servers come and go:
// the table in force is that of the state, and every neighbour is told what it must know (see
// bench.inForce).
func TestWhatFollowsFromAnything(t *testing.T) {
	for _, v := range []*ss7.Variant{ss7.ITU, ss7.ANSI} {
		t.Run(v.Name, func(t *testing.T) {
			for seed := range int64(20) {
				s := newMaze(t, v, seed)
				for range 150 {
					s.anything()
					if t.Failed() {
						t.Fatalf("seed %d", seed)
					}
				}
			}
		})
	}
}

// maze is a node with three neighbours, a gateway, and routes of every length to codes of which
// there are few, so that all of them overlap.
type maze struct {
	*star
	r    *rand.Rand
	cfg  Config
	down map[ss7.PathID]bool
}

const gatewayPath = 9

func newMaze(t *testing.T, v *ss7.Variant, seed int64) *maze {
	m := &maze{r: rand.New(rand.NewSource(seed)), down: map[ss7.PathID]bool{}}
	m.star = &star{&bench{Network: NewNetwork(), t: t, now: time.Unix(0, 0)}}
	m.cfg = Config{Variant: v, NI: ss7.International, Own: []ss7.PC{1}, SLTT1: DefaultSLTT1, SLTT2: 1e6 * time.Hour,
		TFR: seed%2 == 0, MaxDynamic: 20, Exception: seed%5 == 0,
		Servers: []ServerConfig{{Name: "AS", Path: gatewayPath, Points: []ss7.PC{0x301, 0x777}}}}
	for i, name := range []string{"B", "C", "D"} {
		l := LinksetConfig{Name: name, Adjacent: ss7.PC(2 + i), Links: []LinkConfig{{Path: ss7.PathID(i + 1)}}}
		m.cfg.Linksets = append(m.cfg.Linksets, l)
	}
	m.routes()
	m.Configure(m.now, m.cfg, nil)
	for p := range ss7.PathID(3) {
		m.up(p + 1)
	}
	return m
}

// code is one of few: of two clusters, and some are the neighbours' own.
func (m *maze) code() ss7.PC {
	if m.r.Intn(8) == 0 {
		return ss7.PC(2 + m.r.Intn(3))
	}
	return ss7.PC(0x300 + 0x100*m.r.Intn(2) + m.r.Intn(4))
}

func (m *maze) routes() {
	bits := m.cfg.Variant.Bits()
	m.cfg.Routes = nil
	for range 12 {
		r := ss7.Range{PC: m.code(), Len: bits}
		switch m.r.Intn(4) {
		case 0:
			r = ss7.Range{PC: r.PC &^ 0xff, Len: bits - 8}
		case 1:
			r = ss7.Range{}
		}
		by := []string{"B", "C", "D", "AS"}[m.r.Intn(4)]
		m.cfg.Routes = append(m.cfg.Routes, RouteConfig{r, by, uint8(2 + m.r.Intn(2))})
	}
}

// anything lets one thing happen.
func (m *maze) anything() {
	p := ss7.PathID(1 + m.r.Intn(3))
	switch m.r.Intn(16) {
	case 0:
		m.tick(time.Duration(m.r.Intn(3000)) * time.Millisecond)
	case 1:
		m.tick(time.Minute)
	case 2:
		if m.down[p] = !m.down[p]; m.down[p] {
			m.do(ss7.OutOfService, p, "pulled")
			break
		}
		m.tick(2 * time.Second) // T17
		m.up(p)
	case 3:
		m.do([]ss7.Kind{ss7.InService, ss7.OutOfService}[m.r.Intn(2)], gatewayPath, "")
	case 4:
		kind := []ss7.Kind{ss7.Pause, ss7.Resume, ss7.Restricted}[m.r.Intn(3)]
		about := ss7.Range{PC: m.code() &^ 1, Len: m.cfg.Variant.Bits() - uint8(m.r.Intn(2))}
		m.Do(m.now, ss7.Event{Kind: kind, Path: gatewayPath, Dest: about}, nil)
	case 5:
		if m.r.Intn(4) == 0 {
			m.routes()
		}
		m.cfg.TFR = m.cfg.TFR != (m.r.Intn(8) == 0)
		m.Configure(m.now, m.cfg, nil)
		m.inForce("Configure")
	case 6:
		for range 5 {
			if ev := m.says(p); Gathers(&ev.MSU) {
				m.Hear(m.now, ev, nil)
			}
		}
		m.Heard(m.now, nil)
		m.inForce("Heard")
	case 7:
		m.from(p, Management{Heading: []Heading{RST, RSR, TRA}[m.r.Intn(3)], PC: m.code()})
	case 8:
		m.SetInhibit(m.now, "B", 0, m.r.Intn(2) == 0, nil)
		m.from(1, Management{Heading: LIA})
		m.from(1, Management{Heading: LUA})
	case 9:
		ev := ss7.Event{Kind: ss7.Discard, Path: p, MSU: m.says(p).MSU}
		ev.MSU.DPC, ev.MSU.OPC = ev.MSU.OPC, ev.MSU.DPC
		m.Do(m.now, ev, nil)
	default:
		m.Do(m.now, m.says(p), nil)
	}
}

// says is what a neighbour says of some code, or in ANSI of a cluster.
func (m *maze) says(p ss7.PathID) ss7.Event {
	h := []Heading{TFP, TFP, TFA, TFA, TFR}[m.r.Intn(5)]
	if m.cfg.Variant == ss7.ANSI && m.r.Intn(4) == 0 {
		h = asCluster[h]
	}
	msu := ss7.MSU{DPC: 1, OPC: m.links[p].set.cfg.Adjacent, SI: ss7.SNM}
	msu.Payload = AppendManagement(nil, m.cfg.Variant, Management{Heading: h, PC: m.code()})
	return ss7.Event{Kind: ss7.Transfer, Path: p, MSU: msu}
}
