package node

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gostp/gostp/association"
	"github.com/gostp/gostp/status"
)

// transport gives the association below a link: the link's own, or that of its gateway.
func (l *level2) transport() *status.Association {
	v := l.bearer.assocView()
	return v.Snapshot()
}

// holder is the owner of an association, or of one that there should be: a link, an interface that this node offers, or
// an ASP.
type holder struct {
	*association.Keeper
	node    *Node
	linkset string // of a link
	slc     uint8
	asp     string
	title   string // for a column
}

// holders gives the owners of associations in this instance: links, interfaces offered by M2UA, ASPs of M3UA, ASPs of
// M2UA, and each kind by name.
func (n *Node) holders() []holder {
	var out, more []holder
	n.applying.Lock()
	for key, l := range n.links {
		if !l.cfg.IsM2UA() { // such a link uses its gateway's association
			out = append(out, holder{Keeper: &l.Keeper, node: n, linkset: key.linkset, slc: key.slc,
				title: fmt.Sprintf("%s %d", key.linkset, key.slc)})
		}
	}
	n.applying.Unlock()
	slices.SortFunc(out, func(a, b holder) int {
		return cmp.Or(strings.Compare(a.linkset, b.linkset), cmp.Compare(a.slc, b.slc))
	})
	for _, i := range *n.m2ua.interfaces.Load() {
		more = append(more, holder{Keeper: &i.link.Keeper, node: n, title: "interface " + i.name})
	}
	for a := range n.everyASP() {
		more = append(more, holder{Keeper: &a.Keeper, node: n, asp: a.title, title: a.topic + " ASP " + a.title})
	}
	slices.SortFunc(more, func(a, b holder) int { return strings.Compare(a.title, b.title) })
	return append(out, more...)
}

// Associations gives the associations, and those that there should be.
func (n *Node) Associations() []status.AssociationUse {
	out := []status.AssociationUse{}
	for _, k := range n.holders() {
		out = append(out, k.snapshot())
	}
	return out
}

func (k *holder) snapshot() status.AssociationUse {
	out := k.Use()
	out.Instance, out.UsedBy, out.Linkset = k.node.number, k.node.at()+k.title, k.linkset
	out.ASP = k.asp
	if k.linkset != "" {
		out.SLC = &k.slc
	}
	return out
}

// EndAssociation ends an association, and tells whether it was there.
func (n *Node) EndAssociation(id uint32, why string) bool {
	for _, k := range n.holders() {
		if v := k.View(); v.Status != nil && v.ID == id {
			return k.Abort(why)
		}
	}
	return false
}
