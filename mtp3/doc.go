// Package mtp3 is MTP level 3 (Q.704, Q.707) without I/O.
//
// Decide is signalling message handling (Q.704 §2): discrimination, distribution
// and routing of one MSU against a routing.Table; it is pure and runs on whatever
// goroutine holds the MSU. Network is everything that has state: links and their
// activation (§12), the link test (Q.707), the state of linksets, and from these
// the Table and the state of destinations. Network is a Machine with one owner,
// the core loop.
//
// Not here yet, each with its place: changeover and changeback (§5, §6), rerouting
// (§7, §8), restart (§9), inhibiting (§10), flow control (§11), route management
// (§13). Their messages are recognised and counted in snm.go.
package mtp3
