// Package mtp3 is MTP level 3 (Q.704, Q.707) without I/O.
//
// Decide is signalling message handling (Q.704 §2): discrimination, distribution
// and routing of one MSU against a routing.Table; it is pure and runs on whatever
// goroutine holds the MSU. Network is everything that has state: links and their
// activation (§12), the link test (Q.707), changeover and changeback (§5, §6:
// divert.go), rerouting and route management (§7, §8, §13: route.go), the restart of
// this node and of adjacent points (§9: restart.go), inhibiting (§10: inhibit.go), flow control (§11:
// congestion.go, timed.go, user.go, circle.go), and from all of these the Table. Network is a
// Machine with one owner, the core loop.
//
// Traffic that has to wait for one of these procedures waits in a hold, which is a path
// like any other: the Table's slots name it for as long as the procedure runs, and the
// next Table, which does not, is put in force only when the hold has sent on what it kept.
//
// belief.go says who is believed in whose name, by one rule for MTP3, M3UA and SCCP; lack.go what
// the sender of an MSU that was discarded is told. ANSI's clusters are in cluster.go, members of
// summaries and clusters that have a state of their own in dynamic.go.
package mtp3
