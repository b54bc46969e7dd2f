package cli

// LeaveOut takes out of a configuration what is at the places of gone, and tells how many times something
// went. What a place means depends on its line:
//
//   - An element of a list goes if a place names the element, or an argument that its line must have.
//   - An argument that the line may have goes alone, with those that the line has only beside it.
//   - What a Field has set goes if a place names one of the line's arguments.
func LeaveOut(root any, top *Mode, gone map[Place]bool) (times int) {
	for _, s := range top.Statements {
		switch {
		case s.lines == nil:
		case s.drop == nil: // one line about root
			if s.about(root, gone) && !s.fields.zero(root, s.names) {
				s.fields.clear(root, s.names)
				times++
			}
		default:
			for _, e := range s.lines(root) {
				times += s.loosen(e, gone)
			}
			times += s.drop(root, func(e any) bool { return gone[Place{e, ""}] || s.about(e, gone) })
			if s.mode != nil {
				for _, e := range s.lines(root) {
					times += LeaveOut(e, s.mode, gone)
				}
			}
		}
	}
	return times
}

// about tells whether a place names an argument that the statement's line about obj must have. For a Field it may
// be any argument of the line.
func (s *Statement) about(obj any, gone map[Place]bool) bool {
	for _, name := range s.names {
		if gone[Place{obj, name}] && (s.drop == nil || s.optional[name] == nil) {
			return true
		}
	}
	return false
}

// loosen takes back arguments that the line of e may have, as if the line had not given them.
func (s *Statement) loosen(e any, gone map[Place]bool) (times int) {
	for name, group := range s.optional {
		if gone[Place{e, name}] && !s.fields.zero(e, group) {
			s.fields.clear(e, group)
			times++
		}
	}
	return times
}

// optionals gives, for each argument that may be left out, the arguments that are left out with it. They
// are those of the innermost optional part of the syntax that the argument is in.
func optionals(e Elem, group []string, out map[string][]string) map[string][]string {
	if e.name != "" && group != nil {
		out[e.name] = group
	}
	for _, sub := range e.subs {
		g := group
		switch e.kind {
		case optElem:
			g = bound(e)
		case anyElem:
			g = bound(sub)
		}
		out = optionals(sub, g, out)
	}
	return out
}
