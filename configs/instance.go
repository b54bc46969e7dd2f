package configs

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/gostp/gostp/cli"
)

// MaxInstances is how many networks a node can be in, numbered from 0.
const MaxInstances = 8

// instance is the number of an instance, which is a cli.Part. Its value is a uint64.
type instance struct{}

// Hint implements cli.Type.
func (instance) Hint() string { return "<0-7>" }

// Parse implements cli.Type.
func (instance) Parse(_ any, word string) (any, error) {
	n, err := strconv.ParseUint(word, 10, 8)
	if err != nil || n >= MaxInstances {
		return nil, fmt.Errorf("%q is not an instance: they are numbered 0 to %d", word, MaxInstances-1)
	}
	return n, nil
}

// Format implements cli.Type.
func (instance) Format(_ any, v any) string { return fmt.Sprint(v) }

// Of implements cli.Part.
func (instance) Of(root any, v any, make bool) any {
	s, ok := root.(*System)
	if !ok {
		return nil
	}
	n := uint8(v.(uint64))
	if i := s.Instance(n); i != nil {
		return i
	}
	if !make {
		return nil
	}
	i := &System{Number: n, whole: s}
	s.Instances = append(s.Instances, i)
	slices.SortFunc(s.Instances, func(a, b *System) int { return int(a.Number) - int(b.Number) })
	return i
}

// Through implements cli.Lens.
func (i instance) Through(env any, v any) any { return i.Of(env, v, false) }

// otherInstance is the number of an instance whose code follows. Its value is a uint64.
type otherInstance struct{ instance }

// Parse implements cli.Type.
func (o otherInstance) Parse(env any, word string) (any, error) {
	n, err := o.instance.Parse(env, word)
	if err == nil && o.Through(env, n) == nil {
		return nil, fmt.Errorf("nothing is configured for instance %v: its `variant` and `point-code` come first, so that "+
			"its codes can be read", n)
	}
	return n, err
}

// Through implements cli.Lens.
func (otherInstance) Through(env any, v any) any {
	n, _ := v.(uint64)
	if x, ok := v.(uint8); ok {
		n = uint64(x)
	}
	if i := system(env).node().Instance(uint8(n)); i != nil {
		return i
	}
	return nil
}

// Of hides instance.Of, so that an otherInstance is no cli.Part: the line is not about the other instance.
func (otherInstance) Of() {}

var (
	_ cli.Part = instance{}
	_ cli.Lens = otherInstance{}
)

// Instance gives the instance of a number; nil if nothing is configured for it.
func (s *System) Instance(n uint8) *System {
	if n == 0 {
		return s
	}
	for _, i := range s.Instances {
		if i.Number == n {
			return i
		}
	}
	return nil
}

// node is the node that an instance is in.
func (s *System) node() *System {
	if s.whole != nil {
		return s.whole
	}
	return s
}

// dropInstance takes an instance away with all that is in it.
func dropInstance(obj any, _ cli.Args) error {
	i := obj.(*System)
	if i.whole == nil {
		return errors.New("instance 0 is the node's own and stays; take its lines away one by one")
	}
	i.whole.Instances = slices.DeleteFunc(i.whole.Instances, func(x *System) bool { return x == i })
	return nil
}

// cs7Words stand in front of what belongs to an instance.
var cs7Words = []cli.Elem{
	cli.Kw("cs7", "Signalling System No. 7"),
	cli.Opt(cli.Kw("instance", "One of several networks in this node (cs7 multi-instance)"),
		cli.Arg("instance", instance{}, "Instance number; 0 is the one that is meant without")),
}

// CS7 puts the words of `cs7`, with or without an instance, in front of a syntax.
func CS7(e ...cli.Elem) cli.Elem {
	return cli.Seq(append(slices.Clone(cs7Words), e...)...)
}

// AnyCS7 is CS7 for what can be said of all instances.
func AnyCS7(e ...cli.Elem) cli.Elem {
	which := cs7Words[1].Parts()
	instances := cli.Opt(which[0], cli.Alt(cli.Flag("every", "all", "Every instance"), which[1]))
	return cli.Seq(append([]cli.Elem{cs7Words[0], instances}, e...)...)
}

// wholeNode puts `cs7` in front of a line that is about the node and not about one of its instances.
func wholeNode(e ...cli.Elem) cli.Elem { return cli.Seq(append([]cli.Elem{cs7Words[0]}, e...)...) }

var multiInstance = cli.Field[System](wholeNode(cli.Flag("multi-instance", "multi-instance",
	"Several networks in this node: `cs7 instance N ...`")))

var networkName = cli.Field[System](CS7(cli.Kw("network-name", "A name for the network of this instance"),
	cli.Arg("network-name", cli.Word(19), "Name, at most 19 characters")))

// multiRules: there are other instances only where a line says that there may be.
func (s *System) multiRules(f *findings) {
	if s.whole != nil && !s.whole.Multi {
		f.bad(s, "", "this node has instance 0 alone until `cs7 multi-instance` is configured")
	}
}

// sharedPortRules: no two instances have the same port at the same address.
func (s *System) sharedPortRules(f *findings) {
	s.rivals(func(mine, theirs *LocalPeer, other uint8) {
		var both []*LocalIP
		for _, a := range mine.IPs {
			if slices.ContainsFunc(theirs.IPs, func(b *LocalIP) bool { return a.IP == b.IP }) {
				both = append(both, a)
			}
		}
		for _, a := range both {
			at := any(a)
			if m, ok := s.ownerOf(mine.Port).(*M3UA); ok && len(both) == len(m.IPs) {
				at = m // without any address it would be at every one
			}
			f.bad(at, "", "port %d of %s belongs to instance %d already; a port is of one instance", mine.Port, a.IP,
				other)
		}
	})
}

// everywhereCautions: of a port that is at every address, another instance has the number, too.
func (s *System) everywhereCautions(f *findings) {
	s.rivals(func(mine, theirs *LocalPeer, other uint8) {
		if mine.Anywhere || theirs.Anywhere {
			f.lacks(s.ownerOf(mine.Port), fmt.Sprintf("m3ua %d", mine.Port), "instance %d has port %d too, and one "+
				"of the two is at every address, so that one cannot be bound; give each a local-ip", other, mine.Port)
		}
	})
}

// rivals calls f with each port whose number an earlier instance has, too, at whatever addresses: the
// port here, the port there, and the number of that instance.
func (s *System) rivals(f func(mine, theirs *LocalPeer, other uint8)) {
	for _, i := range s.node().every() {
		if i == s {
			return
		}
		for _, theirs := range i.Ports() {
			if mine := s.Port(theirs.Port); mine != nil {
				f(mine, theirs, i.Number)
			}
		}
	}
}

// ownerOf gives the object of the model that configures a local port.
func (s *System) ownerOf(port uint16) any {
	if p := s.LocalPeer(port); p != nil {
		return p
	}
	if p := s.M2UAPort(port); p != nil {
		return p
	}
	for _, m := range s.M3UAs {
		if m.Port == port {
			return m
		}
	}
	for _, a := range s.ASPs {
		if a.LocalPort == port && len(a.LocalIPs) > 0 {
			return a
		}
	}
	return nil
}
