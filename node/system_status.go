package node

import "github.com/gostp/gostp/status"

// Version is what the program is, and since when it runs.
func (n *Node) Version() status.Version {
	return status.Version{Version: n.opt.Version, Hostname: n.Hostname(), Started: n.started,
		Startup: n.opt.Store.Name(), Transports: n.transports()}
}
