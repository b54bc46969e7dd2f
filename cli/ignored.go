package cli

// Ignored is a configuration line that is taken, with and without no, and changes
// nothing: what other machines have and this one has no use for. It is not written.
func Ignored(syntax Elem) *Statement {
	nothing := func(*scope, any, Args) error { return nil }
	s := newStatement(syntax)
	s.apply, s.unset = nothing, nothing
	return s
}
