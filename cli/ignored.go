package cli

import "strings"

// Ignored is a configuration line that other machines have and this one has no use for. It is taken, with and
// without no, changes nothing, and is not written.
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

// PassedText is a line that begins a text other machines have and this one has no use for, such as IOS's
// banners. Argument name, the rest of the line, begins with a delimiter; the text ends where the delimiter
// comes again, on the same line or on a later one. All of it is taken, changes nothing, and is not written.
func PassedText(syntax Elem, name string) *Statement {
	s := Ignored(syntax)
	s.opens = name
	return s
}

// etx is Ctrl-C, the usual delimiter of such a text. A machine that shows its configuration writes it ^C.
const etx, shownETX = "\x03", "^C"

// beginsText tells whether a line with Ctrl-C in it begins a text that is passed over, and gives the line
// with its delimiter written out.
func (m *Mode) beginsText(env any, line string) (shown string, ok bool) {
	if !strings.Contains(line, etx) {
		return "", false
	}
	shown = strings.ReplaceAll(line, etx, shownETX)
	s, _, f := parse(env, m.Statements, shown, 0, false)
	return shown, f.kind == fine && s.opens != ""
}

// openText tells whether a line begins a text that goes on after it, and by which delimiter the text ends.
func (s *Statement) openText(a Args, form form) (end string, open bool) {
	rest := a.String(s.opens, "")
	if s.opens == "" || rest == "" || form != plainForm {
		return "", false
	}
	first := string([]rune(rest)[:1])
	if strings.HasPrefix(rest, shownETX) && !strings.Contains(rest[1:], first) || strings.Count(rest, shownETX) > 1 {
		first = shownETX
	}
	return first, !strings.Contains(rest[len(first):], first)
}

// endsText tells whether a line has the delimiter of a text.
func endsText(line, end string) bool {
	return strings.Contains(line, end) || end == shownETX && strings.Contains(line, etx)
}
