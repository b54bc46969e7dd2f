// Package gtt is global title translation without I/O: tables that say, for the
// digits of a global title, where a message goes (Q.714 §2.4).
//
// A Table is compiled from selectors and never changes afterwards; a new one takes
// its place whole. Each Selector answers for one nature of address (indicator,
// translation type, numbering plan, nature of address) and holds a prefix index
// over its entries: packed lines in order with a static search tree above them, so that
// a look-up costs the same for any shape of numbering, a million entries take under
// six megabytes, and the garbage collector has nothing to scan. What an entry leads to is one of a
// few distinct Results; a Group chooses among several members.
//
// The only things that change in a published Table are its counters, which are
// atomic and outlive it.
package gtt
