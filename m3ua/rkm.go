package m3ua

import (
	"fmt"
	"slices"
	"time"

	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// Policy says what a far end may register (RFC 4666 §4.4).
type Policy uint8

// The policies.
const (
	NoRegistration Policy = iota // REG REQ is an unsupported class
	Configured                   // only keys that are configured
	InRanges                     // new keys too, for destinations within what it is allowed
	AnyKey                       // new keys too, for any destination that belongs to nobody else
)

var policyNames = [...]string{"off", "configured keys only", "allowed ranges", "any"}

func (p Policy) String() string { return policyNames[p] }

// RegStatus is a registration status (§3.6.2).
type RegStatus uint32

// The registration statuses.
const (
	RegOK RegStatus = iota
	RegUnknown
	RegInvalidDPC
	RegInvalidNA
	RegInvalidKey
	RegPermissionDenied
	RegNotUnique
	RegNotProvisioned
	RegNoResources
	RegUnsupportedField
	RegBadTrafficMode
	RegChangeRefused
	RegAlready
)

var regNames = [...]string{"successfully registered", "unknown error", "invalid DPC", "invalid network appearance",
	"invalid routing key", "permission denied", "cannot support unique routing",
	"routing key not currently provisioned", "insufficient resources",
	"unsupported RK parameter field",
	"unsupported or invalid traffic mode", "routing key change refused", "routing key already registered"}

func (s RegStatus) String() string {
	if int(s) < len(regNames) {
		return regNames[s]
	}
	return fmt.Sprintf("registration status %d", uint32(s))
}

// These are the deregistration statuses (§3.6.4).
const (
	deregOK            = 0
	deregInvalidRC     = 2
	deregDenied        = 3
	deregNotRegistered = 4
	deregActive        = 5
)

func (l *Layer) recvRKM(now time.Time, p *farEnd, m xua.Message, b []byte, out []ss7.Action) []ss7.Action {
	var e *xua.Error
	switch m.Type {
	case REGRsp, DEREGRsp:
		return l.recvResults(now, p, m, b, out)
	case REGReq, DEREGReq:
		switch {
		case p.cfg.Role == xua.RoleASP:
			e = &xua.Error{Code: xua.UnexpectedMessage, Why: m.Name + ", which a gateway does not send"}
		case p.cfg.Policy == NoRegistration: // §4.4.1
			e = &xua.Error{Code: xua.UnsupportedClass, Why: m.Name + ": registration is off", Diag: xua.Head(b)}
		case !l.x.Up(p.cfg.Path):
			e = &xua.Error{Code: xua.UnexpectedMessage, Why: m.Name + " before ASPUP"}
		}
	}
	if e != nil {
		return l.x.Refuse(now, p.cfg.Path, e, out)
	}
	if !p.regs.Take(now, 1) {
		p.stats.RegistrationsSpared++
		return out
	}
	if m.Type == DEREGReq {
		return l.recvDereg(now, p, m, out)
	}
	regs, e := ParseRegistrations(m, l.cfg.Networks[p.cfg.Network].Variant.Bits())
	if e != nil {
		e.Diag = xua.Head(b)
		return l.x.Refuse(now, p.cfg.Path, e, out)
	}
	results := make([]Result, len(regs))
	var joined []ss7.PathID
	for i := range regs {
		r := &regs[i]
		as, status, why := l.place(now, p, r)
		results[i] = Result{LocalID: r.LocalID, Status: uint32(status)}
		if as != nil && (status == RegOK || status == RegAlready) {
			results[i].RC = as.ID
		}
		if as != nil && (status == RegOK || status == RegAlready) {
			l.x.TakeMode(as.Path, xua.Mode(r.Mode))
		}
		if status == RegOK {
			joined = append(joined, as.Path)
			// At once, so that the next key of the message sees it. Its NTFY waits.
			out = l.x.Register(now, p.cfg.Path, as.Path, out)
		} else {
			out = append(out, ss7.Action{Op: ss7.Note, Event: ss7.Event{Kind: ss7.StateChange, Path: p.cfg.Path,
				Arg: xua.NoteError,
				Why: fmt.Sprintf("registration by ASP %s refused, %v: %s", p.cfg.Name, status, why)}})
		}
	}
	start := len(l.arena)
	l.arena = AppendResults(l.arena, REGRsp, results)
	out = l.sent(p, REGRsp, start, out)
	if joined != nil {
		l.recompile()
	}
	return l.x.Settle(now, out)
}

// place finds or makes the AS of a registration, or says why it does not (§4.4.1).
func (l *Layer) place(now time.Time, p *farEnd, r *Registration) (*ASConfig, RegStatus, string) {
	if r.Bad != RegOK {
		return nil, r.Bad, r.Why
	}
	bits := l.cfg.Networks[p.cfg.Network].Variant.Bits()
	if r.Mode > uint32(xua.Broadcast) {
		return nil, RegBadTrafficMode, fmt.Sprintf("traffic mode %d does not exist", r.Mode)
	}
	if r.Key.HasNA && !l.knowsNA(p, r.Key.NA) {
		return nil, RegInvalidNA, fmt.Sprintf("network appearance %d is not that of its network", r.Key.NA)
	}
	hasRC := r.HasRC && (r.RC != 0 || !p.cfg.Slack.ZeroRC && l.knowsRC(0)) // Osmocom's ASPs write 0 for none
	var same *ASConfig
	for _, s := range l.ass {
		if s.Network != p.cfg.Network {
			continue
		}
		if sameKey(&s.Key, &r.Key) {
			same = s
		}
	}
	if same != nil {
		return l.joinExisting(p, same, r, hasRC, bits)
	}
	// A request with a routing context asks to change its key (§4.4.1).
	if hasRC && !p.cfg.Slack.ChooseRC && !l.knowsRC(r.RC) {
		return nil, RegChangeRefused, fmt.Sprintf("routing context %d has no key that could be changed; "+
			"if this is the number that it wants for a new one, "+chooseRemedy, r.RC)
	}
	for _, s := range l.ass {
		if hasRC && s.HasID && s.ID == r.RC { // a key is not changed in place
			return nil, RegChangeRefused, fmt.Sprintf("routing context %d is AS %s, with another key; "+
				"it needs another number", r.RC, s.Name)
		}
		if s.Network == p.cfg.Network && s.Key.Overlaps(&r.Key, bits) && !s.Key.IsDefault() {
			return nil, RegNotUnique, "it overlaps the key of AS " + s.Name
		}
	}
	if status, why := l.mayCreate(p, r, bits); status != RegOK {
		return nil, status, why
	}
	return l.create(now, p, r, hasRC)
}

// chooseRemedy says what to do about an ASP that names the routing context that it wants.
const chooseRemedy = "`slack chosen-routing-context` under its asp takes it"

func (l *Layer) knowsRC(rc uint32) bool {
	return slices.ContainsFunc(l.ass, func(s *ASConfig) bool { return s.HasID && s.ID == rc })
}

// sameKey compares the key of a registration with one that is configured. It ignores a network appearance that
// only one of them has.
func sameKey(a, b *Key) bool {
	if a.HasNA && b.HasNA && a.NA != b.NA {
		return false
	}
	x, y := Key{Terms: a.Terms}, Key{Terms: b.Terms}
	return len(a.Terms) > 0 && x.Equal(&y)
}

func (l *Layer) knowsNA(p *farEnd, na uint32) bool {
	any := false
	for _, s := range l.ass {
		if s.Network == p.cfg.Network && s.HasNA {
			any = true
			if s.NA == na {
				return true
			}
		}
	}
	return !any && na == 0
}

func (l *Layer) joinExisting(
	p *farEnd, s *ASConfig, r *Registration, hasRC bool, bits uint8,
) (*ASConfig, RegStatus, string) {
	is, _, _ := l.x.Member(p.cfg.Path, s.Path)
	has, asks := l.x.Mode(s.Path), xua.Mode(r.Mode)
	switch {
	case asks != 0 && has != 0 && asks != has: // this holds even for a key that it has already (§3.6.2)
		why := fmt.Sprintf("AS %s has traffic mode %v, and it asks for %v", s.Name, has, asks)
		if !s.Dynamic && s.Mode != 0 {
			why += "; without `traffic-mode` the AS takes that of the first REG REQ"
		}
		return nil, RegBadTrafficMode, why
	case is:
		return s, RegAlready, "it serves AS " + s.Name + " already"
	case hasRC && s.ID != r.RC && !p.cfg.Slack.ChooseRC:
		return nil, RegChangeRefused, fmt.Sprintf("the key has routing context %d, and it asks for %d; "+chooseRemedy,
			s.ID, r.RC)
	case !s.Dynamic && !s.Open:
		return nil, RegPermissionDenied, "AS " + s.Name + " takes only the ASPs that are configured: " +
			"an `asp` line under it names one"
	case p.cfg.Policy == InRanges && !allowed(p, r, bits):
		return nil, RegPermissionDenied, "a destination is outside of what it is allowed"
	case l.x.Registrations(p.cfg.Path) >= maxRegistered:
		return nil, RegNoResources, fmt.Sprintf("it has %d registrations", maxRegistered)
	}
	return s, RegOK, ""
}

func allowed(p *farEnd, r *Registration, bits uint8) bool {
	for _, t := range r.Key.Terms {
		if !slices.ContainsFunc(p.cfg.Allowed, func(a ss7.Range) bool { return covers(a, t.DPC, bits) }) {
			return false
		}
	}
	return true
}

// covers tells whether all of r lies in a.
func covers(a, r ss7.Range, bits uint8) bool { return a.Len <= r.Len && a.Contains(r.PC, bits) }

// mayCreate tells whether a far end may make a new AS: no far end may take a destination that belongs to
// another. `rkm allow` lets a far end take what only a summary route covers.
func (l *Layer) mayCreate(p *farEnd, r *Registration, bits uint8) (RegStatus, string) {
	if p.cfg.Policy == Configured {
		return RegNotProvisioned, "only configured keys may be registered; `rkm dynamic-permitted` under its asp, or " +
			"`cs7 xua rkm routing-key-allocation dynamic-permitted` for all, takes others"
	}
	if p.cfg.Policy == InRanges && !allowed(p, r, bits) {
		return RegPermissionDenied, "a destination is outside of what it is allowed"
	}
	for _, t := range r.Key.Terms {
		if t.DPC.Len == 0 {
			return RegPermissionDenied, "it claims every destination"
		}
		if routes := l.cfg.Networks[p.cfg.Network].Routes; routes != nil {
			if why, summary := routes.Reserved(t.DPC); why != "" && (!summary || p.cfg.Policy != InRanges) {
				if summary {
					why += ", which reserves what it covers; `rkm allow` under its asp gives it a range"
				}
				return RegPermissionDenied, why
			}
		}
	}
	return l.mayHold(p)
}

// mayHold tells whether there is room for another AS that p registers.
func (l *Layer) mayHold(p *farEnd) (RegStatus, string) {
	free := MaxDynamic
	for _, s := range l.ass {
		if s.Dynamic {
			free--
		}
	}
	if p.cfg.Source != "" {
		free -= keptDynamic
	}
	if free <= 0 || l.x.Registrations(p.cfg.Path) >= maxRegistered {
		return RegNoResources, "there are too many registrations"
	}
	if p.cfg.Source == "" {
		return RegOK, ""
	}
	held := 0
	for _, o := range l.order {
		if o.cfg.Source == p.cfg.Source {
			held += l.x.Registrations(o.cfg.Path)
		}
	}
	if !xua.Share(held, free) {
		return RegNoResources, fmt.Sprintf("%s holds %d registrations, the share of one source; "+
			"an asp that is configured has no share", p.cfg.Source, held)
	}
	return RegOK, ""
}

func (l *Layer) create(now time.Time, p *farEnd, r *Registration, hasRC bool) (*ASConfig, RegStatus, string) {
	path := ss7.PathID(0)
	if l.cfg.NewPath != nil {
		path = l.cfg.NewPath()
	}
	if path == 0 {
		return nil, RegNoResources, "there is no room for another AS"
	}
	rc := r.RC
	if !hasRC {
		rc = l.freeRC()
	}
	c := xua.ASConfig{Path: path, Name: fmt.Sprintf("as-rkm-%d", rc), ID: rc, HasID: true, Mode: xua.Mode(r.Mode),
		TR: xua.DefaultTR, Dynamic: true,
		SLS: l.cfg.Networks[p.cfg.Network].Variant.SLSBits}
	s := &ASConfig{ASConfig: c, Network: p.cfg.Network, NA: r.Key.NA, HasNA: r.Key.HasNA, Key: r.Key}
	l.ass = append(l.ass, s)
	l.x.AddAS(now, c)
	return s, RegOK, ""
}

func (l *Layer) freeRC() uint32 {
	for {
		l.nextRC++
		if l.nextRC < firstRC {
			l.nextRC = firstRC
		}
		if !slices.ContainsFunc(l.ass, func(s *ASConfig) bool { return s.HasID && s.ID == l.nextRC }) {
			return l.nextRC
		}
	}
}

// recvDereg handles DEREG REQ (§4.4.2).
func (l *Layer) recvDereg(now time.Time, p *farEnd, m xua.Message, out []ss7.Action) []ss7.Action {
	rcs := m.Params.Uint32s(xua.TagRoutingContext)
	if len(rcs) > maxRegistered {
		return l.x.Refuse(now, p.cfg.Path, &xua.Error{Code: xua.InvalidParameterValue,
			Why: "DEREG REQ with too many routing contexts"}, out)
	}
	results := make([]Result, len(rcs))
	for i, rc := range rcs {
		results[i] = Result{RC: rc}
		results[i].Status, out = l.dereg(now, p, rc, out)
	}
	start := len(l.arena)
	l.arena = AppendResults(l.arena, DEREGRsp, results)
	return l.x.Settle(now, l.sent(p, DEREGRsp, start, out))
}

func (l *Layer) dereg(now time.Time, p *farEnd, rc uint32, out []ss7.Action) (uint32, []ss7.Action) {
	i := slices.IndexFunc(l.ass, func(s *ASConfig) bool { return s.HasID && s.ID == rc })
	if i < 0 {
		return deregInvalidRC, out
	}
	s := l.ass[i]
	is, registered, state := l.x.Member(p.cfg.Path, s.Path)
	switch {
	case !is:
		return deregNotRegistered, out
	case !registered: // it is configured, and was not registered
		return deregDenied, out
	case state == xua.Active:
		return deregActive, out
	}
	return deregOK, l.x.Deregister(now, p.cfg.Path, s.Path, out)
}
