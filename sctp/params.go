package sctp

import "time"

// maxSackDelay is the longest that RFC 9260 §6.2 allows.
const maxSackDelay = 500 * time.Millisecond

// DefaultParams gives settings for signalling: an association whose far end does not answer is given up after
// about five seconds, not after the minutes of RFC 9260 §16.
func DefaultParams() Params {
	return Params{
		OutStreams: 17, InStreams: 17,
		RTOInitial: 500 * time.Millisecond, RTOMin: 200 * time.Millisecond, RTOMax: 2 * time.Second,
		Heartbeat: time.Second, SackDelay: 20 * time.Millisecond,
		InitRetrans: 8, PathRetrans: 3, AssocRetrans: 4,
		CookieLife: 60 * time.Second, RecvBuffer: 4 << 20, SendBuffer: 4 << 20,
	}
}

// or fills the zero fields of p from d.
func (p Params) or(d Params) Params {
	fill(&p.OutStreams, d.OutStreams)
	fill(&p.InStreams, d.InStreams)
	fill(&p.RTOInitial, d.RTOInitial)
	fill(&p.RTOMin, d.RTOMin)
	fill(&p.RTOMax, d.RTOMax)
	fill(&p.Heartbeat, d.Heartbeat)
	fill(&p.SackDelay, d.SackDelay)
	fill(&p.InitRetrans, d.InitRetrans)
	fill(&p.PathRetrans, d.PathRetrans)
	fill(&p.AssocRetrans, d.AssocRetrans)
	fill(&p.CookieLife, d.CookieLife)
	fill(&p.RecvBuffer, d.RecvBuffer)
	fill(&p.SendBuffer, d.SendBuffer)
	return p
}

func fill[T comparable](p *T, d T) {
	var zero T
	if *p == zero {
		*p = d
	}
}
