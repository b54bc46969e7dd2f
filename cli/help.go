package cli

import (
	"fmt"
	"slices"
	"strings"
)

// suggestion is one thing that may come next.
type suggestion struct{ word, help string }

// next lists what may come after the whole words of a line, as far as it begins
// with part; end tells whether the line may end.
func (s *Session) next(line string) (list []suggestion, part string, end bool, f fault) {
	words := split(line)
	if n := len(line); n > 0 && line[n-1] != ' ' && line[n-1] != '\t' && len(words) > 0 {
		part = words[len(words)-1].text
		words = words[:len(words)-1]
	}
	env := s.app.Env()
	stmts := s.offered(&line, &words)
	threads, f := walk(env, stmts, line, words)
	if f.kind != fine && len(s.path) > 0 && s.config {
		threads, f = walk(env, s.tree.Config.Statements, line, words)
	}
	if f.kind != fine {
		return nil, part, false, f
	}
	lower := strings.ToLower(part)
	for _, t := range threads {
		end = end || t.at.accept
		for _, e := range t.at.edges {
			if e.elem.typ == nil {
				if strings.HasPrefix(e.elem.word, lower) {
					list = add(list, suggestion{e.elem.word, e.elem.help})
				}
				continue
			}
			if part == "" {
				list = add(list, suggestion{e.elem.typ.Hint(), e.elem.help})
			} else if _, err := e.elem.typ.Parse(env, part); err == nil {
				list = add(list, suggestion{e.elem.typ.Hint(), e.elem.help})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b suggestion) int { return strings.Compare(a.word, b.word) })
	return list, part, end && part == "", fault{}
}

func add(list []suggestion, x suggestion) []suggestion {
	for _, y := range list {
		if y.word == x.word {
			return list
		}
	}
	return append(list, x)
}

// Help is what `?` shows for a line typed so far.
func (s *Session) Help(line string) string {
	list, part, end, f := s.next(line)
	if f.kind == ambiguous {
		return "% Ambiguous command:  \"" + oneLine(line) + "\"\n"
	}
	if f.kind != fine || len(list) == 0 && !end {
		return "% Unrecognized command\n"
	}
	var b strings.Builder
	if part != "" && !hints(list) {
		for i, x := range list {
			if i > 0 {
				b.WriteString("  ")
			}
			b.WriteString(x.word)
		}
		b.WriteString("\n")
		return b.String()
	}
	width := 4
	for _, x := range list {
		width = max(width, len(x.word))
	}
	for _, x := range list {
		fmt.Fprintf(&b, "  %-*s  %s\n", width, x.word, x.help)
	}
	if end {
		b.WriteString("  <cr>\n")
	}
	return b.String()
}

func hints(list []suggestion) bool {
	for _, x := range list {
		if x.word == strings.ToUpper(x.word) || strings.HasPrefix(x.word, "<") {
			return true
		}
	}
	return false
}

// Complete extends the word before pos as far as it is unique.
func (s *Session) Complete(line string, pos int) (string, int, bool) {
	head, tail := line[:pos], line[pos:]
	words := split(head)
	part := ""
	if len(head) > 0 && head[len(head)-1] != ' ' && len(words) > 0 {
		part = words[len(words)-1].text
	}
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
func (s *Session) candidates(head, part string) []string {
	env := s.app.Env()
	words := split(head)
	words = words[:len(words)-1]
	line := head
	threads, f := walk(env, s.offered(&line, &words), line, words)
	if f.kind != fine && s.config && len(s.path) > 0 {
		threads, f = walk(env, s.tree.Config.Statements, line, words)
	}
	if f.kind != fine {
		return nil
	}
	var out []string
	try := func(w string, fold bool) {
		if strings.HasPrefix(w, part) || fold && strings.HasPrefix(w, strings.ToLower(part)) {
			if !slices.Contains(out, w) {
				out = append(out, w)
			}
		}
	}
	for _, t := range threads {
		for _, e := range t.at.edges {
			if e.elem.typ == nil {
				try(e.elem.word, true)
			} else if c, ok := e.elem.typ.(Completer); ok {
				for _, v := range c.Values(env) {
					try(v, false)
				}
			}
		}
	}
	slices.Sort(out)
	return out
}
