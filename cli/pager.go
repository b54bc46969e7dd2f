package cli

import (
	"bytes"
	"io"
	"unicode/utf8"
)

const (
	more  = " --More-- "
	erase = "\r\x1b[K"
)

// pager stops a command's output at the end of each page.
type pager struct {
	c             *screen
	width, height int
	line          int  // rows written on this page
	free          bool // no more pages
	quit          bool
}

// page makes the writer of one command. length is what `terminal length` says: -1 is the height of the
// terminal, 0 is no paging.
func (c *screen) page(length int) io.Writer {
	width, height := c.size()
	if length >= 0 {
		height = length
	}
	return &pager{c: c, width: width, height: height, free: height < 2}
}

func (p *pager) Write(b []byte) (int, error) {
	n := len(b)
	for len(b) > 0 {
		if p.quit {
			return n, nil // the command goes on; nobody looks
		}
		if !p.free && p.line >= p.height-1 {
			p.wait()
			continue
		}
		i := bytes.IndexByte(b, '\n') + 1
		if i == 0 || p.free {
			i = len(b)
		}
		if _, err := p.c.Write(b[:i]); err != nil {
			return 0, err
		}
		if b[i-1] == '\n' {
			p.line += p.rows(b[:i-1])
		}
		b = b[i:]
	}
	return n, nil
}

// rows is how many rows of the terminal a line takes.
func (p *pager) rows(line []byte) int {
	n := utf8.RuneCount(line)
	if p.width <= 0 || n == 0 {
		return 1
	}
	return (n + p.width - 1) / p.width
}

// wait shows the marker and takes one key: a blank is for a page, Enter for a line, q ends the output.
// Lines that wait already, such as those of a paste, are not meant as keys; then the output runs through.
func (p *pager) wait() {
	if p.c.in.ahead() {
		p.free = true
		return
	}
	p.c.mark(true)
	defer p.c.mark(false)
	for {
		key, ok := p.c.in.key()
		switch {
		case !ok:
			p.quit = true
		case key == ' ':
			p.line = 0
		case key == '\r':
			p.line = p.height - 2
		case key == 'q' || key == 'Q':
			p.quit = true
			p.c.in.stop()
		default:
			continue
		}
		return
	}
}
