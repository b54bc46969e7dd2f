package cli

import (
	"slices"
	"strings"
)

// manyHeads is the number of modes at which a hint is no longer one: a line that so many modes know may
// belong anywhere.
const manyHeads = 5

// under is a hint for a line whose first word is unknown where it stands: in which modes below top the line
// would be understood. It is empty if there is no such mode, or too many.
func under(env any, top *Mode, line string, from int, no bool) string {
	words := wordsFrom(line, from)
	if len(words) == 0 {
		return ""
	}
	var heads []string
	seen := map[*Mode]bool{}
	var look func(m *Mode, path string)
	look = func(m *Mode, path string) {
		for _, s := range m.Statements {
			if s.mode == nil || s.lines == nil || seen[s.mode] {
				continue
			}
			seen[s.mode] = true
			head := path + "`" + strings.Join(usage(s.syntax), " ") + "`"
			_, _, f := parse(env, s.mode.Statements, line, from, no)
			if (f.kind == fine || f.at > words[0].at) && !slices.Contains(heads, head) {
				heads = append(heads, head)
			}
			look(s.mode, head+", ")
		}
	}
	look(top, "")
	if len(heads) == 0 || len(heads) >= manyHeads {
		return ""
	}
	return "This line belongs under " + strings.Join(heads, ", or under ")
}

// usage writes a syntax for a person, without what may be left out.
func usage(e Elem) (out []string) {
	switch e.kind {
	case kwElem, flagElem:
		return []string{e.word}
	case argElem, repElem:
		return []string{e.typ.Hint()}
	case choiceElem:
		var words []string
		for _, s := range e.subs {
			words = append(words, s.word)
		}
		return []string{strings.Join(words, "|")}
	case seqElem:
		for _, s := range e.subs {
			out = append(out, usage(s)...)
		}
	case altElem:
		return usage(e.subs[0])
	}
	return out
}
