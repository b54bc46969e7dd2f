package node

import (
	"fmt"

	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/ss7"
)

// toUsers takes what MTP3 tells its users of a destination: congestion (ss7.Status), or
// a user part that is not there (ss7.UserPart). The shapes are told in mtp3's
// congestion.go and user.go.
func (c *core) toUsers(ev ss7.Event) {
	f := c.node.Config().Notation()
	whom := "users of this node"
	if s := c.node.view.Load().server(ev.Path); s != nil {
		whom = "AS " + s.name
	}
	if ev.Path == 0 {
		c.mtpStatus(ev)
	}
	c.node.log.Debug("mtp3", fmt.Sprintf("%v of %s, %d, for %s at %s: %s", ev.Kind, f.Format(ev.Dest.PC), ev.Arg, f.Format(ev.MSU.OPC), whom, ev.Why))
}

func (v *view) server(p ss7.PathID) *as {
	if int(p) >= len(v.servers) {
		return nil
	}
	return v.servers[p]
}

// noUserCause is the cause of a UPU about what m was for: a server has it by its key, but
// takes nothing now, or nobody has it (Q.704 §15.17.5).
func (n *Node) noUserCause(m *ss7.MSU) uint32 {
	if t := n.view.Load().table; t.Keys != nil {
		if p, _ := t.Keys.Match(m); p != 0 {
			return uint32(mtp3.InaccessibleUser)
		}
	}
	return uint32(mtp3.UnequippedUser)
}
