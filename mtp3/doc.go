// Package mtp3 is MTP level 3 (Q.704, Q.707) without I/O.
//
// Decide is signalling message handling (Q.704 §2): discrimination, distribution and routing of
// one MSU against a routing.Table. It is pure, and runs on the goroutine that has read the MSU.
//
// Network is everything that has state. It is a machine with one owner: it is told events, with
// the time, and answers with actions. Its parts are things with methods of their own:
//
//	link         one link: activation (§12) in link.go, its test (Q.707) in linktest.go, changeover
//	             and changeback (§5, §6) in divert.go, inhibiting (§10) in inhibit.go
//	linkset      the links to one adjacent point, and that point: what a neighbour was told, and of
//	             what it is still to be told, is in neighbour.go, and goes out in the bursts of pace.go
//	destination  how it is reached, what is said of it, whether its MSUs wait: destination.go
//	server       an application server of an adaptation layer, and what the gateway behind it says:
//	             server.go, advice.go
//
// Procedures that concern several of these are in files of their own: rerouting and route
// management (§7, §8, §13) in route.go, ANSI's clusters in cluster.go, members of summaries and
// clusters that have a state of their own in dynamic.go, restart (§9) in restart.go, flow control
// (§11) in congestion.go, overload.go, timed.go and user.go, circular routes in circle.go. belief.go decides
// who is believed in whose name, by one rule for MTP3, M3UA and SCCP. lack.go says what the sender
// of a discarded MSU is told.
//
// Whatever changes state says what it has touched, and follow.go does what follows from that: the
// new Table, notes for the log, messages to the neighbours. All timers are in one agenda
// (agenda.go), each named by what it is for.
//
// Traffic that has to wait for a changeover, changeback or controlled rerouting waits in a hold,
// which is a path like any other: the Table's slots name it for as long as the procedure runs. The
// next Table, which does not name it, is put in force only when the hold has sent on what it kept.
package mtp3
