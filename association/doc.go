// Package association has the associations of a node: the ports at which they begin, whose they are, and who keeps
// them.
//
// A Keeper keeps one association for its Owner, a link or an ASP. It dials, or waits to be dialled, reads until the
// association ends, and begins again. A Port accepts the associations that far ends set up. Whose such an association
// is admit.go decides, by the addresses at which the far end has proved to be. Where these do not tell, the association
// waits in the lobby of its port, and a desk hears who the far end says it is.
//
// Of MSUs and of what links and ASPs are this package knows nothing. Node is all that it needs of the node.
package association
