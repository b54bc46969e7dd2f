package node

import (
	"iter"
	"sync/atomic"

	"github.com/gostp/gostp/association"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/ss7"
)

// layerMember is an ASP of any layer.
type layerMember interface{ shared() *xuaASP }

// layerASP is an ASP of one layer: *m3uaASP or *m2uaASP.
type layerASP interface {
	comparable
	layerMember
	// ppidFor is the payload protocol identifier as an ASP with this configuration writes it.
	ppidFor(*configs.ASP) uint32
}

// xuaASPs are the ASPs of a layer.
type xuaASPs[A layerASP] struct {
	asps   map[ss7.PathID]A    // guarded by the layer's mu
	byPath atomic.Pointer[[]A] // the same by PathID, for data; the zero A: the ASP is gone. The slice is never changed
}

func (x *xuaASPs[A]) init() {
	x.asps = map[ss7.PathID]A{}
	x.byPath.Store(new([]A))
}

// asp finds the ASP of a path; nil: it is gone.
func (x *xuaASPs[A]) asp(p ss7.PathID) (a A) {
	if all := *x.byPath.Load(); int(p) < len(all) {
		return all[p]
	}
	return a
}

// all gives the ASPs of this moment, without a lock.
func (x *xuaASPs[A]) all() iter.Seq[A] {
	return func(yield func(A) bool) {
		var none A
		for _, a := range *x.byPath.Load() {
			if a != none && !yield(a) {
				return
			}
		}
	}
}

// everyASP gives the part of all ASPs of this moment that layers have in common, without a lock.
func (x *xuaASPs[A]) everyASP() iter.Seq[*xuaASP] {
	return func(yield func(*xuaASP) bool) {
		for a := range x.all() {
			if !yield(a.shared()) {
				return
			}
		}
	}
}

// index makes byPath anew. The caller holds mu.
func (x *xuaASPs[A]) index() {
	var all []A
	for p, a := range x.asps {
		if need := int(p) + 1 - len(all); need > 0 {
			all = append(all, make([]A, need)...)
		}
		all[p] = a
	}
	x.byPath.Store(&all)
}

// forget implements xuaOwner.
func (x *xuaASPs[A]) forget(p ss7.PathID) {
	delete(x.asps, p)
	x.index()
}

// aspAt implements xuaOwner.
func (x *xuaASPs[A]) aspAt(p ss7.PathID) *xuaASP {
	if a, ok := x.asps[p]; ok {
		return a.shared()
	}
	return nil
}

// eachASP implements xuaOwner.
func (x *xuaASPs[A]) eachASP(f func(*xuaASP)) {
	for _, a := range x.asps {
		f(a.shared())
	}
}

// change is what a configuration changes among the ASPs of a layer.
type change[A layerASP] struct {
	paths map[string]ss7.PathID // the paths of the ASPs that are configured, by name
	fresh []A                   // ASPs that are new
	gone  []A                   // ASPs that are taken out; one that needs another association is fresh and gone
}

// change makes the ASPs those of confs; those that stay are not disturbed. restarted are ports whose associations
// start anew. build makes an ASP, and leave takes leave of one.
func (x *xuaASPs[A]) change(next *configs.System, confs []*configs.ASP, restarted map[uint16]string,
	build func(c *configs.ASP, at association.Ends, how association.Settings) A,
	leave func(a A, why string)) (c change[A]) {
	old := map[string]A{}
	for a := range x.all() {
		if s := a.shared(); s.Stranger == "" && s.Lasting() {
			old[s.title] = a
		}
	}
	c.paths = map[string]ss7.PathID{}
	for _, conf := range confs {
		at, how := aspEnds(conf), aspSettings(next, conf)
		a, was := old[conf.Name]
		delete(old, conf.Name)
		var why error
		if was {
			why = a.shared().needsAnew(conf, at, restarted)
		}
		if was && why == nil {
			a.shared().reconfigure(*conf, a.ppidFor(conf), how)
			c.paths[conf.Name] = a.shared().id
			continue
		}
		b := build(conf, at, how)
		if was {
			leave(a, why.Error())
			c.gone = append(c.gone, a)
			b.shared().Inherit(&a.shared().Keeper)
		}
		c.fresh = append(c.fresh, b)
		c.paths[conf.Name] = b.shared().id
	}
	for _, a := range old {
		leave(a, "the ASP was taken out of the configuration")
		c.gone = append(c.gone, a)
	}
	return c
}

// carryOut puts a change in force. leaving tells whether an ASP that is taken out is a gateway whose answer is awaited:
// it stays until then. The caller holds mu.
func (x *xuaASPs[A]) carryOut(c change[A], leaving func(ss7.PathID) bool) {
	for _, a := range c.gone {
		if id := a.shared().id; !leaving(id) {
			delete(x.asps, id)
		}
	}
	for _, a := range c.fresh {
		x.asps[a.shared().id] = a
	}
	x.index()
}

// launch runs the new ASPs.
func (c change[A]) launch() {
	for _, a := range c.fresh {
		a.shared().launch()
	}
}
