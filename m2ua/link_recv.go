package m2ua

import (
	"fmt"
	"time"

	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// Recv handles one message of the interface. Faults in it are counted here. The sender is told of them by the
// caller that found the interface.
func (l *Link) Recv(now time.Time, _ uint16, b []byte, out []ss7.Action) []ss7.Action {
	out = l.begin(out)
	if l.state == NoGateway {
		l.stats.Refused.Add(xua.UnexpectedMessage)
		return append(out, l.discard("a message of an interface that this end is not active for"))
	}
	if IsData(b) {
		return l.data(now, b, out)
	}
	m, e := Parse(b)
	if e != nil {
		l.stats.Refused.Add(e.Code)
		return append(out, l.discard(e.Why))
	}
	l.stats.In[m.Type&0xff]++
	switch m.Type {
	case EstablishCfm:
		return l.established(now, out)
	case ReleaseCfm:
		l.timers.Stop(tRelease)
		l.released = 0
		return out
	case ReleaseInd:
		return l.releaseInd(now, out)
	case StateCfm:
		return l.stateCfm(now, m.State, out)
	case StateInd:
		return l.stateInd(m.Event, out)
	case CongestionInd:
		if l.level != m.Congestion {
			l.level = m.Congestion
			out = append(out, l.raise(ss7.Event{Kind: ss7.Congestion, Arg: m.Congestion}))
		}
		return out
	case RetrievalCfm, RetrievalInd, RetrievalComplete:
		return l.retrieval(now, &m, out)
	case DataAck:
		return out
	}
	l.stats.Refused.Add(xua.UnexpectedMessage)
	return append(out, l.discard(Grammar[m.Type].Name+", which a gateway does not send"))
}

// data handles an MSU for MTP3. The MSU also says that the link is in service, as in Q.703 §7.3: an ASP that
// takes over gets what waited before it has asked anything.
func (l *Link) data(now time.Time, b []byte, out []ss7.Action) []ss7.Action {
	var d Data
	if e := ParseData(b, &d); e != nil {
		l.stats.Refused.Add(e.Code)
		return append(out, l.discard(e.Why))
	}
	switch {
	case l.state == InService:
		return l.accept(&d, out)
	case l.started:
		return l.accept(&d, l.inService(now, "the gateway sends data", out))
	case l.unwanted || len(l.early) >= earlyMost:
		l.stats.Refused.Add(xua.UnexpectedMessage)
		return append(out, l.discard("Data while the link is not in service"))
	}
	// MTP3 waits for T17, and will start the link.
	l.early = append(l.early, append([]byte(nil), b...))
	return out
}

// accept delivers an MSU, and acknowledges it if the MSU asks for that (§3.3.1.2: MUST).
func (l *Link) accept(d *Data, out []ss7.Action) []ss7.Action {
	l.stats.MSUsIn++
	l.stats.In[DATA&0xff]++
	l.stats.OctetsIn += uint64(len(d.PDU))
	if d.HasCorrelation {
		out = l.send(Message{Type: DataAck, Correlation: d.Correlation}, out)
	}
	out = append(out, ss7.Action{Op: ss7.Raise, Event: ss7.Event{Kind: ss7.Transfer, Path: l.path}})
	a := &out[len(out)-1]
	if err := l.cfg.Variant.ReadMSU(d.PDU, &a.Event.MSU); err != nil {
		l.stats.Refused.Add(xua.InvalidParameterValue)
		*a = l.discard(err.Error())
	}
	return out
}

func (l *Link) established(now time.Time, out []ss7.Action) []ss7.Action {
	if !l.started || l.state == InService { // MTP3 will ask when it wants the link
		return out
	}
	why := "the gateway says that the link is in service"
	if l.state == Auditing {
		why = "the link was in service when this end became active"
	}
	return l.inService(now, why, out)
}

// releaseInd handles Release Indication: the link has failed, or could not be aligned. As the answer to an
// audit it only says that the link is out of service; MTP3 still wants it then.
func (l *Link) releaseInd(now time.Time, out []ss7.Action) []ss7.Action {
	switch l.state {
	case Establishing, Preparing:
		return l.outOfService(now, "the gateway could not align the link", out)
	case InService:
		l.stats.Failures++
		return l.outOfService(now, "the gateway says that the link has failed", out)
	}
	return out
}

func (l *Link) stateCfm(now time.Time, s State, out []ss7.Action) []ss7.Action {
	switch {
	case l.state == Auditing && s == Audit:
		return l.prepare(now, out)
	case l.state == Preparing && (s == EmergencySet) == l.emergency && (s == EmergencySet || s == EmergencyClear):
		l.toldHaste = l.emergency
		return l.establish(now, out)
	}
	return out
}

// stateInd handles State Indication: an outage at either end of the link keeps MTP3 from using it.
func (l *Link) stateInd(event uint32, out []ss7.Action) []ss7.Action {
	enter := event == RemoteOutageEnter || event == LocalOutageEnter
	if enter == l.remote {
		return out
	}
	l.remote = enter
	kind, why := ss7.RemoteRecovered, ""
	if enter {
		kind, why = ss7.RemoteOutage, "processor outage at the far end of the link"
		if event == LocalOutageEnter {
			why = "processor outage at the gateway"
		}
	}
	return append(out, l.raise(ss7.Event{Kind: kind, Why: why}))
}

// retrieval handles the answers of §3.3.1.10 to §3.3.1.12.
func (l *Link) retrieval(now time.Time, m *Message, out []ss7.Action) []ss7.Action {
	switch {
	case m.Type == RetrievalCfm && m.Action == ActionBSN && l.askedBSN:
		l.askedBSN = false
		if !l.retrieving {
			l.timers.Stop(tRetrieve)
		}
		bsn := uint32(ss7.NoFSN)
		if m.Result == Success && m.HasSequence && m.Sequence < ss7.NoFSN {
			bsn = m.Sequence
		}
		return append(out, l.raise(ss7.Event{Kind: ss7.BSNT, Arg: bsn}))
	case !l.retrieving:
		l.stats.Refused.Add(xua.UnexpectedMessage)
		return append(out, l.discard(Grammar[m.Type].Name+" that was not asked for"))
	case m.Type == RetrievalCfm && m.Result == Failure:
		out = append(out, l.discard("the gateway cannot give back what waits there"))
		return l.giveUp(out)
	case m.Type == RetrievalCfm:
		return out
	}
	l.timers.Start(tRetrieve, now, l.cfg.Answer)
	if m.PDU != nil {
		msu, err := l.cfg.Variant.ParseMSU(m.PDU)
		if err != nil {
			l.stats.Refused.Add(xua.InvalidParameterValue)
			out = append(out, l.discard(fmt.Sprintf("retrieved: %v", err)))
		} else {
			l.stats.Retrieved++
			out = append(out, l.raise(ss7.Event{Kind: ss7.Retrieved, MSU: msu}))
		}
	}
	if m.Type == RetrievalComplete {
		return l.giveUp(out)
	}
	return out
}
