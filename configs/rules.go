package configs

import (
	"errors"
	"fmt"

	"github.com/gostp/gostp/cli"
)

// A rule says once what must hold in a configuration: for the prompt, `gostp check`, the start and `reload`.
// It names the object that breaks it, and the argument, if that has a line of its own. From that follows what to
// leave out so that the rule holds; see mend.

// rules are the rules of an instance. A rule stands behind the rules on whose subject it builds, so that it does
// not look at what an earlier rule has left out.
var rules = []func(*System, *findings){
	(*System).multiRules,
	(*System).formatRules,
	(*System).codeRules,
	(*System).timerRules,
	(*System).interfaceRules,
	(*System).congestionRules,
	(*System).peerRules,
	(*System).m3uaPortRules,
	(*System).m2uaPortRules,
	(*System).sharedPortRules,
	(*System).aspRules,
	(*System).m2uaASPRules,
	(*System).linkRules,
	(*System).gatewayRules,
	(*System).memberRules,
	(*System).ownContextRules,
	(*System).keyRules,
	(*System).clashRules,
	(*System).m2uaServerRules,
	(*System).interfaceLinkRules,
	(*System).routeRules,
	(*System).selectorRules,
	(*System).groupRules,
	(*System).mateRules,
	(*System).capabilityRules,
	(*System).aliasRules,
	(*System).aliasOfAliasRules,
}

// cautions are rules whose breach is hardly meant, although the node can run with it. They are looked at when
// all rules hold.
var cautions = []func(*System, *findings){
	(*System).unboundCautions,
	(*System).everywhereCautions,
	(*System).adjacentCautions,
	(*System).aspCautions,
	(*System).m2uaASPCautions,
}

// problem is a breach of a rule: where, and of which one. A rule is known by the format of its text.
type problem struct {
	at         cli.Place
	rule       string
	text       string
	subject    string // of a caution: what it is about, in words
	unfinished bool   // of a caution: it is so for a moment while lines are being typed
	elsewhere  bool   // of a caution: it is not worth an alarm, or has an alarm of another kind
}

// findings are the breaches that rules find.
type findings struct {
	where string // before each text: of what instance they are
	list  []problem
}

// bad notes that obj, or its argument arg, breaks the rule that format says.
func (f *findings) bad(obj any, arg, format string, args ...any) {
	f.add(obj, arg, format, args)
}

func (f *findings) add(obj any, arg, format string, args []any) *problem {
	p := problem{at: cli.Place{Object: obj, Arg: arg}, rule: format, text: f.where + fmt.Sprintf(format, args...)}
	f.list = append(f.list, p)
	return &f.list[len(f.list)-1]
}

// warn notes that obj breaks a caution; subject is its name.
func (f *findings) warn(obj any, subject, format string, args ...any) *problem {
	p := f.add(obj, "", format, args)
	p.subject = subject
	return p
}

// lacks is warn for a breach that is there for a moment whenever obj is configured line by line.
func (f *findings) lacks(obj any, subject, format string, args ...any) *problem {
	p := f.warn(obj, subject, format, args...)
	p.unfinished = true
	return p
}

// find looks at some rules in an instance.
func (s *System) find(list ...func(*System, *findings)) []problem {
	f := &findings{}
	if s.whole != nil {
		f.where = fmt.Sprintf("instance %d: ", s.Number)
	}
	for _, rule := range list {
		rule(s, f)
	}
	return f.list
}

// every is this node and the other instances within.
func (s *System) every() []*System { return append([]*System{s}, s.Instances...) }

func (s *System) problems() (out []problem) {
	for _, i := range s.every() {
		out = append(out, i.find(rules...)...)
	}
	return out
}

// Validate names everything that keeps s from running. What merely does not work yet, such as a linkset without
// links, is no fault.
func (s *System) Validate() []error {
	var errs []error
	for _, p := range s.problems() {
		errs = append(errs, errors.New(p.text))
	}
	return errs
}

// Warning is something that can run although it is hardly meant.
type Warning struct {
	At         cli.Place
	Subject    string // what it is about: linkset B
	Text       string
	Unfinished bool // it is so for a moment while lines are being typed
	Elsewhere  bool // it is no alarm, or another alarm tells of it, such as that of the port
}

// Warnings names what can run although it is hardly meant. The rules must hold in s.
func (s *System) Warnings() (out []Warning) {
	for _, i := range s.every() {
		for _, p := range i.find(cautions...) {
			out = append(out, Warning{p.at, p.subject, p.text, p.unfinished, p.elsewhere})
		}
	}
	return out
}

// mend leaves out what breaks a rule, until all rules hold, and gives the breaches. whole is false if a breach
// remains about which nothing can be left out.
func (s *System) mend() (broken []problem, whole bool) {
	for {
		found := s.firstBroken()
		if len(found) == 0 {
			return broken, true
		}
		broken = append(broken, found...)
		gone := map[cli.Place]bool{}
		for _, p := range found {
			gone[p.at] = true
		}
		if !s.leaveOut(gone) {
			return broken, false
		}
	}
}

// firstBroken gives the breaches of the first rule that does not hold. Later rules are not asked yet: they may
// hold once the breaches of this one are left out.
func (s *System) firstBroken() (found []problem) {
	for _, rule := range rules {
		for _, i := range s.every() {
			found = append(found, i.find(rule)...)
		}
		if len(found) > 0 {
			break
		}
	}
	return found
}

// leaveOut takes what is at the places of gone out of every instance. A place may be a whole instance. It tells
// whether something went.
func (s *System) leaveOut(gone map[cli.Place]bool) (some bool) {
	var left []*System
	for _, i := range s.Instances {
		if gone[cli.Place{Object: i}] {
			some = true
		} else {
			left = append(left, i)
		}
	}
	s.Instances = left
	for _, i := range s.every() {
		some = cli.LeaveOut(i, Global, gone) > 0 || some
	}
	return some
}
