// Package node is a running signalling point: it joins the machines, the
// transport and the command line, and is the only package that reads the clock,
// starts goroutines and takes locks for them.
//
// Who owns what:
//
//   - A link (link.go) owns one association and its M2PA machine, behind one
//     mutex that is held for as long as the machine computes and never while
//     anything waits. The goroutine that reads the association runs each batch to
//     completion: it tells the machine, lets go of the lock, decides each MSU
//     against the published view, and offers it to the link it leaves by, under
//     that link's lock (transfer.go). Sending never blocks: SCTP queues or refuses.
//   - The core (core.go) is one goroutine that owns mtp3.Network and the tester,
//     takes control events first and without bound, data for local users bounded,
//     and alone publishes the view: the routing table and the links by path.
//   - Configuration (apply.go) is serialised by one mutex. A new model is validated
//     before anything changes; carrying it out cannot fail. A port that cannot be
//     bound is a state with a reason, tried again, not a refusal, so that lines
//     may come in any order.
//
// Run to completion was chosen over a goroutine for each owner with a mailbox
// because nothing is handed over: the benchmark BenchmarkHandOver puts the two
// side by side.
package node
