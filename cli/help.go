package cli

import (
	"fmt"
	"slices"
	"strings"
)

// suggestion is one thing that may come next: a keyword, or a kind of argument.
type suggestion struct {
	word, help string
	arg        bool
}

// unfinished splits off the word at the end of a line, unless a blank ends it.
func unfinished(line string, words []word) ([]word, string) {
	if n := len(words); n > 0 && !strings.HasSuffix(line, " ") && !strings.HasSuffix(line, "\t") {
		return words[:n-1], words[n-1].text
	}
	return words, ""
}

// ways takes the whole words of a line and gives the threads that fit them. Of the readings of the line it takes
// the first that offers something for the word that follows.
func (s *Session) ways(line string, offer func(thread, string) bool) (r reading, ts []thread, part string, f fault) {
	for i, r := range s.readings(line) {
		words, part := unfinished(line, wordsFrom(line, r.from))
		ts, g := walk(r.env, r.stmts, line, words)
		if r.form != plainForm { // what has no `no` form
			ts = slices.DeleteFunc(ts, func(t thread) bool { return t.stmt.unset == nil })
		}
		if slices.ContainsFunc(ts, func(t thread) bool { return offer(t, part) }) {
			return r, ts, part, fault{}
		}
		if i == 0 || worse(g, f) {
			f = g
		}
	}
	if f.kind == fine {
		f.kind = invalid
	}
	return reading{}, nil, "", f
}

// mayEnd tells whether the line may end after what t took.
func (r reading) mayEnd(t thread) bool { return t.at.accept || r.form != plainForm && t.stmt.named(t) }

// suggestions lists what may come after t, as far as it begins with part.
func suggestions(t thread, part string) (out []suggestion) {
	if t.rest {
		return []suggestion{{t.last.typ.Hint(), t.last.help, true}}
	}
	for _, e := range t.at.edges {
		if e.elem.typ == nil {
			if prefixed(e.elem.word, part) {
				out = append(out, suggestion{word: e.elem.word, help: e.elem.help})
			}
			continue
		}
		if part != "" {
			if _, err := e.elem.typ.Parse(t.env, part); err != nil {
				continue
			}
		}
		out = append(out, suggestion{e.elem.typ.Hint(), e.elem.help, true})
	}
	return out
}

// Help is what `?` shows for a line typed so far: the words that begin with the
// unfinished one, or what may follow a blank.
func (s *Session) Help(line string) string {
	if list, part, ok := s.piped(line); ok {
		return table(list, part, list == nil && part == "")
	}
	r, ts, part, f := s.ways(line, func(t thread, part string) bool {
		return len(suggestions(t, part)) > 0 || part == "" && t.at.accept
	})
	switch f.kind {
	case ambiguous:
		return "% Ambiguous command:  \"" + oneLine(line) + "\"\n"
	case fine:
	default:
		return "% Unrecognized command\n"
	}
	var list []suggestion
	end, rest := false, false
	for _, t := range ts {
		for _, x := range suggestions(t, part) {
			if !slices.ContainsFunc(list, func(y suggestion) bool { return y.word == x.word }) {
				list = append(list, x)
			}
		}
		end = end || r.mayEnd(t)
		rest = rest || t.rest
	}
	slices.SortStableFunc(list, func(a, b suggestion) int { return strings.Compare(a.word, b.word) })
	end = end && (part == "" || rest)
	if end && r.exec && !rest {
		list = append(list, suggestion{word: "|", help: "Output modifiers"})
	}
	return table(list, part, end)
}

// piped is what may follow a `|`.
func (s *Session) piped(line string) (list []suggestion, part string, ok bool) {
	i := strings.IndexByte(line, '|')
	if i < 0 || !s.readings(line)[0].exec {
		return nil, "", false
	}
	words, part := unfinished(line, wordsFrom(line, i+1))
	switch {
	case len(words) > 0 && prefixed(asJSON, words[0].text):
		return nil, part, true // nothing may follow it
	case len(words) > 0:
		return []suggestion{{"LINE", "Regular expression", true}}, part, true
	}
	r := s.readings(line)[0]
	stmt, _, f := parse(r.env, r.stmts, line[:i], r.from, false)
	other := f.kind == fine && !stmt.IsQuery()
	for _, f := range filters {
		if prefixed(f.word, part) && (f.word != asJSON || !other) {
			list = append(list, f)
		}
	}
	return list, part, true
}

// table writes suggestions as IOS does: the words that begin with part beside each
// other, or everything with its help, one below the other.
func table(list []suggestion, part string, end bool) string {
	width := 4
	args := len(list) == 0
	for _, x := range list {
		width = max(width, len(x.word))
		args = args || x.arg
	}
	var b strings.Builder
	if part != "" && !args {
		perRow := max(1, 80/(width+2))
		for i, x := range list {
			if i%perRow == perRow-1 || i == len(list)-1 {
				b.WriteString(x.word + "\n")
			} else {
				fmt.Fprintf(&b, "%-*s", width+2, x.word)
			}
		}
		return b.String()
	}
	for _, x := range list {
		fmt.Fprintf(&b, "  %-*s  %s\n", width, x.word, x.help)
	}
	if end {
		b.WriteString("  <cr>\n")
	}
	if b.Len() == 0 {
		return "% Unrecognized command\n"
	}
	return b.String()
}

// Complete extends the word before pos, an offset in octets, as far as it is
// unique, and puts a blank behind a whole word. ok tells whether there was something to add.
func (s *Session) Complete(line string, pos int) (newLine string, newPos int, ok bool) {
	head, tail := line[:pos], line[pos:]
	_, part := unfinished(head, split(head))
	if part == "" {
		return line, pos, false
	}
	found := s.candidates(head, part)
	if len(found) == 0 {
		return line, pos, false
	}
	common := found[0]
	for _, w := range found[1:] {
		for !strings.HasPrefix(w, common) {
			common = common[:len(common)-1]
		}
	}
	if len(found) == 1 {
		common += " "
	}
	if len(common) <= len(part) {
		return line, pos, false
	}
	head = head[:len(head)-len(part)] + common
	return head + strings.TrimLeft(tail, " "), len(head), true
}

// candidates are the keywords, and the values of arguments that can list them,
// that begin with part.
func (s *Session) candidates(head, part string) (out []string) {
	if list, _, ok := s.piped(head); ok {
		for _, x := range list {
			if !x.arg {
				out = append(out, x.word)
			}
		}
		return out
	}
	_, ts, _, _ := s.ways(head, func(t thread, part string) bool { return len(completions(t, part)) > 0 })
	for _, t := range ts {
		out = append(out, completions(t, part)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func completions(t thread, part string) (out []string) {
	for _, e := range t.at.edges {
		if e.elem.typ == nil {
			if prefixed(e.elem.word, part) {
				out = append(out, e.elem.word)
			}
			continue
		}
		if c, ok := e.elem.typ.(Completer); ok {
			for _, v := range c.Values(t.env) {
				if strings.HasPrefix(v, part) {
					out = append(out, v)
				}
			}
		}
	}
	return out
}
