package cli

// Ignored is a configuration line that is taken, with and without no, and changes
// nothing: what other machines have and this one has no use for. It is not written.
func Ignored(syntax Elem) *Statement {
	nothing := func(*scope, any, Args) error { return nil }
	s := newStatement(syntax)
	s.apply, s.unset = nothing, nothing
	return s
}

// PassedOver is the head of a block that other machines have and this one has no use for. It
// is taken, changes nothing, and is not written. In a file every line that stands deeper than
// the head is passed over; a session enters mode, whose lines are those of the block.
func PassedOver(syntax Elem, mode *Mode) *Statement {
	s := Ignored(syntax)
	s.mode, s.passed = mode, true
	s.child = func(_ *scope, obj any, _ Args) any { return obj }
	return s
}
