// Package gtt is global title translation without I/O: tables that say where a message goes by the digits of
// its global title (Q.714 §2.4).
//
// A Table is compiled from selectors and never changes afterwards. A new one replaces it as a whole. Each
// Selector answers for one nature of address (indicator, translation type, numbering plan, nature of address)
// and has a prefix index over its entries. The index is packed lines in order, with a static search tree above
// them. So a look-up costs the same for any shape of numbering, a million entries take less than six megabytes,
// and the garbage collector has nothing to scan. An entry leads to one of a few distinct Results. A Group
// chooses among several members.
//
// Only the counters of a published Table change. They are atomic, and outlive it.
package gtt
