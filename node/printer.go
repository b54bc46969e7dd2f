package node

import (
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gostp/gostp/mtp3"
)

const (
	printKeep  = 1024        // lines that wait for an output that is slow
	printGrace = time.Second // for them when the node stops
)

// printer writes the lines of the log to an output from a goroutine of its own: who logs
// carries traffic or holds state, and never waits for who reads the output.
type printer struct {
	node  *Node
	lines chan string
	quit  chan struct{}
	done  chan struct{}
	left  atomic.Uint64 // lines left out since the output took one

	mu  sync.Mutex
	why string // the output refuses; empty: it takes nothing, or all is well
}

// Print writes each line of the log to w, until stop is called. While w takes nothing, 1,024
// lines wait for it and the others are left out: an alarm tells of it, and a line in their
// place once w takes lines again. stop gives what waits a second.
func (n *Node) Print(w io.Writer) (stop func()) {
	p := &printer{node: n, lines: make(chan string, printKeep), quit: make(chan struct{}), done: make(chan struct{})}
	n.output.Store(p)
	unwatch := n.log.Watch(false, p.offer)
	go p.run(w)
	return func() {
		unwatch()
		close(p.quit)
		select {
		case <-p.done:
		case <-time.After(printGrace):
		}
		n.output.CompareAndSwap(p, nil)
	}
}

// offer takes a line if there is room.
func (p *printer) offer(line string) {
	select {
	case p.lines <- line:
	default:
		p.lose()
	}
}

func (p *printer) lose() {
	if p.left.Add(1) == 1 {
		p.node.core.recheck()
	}
}

func (p *printer) run(w io.Writer) {
	defer close(p.done)
	for {
		select {
		case line := <-p.lines:
			p.write(w, line)
		case <-p.quit:
			for {
				select {
				case line := <-p.lines:
					p.write(w, line)
				default:
					return
				}
			}
		}
	}
}

// write writes a line. Once the output has taken all that waited for it, it is told how many
// came after that and are left out.
func (p *printer) write(w io.Writer, line string) {
	_, err := io.WriteString(w, line+"\n")
	p.mu.Lock()
	p.why = ""
	if err != nil {
		p.why = err.Error()
	}
	p.mu.Unlock()
	if err != nil {
		p.lose()
		return
	}
	if len(p.lines) > 0 || p.left.Load() == 0 {
		return
	}
	left := p.left.Swap(0)
	// If it fails, the next line tells.
	_, _ = fmt.Fprintf(w, "(%d lines of the log are left out here: the output took nothing)\n", left)
	p.node.core.recheck()
}

// outputTroubles is the alarm of an output that nobody reads.
func (n *Node) outputTroubles() []mtp3.Alarm {
	p := n.output.Load()
	if p == nil || p.left.Load() == 0 {
		return nil
	}
	p.mu.Lock()
	why := p.why
	p.mu.Unlock()
	if why == "" {
		why = "takes nothing"
	}
	why = fmt.Sprintf("%s: %d lines of the log are left out of it; read it, or start the node with its output in "+
		"a file (`show logging` has the last %d)", why, p.left.Load(), logKeep)
	return []mtp3.Alarm{{Severity: mtp3.Minor, Object: "standard output", Why: why}}
}
