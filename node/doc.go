// Package node is a running signalling point: it joins the machines, the transport and the command line, and
// is the package that reads the clock, starts goroutines and takes locks for them.
//
// # Goroutines, and what they hand to each other
//
// Each instance (instances.go) is a Node with all of these:
//
//	association --> reader -- MSUs: offer --------------> link, AS, crossing or hold --> association
//	                reader -- MSUs: inbox --------------> core, for its own user parts
//	                reader -- MSUs: inbox --------------> guest
//	                reader -- what happened: tasks -----> core
//	                reader -- MSUs that ended: hints ---> core
//
//	                core ---- tables: publish ----------> view, which every reader loads
//	                core ---- MSUs: route; tell --------> link
//	                core ---- destinations: run --------> M3UA's layer --> ASPs
//	                core ---- destinations: tasks ------> guest
//	                core ---- what a point is: tasks ---> core of another instance
//
//	                guest --- MSUs: route --------------> link, AS, crossing or hold
//
//	console --------------- questions: ask -------------> core, guest
//	console --> Apply ----- configuration: ask, tasks --> core, guest
//	timer ----------------- it is time -----------------> link, layer, core, guest
//
// Who they are:
//
//   - A reader (association.Keeper) serves one association, with the machine of its link or ASP (level2.go,
//     xua_loop.go) behind one mutex. It runs each batch to completion: it tells the machine, lets go of the lock,
//     decides each MSU by the view, and offers it to the outlet that the MSU leaves by, under that outlet's lock
//     (transfer.go). It asks nobody and waits for nobody: SCTP queues what is sent, or refuses it.
//   - The core (core.go) owns mtp3.Network and the resident user parts: MTP3's management, SCCP's management
//     and the testing user part (parts.go). It takes tasks first, which have no bound, because state must not
//     be lost (tasks.go); then MSUs, which are bounded for each linkset (inbox.go); then hints of MSUs that
//     went no further, which may be lost. What its machines answer it carries out after each of them
//     (perform). It alone makes another view, and puts it in force by publish (hold.go), which returns when
//     no reader routes by the older one.
//   - A guest (guest.go) is a user part with a package of its own (package userpart). It has tasks and an
//     inbox as the core has, and a loop.
//   - Whoever changes the configuration (apply.go) holds applying meanwhile. A new model is validated before
//     anything changes; carrying it out cannot fail. A port that cannot be bound is a state with a reason,
//     tried again, not a refusal, so that lines may come in any order.
//   - A timer (package loop) tells a machine the time on a goroutine of its own, under the same lock as the
//     reader; that of the core and of a guest only rouses them.
//   - Beside these, few goroutines do one thing each: a local port accepts and binds, a desk hears what a new
//     association says first, and an association that is to be made is dialled (package association);
//     utilization is measured (link_measure.go).
//
// # Who may call whom
//
// The core tells links, ASes and guests, under their locks or by their tasks, and never waits for one of them
// but in publish, for readers. Readers, timers and links reach the core by its tasks, inbox and hints, and
// never wait for it: ask is for consoles and for Apply, who must hold no lock that the core or a reader takes.
// The cores of two instances only have each other do things (do), never ask. Node's fields are in groups by
// what a goroutine needs to touch them (node.go); what the core owns is touched by its tasks alone.
//
// Run to completion was chosen over a goroutine for each owner with a mailbox because nothing is handed over:
// the benchmark BenchmarkHandOver puts the two side by side.
package node
