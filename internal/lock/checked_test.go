//go:build lockrank && (amd64 || arm64)

package lock

import (
	"strings"
	"testing"
)

// wrong runs f, and gives what the check said; empty: nothing.
func wrong(f func()) (said string) {
	defer func() {
		if r := recover(); r != nil {
			said = r.(string)
		}
	}()
	f()
	return ""
}

func TestOrderIsChecked(t *testing.T) {
	var outer Mutex[Applying]
	var inner Mutex[Tasks]
	outer.Lock()
	inner.Lock()
	inner.Unlock()
	outer.Unlock()

	inner.Lock()
	if said := wrong(outer.Lock); !strings.Contains(said, "Applying is taken by a goroutine that holds Tasks") {
		t.Errorf("against the order: %q", said)
	}
	inner.Unlock()

	var other Mutex[Tasks]
	inner.Lock()
	if wrong(other.Lock) == "" {
		t.Error("two of one rank pass")
	}
	if wrong(inner.Lock) == "" {
		t.Error("the same lock twice passes")
	}
	inner.Unlock()

	var one, two Mutex[Hold]
	one.Lock()
	two.Lock() // holds have an order among themselves
	if wrong(one.Lock) == "" {
		t.Error("the same hold twice passes")
	}
	one.Unlock()
	two.Unlock()

	var link Varied
	Give[Link](&link)
	inner.Lock()
	if wrong(link.Lock) == "" {
		t.Error("a lock that got its rank from Give passes against the order")
	}
	inner.Unlock()
}

// Each lock that is held counts, and not the last one alone; and it counts until it is given back, whatever the order
// in which that happens.
func TestAllThatIsHeldCounts(t *testing.T) {
	var outer Mutex[Applying]
	var middle Mutex[Hold]
	var inner Mutex[Tasks]
	inner.Lock()
	if !outer.TryLock() {
		t.Fatal("a free lock cannot be tried")
	}
	if said := wrong(middle.Lock); !strings.Contains(said, "holds Tasks") {
		t.Errorf("the first of two locks is forgotten: %q", said)
	}
	outer.Unlock()
	inner.Unlock()

	outer.Lock()
	inner.Lock()
	outer.Unlock()
	if said := wrong(middle.Lock); !strings.Contains(said, "holds Tasks") {
		t.Errorf("another lock than the one given back is forgotten: %q", said)
	}
	inner.Unlock()
}

func TestRankIsNeeded(t *testing.T) {
	type nowhere struct{}
	var m Mutex[nowhere]
	if said := wrong(m.Lock); !strings.Contains(said, "has no rank") {
		t.Errorf("a lock that is not in Order: %q", said)
	}
	var v Varied
	if wrong(v.Lock) == "" {
		t.Error("a lock that got no rank passes")
	}
	Give[Link](&v)
	v.Lock()
	v.Unlock()
}

func TestReadersKeepTheOrder(t *testing.T) {
	var w RWMutex[Wire]
	var s Mutex[SCTPAssociation]
	w.RLock()
	if wrong(s.Lock) == "" {
		t.Error("a reader takes an outer lock")
	}
	w.RUnlock()
	var inner Mutex[DatagramSend]
	inner.Lock()
	if wrong(w.RLock) == "" {
		t.Error("a lock is taken for reading against the order")
	}
	inner.Unlock()
	if !s.TryLock() {
		t.Fatal("a free lock cannot be tried")
	}
	w.Lock()
	w.Unlock()
	s.Unlock()
}

// A goroutine that holds nothing is forgotten, and what others hold is nothing to it.
func TestGoroutinesAreApart(t *testing.T) {
	var inner Mutex[Tasks]
	var outer Mutex[Applying]
	inner.Lock()
	done := make(chan string)
	go func() {
		done <- wrong(func() {
			outer.Lock()
			outer.Unlock()
		})
	}()
	if said := <-done; said != "" {
		t.Error(said)
	}
	inner.Unlock()
	for i := range all {
		if n := len(all[i].by); n > 0 {
			t.Errorf("%d goroutines are remembered", n)
		}
	}
}
