package cli

import (
	"bytes"
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
	count   int
}

var filters = []string{"begin", "count", "exclude", "include", "section"}

// splitPipe takes `| include RE` off a line. No filter: nil.
func splitPipe(line string) (string, *filter, error) {
	head, tail, found := strings.Cut(line, "|")
	if !found {
		return line, nil, nil
	}
	word, expr, _ := strings.Cut(strings.TrimSpace(tail), " ")
	kind := ""
	for _, f := range filters {
		if word != "" && strings.HasPrefix(f, strings.ToLower(word)) {
			kind = f
		}
	}
	expr = strings.TrimSpace(expr)
	if kind == "" || expr == "" {
		return "", nil, fmt.Errorf("after `|` comes one of %s, and a regular expression", strings.Join(filters, ", "))
	}
	re, err := regexp.Compile(expr)
	if err != nil {
		return "", nil, fmt.Errorf("%q is not a regular expression: %w", expr, err)
	}
	return strings.TrimRight(head, " "), &filter{kind: kind, re: re}, nil
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
	hit := f.re.Match(bytes.TrimRight(line, "\n"))
	switch f.kind {
	case "include":
		return hit
	case "exclude":
		return !hit
	case "begin":
		f.open = f.open || hit
		return f.open
	case "section": // a line that matches, and what is indented under it
		indented := len(line) > 0 && line[0] == ' '
		f.open = hit || f.open && indented
		return f.open
	}
	if hit {
		f.count++
	}
	return false
}

func (f *filter) end() {
	if len(f.partial) > 0 {
		f.Write([]byte("\n"))
	}
	if f.kind == "count" {
		fmt.Fprintf(f.to, "Number of lines which match regexp = %d\n", f.count)
	}
}
