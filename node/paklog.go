package node

import (
	"errors"
	"fmt"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/internal/paklog"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/status"
)

// tapped copies MSUs that are about to be routed, if MSUs are copied.
func (n *Node) tapped(now time.Time, msus ...*ss7.MSU) {
	if t := n.tap.Load(); t != nil {
		t.Copy(now, msus...)
	}
}

// applyPaklog puts the lists and the receiver of sys in force. The caller holds applying of instance 0.
func (n *Node) applyPaklog(sys *configs.System) {
	p := n.paklog
	if p == nil {
		return
	}
	if to := sys.Receiver(); to != p.To || sys.Name() != p.Host {
		n.stopPaklog()
		if to.IsValid() {
			_ = n.startPaklog(sys, p.List) // an error is in the log
			return
		}
		n.log.Add("CS7MTP3", 5, "PAKLOG", "No more MSUs are copied: no receiver is configured")
	}
	n.setTaps(sys)
}

// startPaklog begins to copy the MSUs that a list permits. The caller holds applying of instance 0.
func (n *Node) startPaklog(sys *configs.System, list uint16) (err error) {
	n.paklog, err = paklog.Start(paklog.Target{List: list, To: sys.Receiver(), Host: sys.Name()})
	if err != nil {
		n.log.Add("CS7MTP3", 4, "PAKLOG", "MSUs are not copied: "+err.Error())
	}
	n.setTaps(sys)
	return err
}

// stopPaklog stops copying. The caller holds applying of instance 0.
func (n *Node) stopPaklog() {
	if n.paklog != nil {
		n.paklog.Close()
		n.paklog = nil
		n.setTaps(n.Config())
	}
}

// setTaps tells every instance what to copy.
func (n *Node) setTaps(sys *configs.System) {
	for _, i := range n.all() {
		own := sys.Instance(i.number)
		if n.paklog == nil || own == nil {
			i.tap.Store(nil)
			continue
		}
		i.tap.Store(n.paklog.Tap(own, i.tap.Load()))
	}
}

// StartPaklog copies the MSUs that an access list permits to the receiver of `cs7 paklog`.
func (n *Node) StartPaklog(list uint16) error {
	n.applying.Lock()
	defer n.applying.Unlock()
	n.stopPaklog()
	sys := n.Config()
	if !sys.Receiver().IsValid() {
		return errors.New("no receiver is configured: `cs7 paklog ADDRESS dest-port PORT` names one")
	}
	if !sys.HasAccessList(list) {
		return fmt.Errorf("access-list %d is empty: `access-list %d permit all` takes every MSU", list, list)
	}
	return n.startPaklog(sys, list)
}

// StopPaklog stops copying, and tells whether MSUs were copied.
func (n *Node) StopPaklog() (was bool) {
	n.applying.Lock()
	defer n.applying.Unlock()
	was = n.paklog != nil
	n.stopPaklog()
	return was
}

// AccessLists gives the access lists of all instances, and what became of copies.
func (n *Node) AccessLists() status.AccessLists {
	n.applying.Lock()
	defer n.applying.Unlock()
	out := status.AccessLists{Instances: len(n.all()), Lists: []status.AccessList{}}
	sys := n.Config()
	for _, i := range n.all() {
		if own := sys.Instance(i.number); own != nil {
			out.Lists = append(out.Lists, i.accessLists(own)...)
		}
	}
	if p := n.paklog; p != nil {
		c := p.Counts()
		out.Copies = &status.Copies{List: p.List, To: p.To.String(), Sent: c.Sent, LetGo: c.LetGo, Failed: c.Failed,
			Reason: c.LastWhy}
	}
	return out
}

// accessLists gives the lists of this instance, whose configuration is own.
func (n *Node) accessLists(own *configs.System) (out []status.AccessList) {
	t := n.tap.Load()
	for _, e := range own.Lists() {
		if k := len(out); k == 0 || out[k-1].Number != e.List {
			out = append(out, status.AccessList{Number: e.List, Instance: n.number})
		}
		x := status.AccessEntry{Text: e.Text(own)}
		if hits, ok := t.Hits(e); ok {
			x.Matches = &hits
		}
		last := &out[len(out)-1]
		last.Entries = append(last.Entries, x)
	}
	return out
}
