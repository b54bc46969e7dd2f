// Package deadline keeps the timers of a machine as data. Nothing runs and nothing is cancelled, so no stale timer can
// fire. The loop that drives the machine has one real timer, which it sets to Next.
package deadline

import (
	"math/bits"
	"time"
)

// Set holds a deadline for each of a machine's timers, numbered from 0 by the
// machine's own constants. The zero value has none running.
type Set struct {
	at      [16]time.Time
	running uint16    // a bit for each timer that runs: few do, and only these are looked through
	next    time.Time // the earliest, kept so that Next costs nothing per message
}

// Start runs timer id until now+d, replacing what it had; d of zero or less stops it.
func (s *Set) Start(id int, now time.Time, d time.Duration) {
	if d <= 0 {
		s.Stop(id)
		return
	}
	old := s.at[id]
	s.at[id] = now.Add(d)
	s.running |= 1 << id
	if s.next.IsZero() || s.at[id].Before(s.next) {
		s.next = s.at[id]
	} else if old.Equal(s.next) {
		s.refresh()
	}
}

// Stop ends timer id; it is no matter if it does not run.
func (s *Set) Stop(id int) {
	old := s.at[id]
	if old.IsZero() {
		return
	}
	s.at[id] = time.Time{}
	s.running &^= 1 << id
	if old.Equal(s.next) {
		s.refresh()
	}
}

// StopAll ends every timer.
func (s *Set) StopAll() { *s = Set{} }

// Running tells whether timer id runs.
func (s *Set) Running(id int) bool { return !s.at[id].IsZero() }

// At is when timer id ends; zero if it does not run.
func (s *Set) At(id int) time.Time { return s.at[id] }

// Expired takes one timer that ends at or before now, the lowest number first,
// stops it and gives its number; -1 if there is none.
func (s *Set) Expired(now time.Time) int {
	if s.next.IsZero() || s.next.After(now) {
		return -1
	}
	for id, t := range s.at {
		if !t.IsZero() && !t.After(now) {
			s.Stop(id)
			return id
		}
	}
	return -1
}

// Next is the earliest deadline; zero if none runs.
func (s *Set) Next() time.Time { return s.next }

func (s *Set) refresh() {
	s.next = time.Time{}
	for left := s.running; left != 0; left &= left - 1 {
		if t := s.at[bits.TrailingZeros16(left)]; s.next.IsZero() || t.Before(s.next) {
			s.next = t
		}
	}
}
