//go:build !(lockrank && (amd64 || arm64))

package lock

import "sync"

// Mutex is a sync.Mutex that has the rank R.
type Mutex[R any] struct{ sync.Mutex }

// RWMutex is a sync.RWMutex that has the rank R.
type RWMutex[R any] struct{ sync.RWMutex }

// Varied is a sync.Mutex that gets its rank from Give, before its first use.
type Varied struct{ sync.Mutex }

// Give gives a lock its rank.
func Give[R any](*Varied) {}
