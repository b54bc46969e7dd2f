package cli

import (
	"bytes"
	"io"
)

const more = " --More-- "

// pager stops a command's output at the end of each page.
type pager struct {
	c      *screen
	height int
	line   int
	quit   bool
}

// page makes the writer of one command; height is `terminal length`, -1 that of
// the terminal, 0 no paging.
func (c *screen) page(height int) io.Writer {
	if height < 0 {
		_, height = c.size()
	}
	return &pager{c: c, height: height}
}

func (p *pager) Write(b []byte) (int, error) {
	if p.height < 2 {
		return p.c.Write(b)
	}
	n := len(b)
	for len(b) > 0 {
		if p.quit {
			return n, nil // the command goes on; nobody looks
		}
		i := bytes.IndexByte(b, '\n') + 1
		if i == 0 {
			i = len(b)
		}
		if p.line >= p.height-1 {
			p.wait()
			continue
		}
		if _, err := p.c.Write(b[:i]); err != nil {
			return 0, err
		}
		if b[i-1] == '\n' {
			p.line++
		}
		b = b[i:]
	}
	return n, nil
}

// wait shows the marker and takes one key: space a page, Enter a line, q the end.
func (p *pager) wait() {
	io.WriteString(p.c.raw, more)
	defer io.WriteString(p.c.raw, "\r\x1b[K")
	p.c.in.interrupt(nil)
	var key [1]byte
	for {
		if _, err := p.c.in.Read(key[:]); err != nil {
			p.quit = true
			return
		}
		switch key[0] {
		case ' ':
			p.line = 0
		case '\r':
			p.line--
		case 'q', 'Q', ctrlE, ctrlU, 0x1b:
			p.quit = true
		default:
			continue
		}
		return
	}
}
