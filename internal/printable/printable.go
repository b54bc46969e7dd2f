// Package printable makes text from elsewhere harmless to a terminal and to a log. A far end, a file or another program
// may have put escape sequences, line ends, or characters that turn the direction of writing into it. The package also
// writes durations short.
package printable

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Line gives s as part of one line. A character that cannot be printed, such as a line end, is written as in a string
// of Go (\n, \x1b, \u202e). Others stay as they are.
func Line(s string) string {
	if clean(s, false) {
		return s
	}
	return string(appendText(nil, s, false))
}

// Name is Line for a name that a far end chose. A name with more than letters, digits and . - _ in it stands in quotes,
// so that one sees where it begins and ends.
func Name(s string) string {
	if strings.IndexFunc(s, func(r rune) bool {
		return r >= utf8.RuneSelf || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(".-_", r)
	}) < 0 {
		return s
	}
	return strconv.Quote(s)
}

// Is tells whether all characters of s can be printed.
func Is(s string) bool { return clean(s, false) }

// clean tells whether s may stay as it is. With lines, s may have several lines.
func clean(s string, lines bool) bool {
	for i := 0; i < len(s); i++ {
		if b := s[i]; b >= ' ' && b < 0x7f || lines && (b == '\n' || b == '\t') {
			continue
		}
		for _, r := range s[i:] {
			if r == utf8.RuneError || !unicode.IsPrint(r) && (!lines || r != '\n' && r != '\t') {
				return false
			}
		}
		return true
	}
	return true
}

func appendText(dst []byte, s string, lines bool) []byte {
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			dst = append(dst, `\x`...)
			dst = append(dst, "0123456789abcdef"[s[0]>>4], "0123456789abcdef"[s[0]&15])
		case unicode.IsPrint(r) || lines && (r == '\n' || r == '\t'):
			dst = append(dst, s[:n]...)
		default:
			q := strconv.QuoteRune(r)
			dst = append(dst, q[1:len(q)-1]...)
		}
		s = s[n:]
	}
	return dst
}

// writer passes text on. The octets of a rune that has not come whole wait for the others.
type writer struct {
	to   io.Writer
	rest []byte
}

// NewWriter makes a writer that passes text on to w, printable as Line makes it; line ends and tabs stay.
func NewWriter(w io.Writer) io.Writer { return &writer{to: w} }

func (w *writer) Write(b []byte) (int, error) {
	all := append(w.rest, b...)
	end := len(all)
	for back := 1; back < utf8.UTFMax && back <= len(all); back++ {
		if at := len(all) - back; utf8.RuneStart(all[at]) {
			if !utf8.FullRune(all[at:]) {
				end = at
			}
			break
		}
	}
	w.rest = bytes.Clone(all[end:])
	s := string(all[:end])
	if !clean(s, true) {
		s = string(appendText(nil, s, true))
	}
	if s == "" {
		return len(b), nil
	}
	if _, err := io.WriteString(w.to, s); err != nil {
		return 0, err
	}
	return len(b), nil
}

// Ago writes a duration short, for a person: 2d 3h, 5m 12s, 7s.
func Ago(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d >= 24*time.Hour:
		return fmt.Sprintf("%dd %dh", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
	case d >= time.Hour:
		return fmt.Sprintf("%dh %dm", d/time.Hour, d%time.Hour/time.Minute)
	case d >= time.Minute:
		return fmt.Sprintf("%dm %ds", d/time.Minute, d%time.Minute/time.Second)
	}
	return fmt.Sprintf("%ds", d/time.Second)
}

// Stamp writes a time as IOS does: *Jan 01 06:28:53.699, in UTC.
func Stamp(t time.Time) string { return "*" + t.UTC().Format("Jan 02 15:04:05.000") }
