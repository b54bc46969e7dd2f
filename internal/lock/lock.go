// Package lock has the mutexes of the house, and the order in which they are taken.
//
// Each lock has a rank: its place in Order, the outermost first. A goroutine that holds a lock takes only locks that
// stand further down. So no two goroutines can wait for each other. A rank is a type, and a lock names it:
//
//	mu lock.Mutex[lock.Inbox]
//
// A build with the tag lockrank checks the order each time that a lock is taken, and panics with both places. The
// tests of .ci/run are built so. In any other build a Mutex is a sync.Mutex and costs nothing more.
package lock

import "reflect"

// Rank is a place in Order.
type Rank struct {
	of    reflect.Type
	group bool // several of this rank may be held at once
}

func (r Rank) String() string { return r.of.Name() }

func rank[R any]() Rank { return Rank{of: reflect.TypeFor[R]()} }

// each is the rank of locks of which a goroutine may hold several at once. Whoever takes several must have an order
// of its own among them; the table says which.
func each[R any]() Rank { return Rank{reflect.TypeFor[R](), true} }
