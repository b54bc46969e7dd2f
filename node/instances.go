package node

import (
	"fmt"
	"slices"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/exec"
)

// A node may be in several networks at once: instances. They have nothing in common but the machine, the log and the
// console. Each instance other than 0 is a Node of its own inside the one that New made, with a core, tables, links and
// counters of its own. So a neighbour in one network costs the others nothing, and the way of an MSU is the same in
// all.

// newInstance makes an instance of n and starts it.
func (n *Node) newInstance(number uint8) *Node {
	opt := n.opt
	opt.Commands = nil
	return start(opt, n.log.Labelled(fmt.Sprintf("Instance %d: ", number)), number, n.associations, n.ground)
}

// all gives this node and the instances within it, in the order of their numbers.
func (n *Node) all() []*Node {
	out := []*Node{n}
	if others := n.others.Load(); others != nil {
		out = append(out, *others...)
	}
	return out
}

// Instances gives all instances to commands.
func (n *Node) Instances() (out []exec.Node) {
	for _, i := range n.all() {
		out = append(out, i)
	}
	return out
}

// Number is the number of the instance.
func (n *Node) Number() uint8 { return n.number }

// instance finds an instance by its number; nil: nothing is configured for it.
func (n *Node) instance(number uint8) *Node {
	for _, i := range n.all() {
		if i.number == number {
			return i
		}
	}
	return nil
}

// applyInstances starts and stops instances, and carries out what differs in each. The caller holds applying.
func (n *Node) applyInstances(next *configs.System) {
	var others, over []*Node
	for _, i := range n.all()[1:] {
		if next.Instance(i.number) == nil {
			over = append(over, i)
		} else {
			others = append(others, i)
		}
	}
	for _, c := range next.Instances {
		if n.instance(c.Number) == nil {
			others = append(others, n.newInstance(c.Number))
		}
	}
	slices.SortFunc(others, func(a, b *Node) int { return int(a.number) - int(b.number) })
	n.others.Store(&others)
	for _, i := range others {
		i.applying.Lock()
		i.carryOut(next.Instance(i.number))
		i.applying.Unlock()
	}
	n.applyAliases(next)
	for _, i := range over {
		i.Close()
	}
}

// at says in which instance something is, unless that is instance 0.
func (n *Node) at() string {
	if n.number == 0 {
		return ""
	}
	return fmt.Sprintf("instance %d ", n.number)
}
