package syslog

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/gostp/gostp/internal/lock"
)

const (
	outputKeep  = 1024        // lines that wait for a slow output
	outputGrace = time.Second // how long they may still be written once the output is stopped
)

// Output writes the lines of a log to an io.Writer from a goroutine of its own: a goroutine that logs may carry traffic
// or hold a lock, and never waits for the reader of the output.
type Output struct {
	changed func() // Trouble has changed
	unwatch func()
	lines   chan string
	quit    chan struct{}
	done    chan struct{}
	left    atomic.Uint64 // lines left out since the output took one

	mu      lock.Mutex[lock.LogOutput]
	refusal string // of the last write; empty: the output takes nothing, or all is well
}

// Print writes each line from now on to w. While w takes nothing, 1,024 lines wait for it and further ones are left
// out; once w takes lines again, one in their place says how many. changed, which must not wait, is called when Trouble
// has changed.
func (l *Log) Print(w io.Writer, changed func()) *Output {
	o := &Output{changed: changed, lines: make(chan string, outputKeep), quit: make(chan struct{}),
		done: make(chan struct{})}
	o.unwatch = l.Watch(false, o.offer)
	go o.run(w)
	return o
}

// Stop ends the output. What still waits for the writer has a second.
func (o *Output) Stop() {
	o.unwatch()
	close(o.quit)
	select {
	case <-o.done:
	case <-time.After(outputGrace):
	}
}

// Trouble tells what the output does instead of taking lines, and how many were left out since it took one. Without
// trouble, none were left out.
func (o *Output) Trouble() (why string, leftOut uint64) {
	leftOut = o.left.Load()
	if leftOut == 0 {
		return "", 0
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.refusal != "" {
		return o.refusal, leftOut
	}
	return "takes nothing", leftOut
}

// offer takes a line if there is room.
func (o *Output) offer(line string) {
	select {
	case o.lines <- line:
	default:
		o.lose()
	}
}

func (o *Output) lose() {
	if o.left.Add(1) == 1 {
		o.changed()
	}
}

func (o *Output) run(w io.Writer) {
	defer close(o.done)
	for {
		select {
		case line := <-o.lines:
			o.write(w, line)
		case <-o.quit:
			o.drain(w)
			return
		}
	}
}

// drain writes what waits.
func (o *Output) drain(w io.Writer) {
	for {
		select {
		case line := <-o.lines:
			o.write(w, line)
		default:
			return
		}
	}
}

// write writes a line. Once the output has taken all that waited for it, the next line tells how many came after that
// and were left out.
func (o *Output) write(w io.Writer, line string) {
	_, err := io.WriteString(w, line+"\n")
	o.mu.Lock()
	o.refusal = ""
	if err != nil {
		o.refusal = err.Error()
	}
	o.mu.Unlock()
	if err != nil {
		o.lose()
		return
	}
	if len(o.lines) > 0 || o.left.Load() == 0 {
		return
	}
	left := o.left.Swap(0)
	// If this fails, the next line finds out.
	_, _ = fmt.Fprintf(w, "(%d lines of the log are left out here: the output took nothing)\n", left)
	o.changed()
}
