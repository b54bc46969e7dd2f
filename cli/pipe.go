package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// filter passes on the lines of a command that its expression lets through.
type filter struct {
	to      io.Writer
	kind    string
	re      *regexp.Regexp
	partial []byte
	open    bool // begin: found; section: inside one
	depth   int  // section: indentation of its first line
	count   int
}

// The words that may follow `|`. asJSON is no filter of lines: a query encodes its value instead of
// printing it.
const (
	beginAt   = "begin"
	countOf   = "count"
	excluding = "exclude"
	including = "include"
	asJSON    = "json"
	sectionOf = "section"
)

// filters are what may follow `|`, sorted as `?` shows them.
var filters = []suggestion{
	{word: beginAt, help: "Begin with the line that matches"},
	{word: countOf, help: "Count number of lines which match regexp"},
	{word: excluding, help: "Exclude lines that match"},
	{word: including, help: "Include lines that match"},
	{word: asJSON, help: "The values as JSON, for programs"},
	{word: sectionOf, help: "Include lines that match and what is indented under them"},
}

// splitPipe takes `| include RE` or `| json` off a line. No filter: nil.
func splitPipe(line string) (string, *filter, fault) {
	i := strings.IndexByte(line, '|')
	if i < 0 {
		return line, nil, fault{}
	}
	words := wordsFrom(line, i+1)
	if len(words) == 0 || strings.HasPrefix(line[i+1:], "|") {
		return "", nil, fault{kind: incomplete, expect: names(filters)}
	}
	kind := ""
	for _, f := range filters {
		if prefixed(f.word, words[0].text) {
			kind = f.word
		}
	}
	if kind == "" {
		return "", nil, fault{kind: invalid, at: words[0].at, word: words[0].text,
			reason: "expected one of " + strings.Join(names(filters), ", ")}
	}
	head := strings.TrimRight(line[:i], " \t")
	switch {
	case kind == asJSON && len(words) > 1:
		return "", nil, fault{kind: invalid, at: words[1].at, word: words[1].text, reason: "nothing may follow `| json`"}
	case kind == asJSON:
		return head, &filter{kind: kind}, fault{}
	case len(words) == 1:
		return "", nil, fault{kind: incomplete, expect: []string{"a regular expression"}}
	}
	expr := strings.TrimRight(line[words[1].at:], " \t")
	re, err := regexp.Compile(expr)
	if err != nil {
		return "", nil, fault{kind: invalid, at: words[1].at, word: expr,
			reason: fmt.Sprintf("%q is not a regular expression: %v", expr, err)}
	}
	return head, &filter{kind: kind, re: re}, fault{}
}

func names(list []suggestion) (out []string) {
	for _, x := range list {
		out = append(out, x.word)
	}
	return out
}

func (f *filter) Write(b []byte) (int, error) {
	f.partial = append(f.partial, b...)
	for {
		i := bytes.IndexByte(f.partial, '\n')
		if i < 0 {
			return len(b), nil
		}
		line := f.partial[:i+1]
		if f.pass(line) {
			if _, err := f.to.Write(line); err != nil {
				return 0, err
			}
		}
		f.partial = f.partial[i+1:]
	}
}

func (f *filter) pass(line []byte) bool {
	line = bytes.TrimRight(line, "\r\n")
	hit := f.re.Match(line)
	switch f.kind {
	case including:
		return hit
	case excluding:
		return !hit
	case beginAt:
		f.open = f.open || hit
		return f.open
	case sectionOf:
		depth := len(line) - len(bytes.TrimLeft(line, " "))
		if f.open && depth > f.depth {
			return true
		}
		f.open, f.depth = hit, depth
		return hit
	}
	if hit {
		f.count++
	}
	return false
}

// end passes on what is left when the command has ended.
func (f *filter) end() {
	if len(f.partial) > 0 {
		_, _ = f.Write([]byte("\n"))
	}
	if f.kind == countOf {
		_, _ = fmt.Fprintf(f.to, "Number of lines which match regexp = %d\n", f.count)
	}
}

var errNoQuery = errors.New("this command shows no values that could be written as JSON; those of `show` are")

// through runs a command and sends its output through a filter; without a filter it goes out as it is.
func (s *Statement) through(c *Call, f *filter) error {
	switch {
	case f == nil:
		return s.run(c)
	case f.kind != asJSON:
		f.to = c.Out
		c.Out = f
		defer f.end()
		return s.run(c)
	case s.ask == nil:
		return errNoQuery
	}
	return s.encode(c)
}
