package record

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/m2pa"
	"github.com/gostp/gostp/ss7"
)

// disk is a file that takes text only when it may.
type disk struct {
	may    chan struct{} // closed: it takes all
	text   bytes.Buffer
	fails  error
	closed bool
}

func (d *disk) Write(b []byte) (int, error) {
	<-d.may
	if d.fails != nil {
		return 0, d.fails
	}
	return d.text.Write(b)
}

func (d *disk) Close() error { d.closed = true; return nil }

func hanging() *disk { return &disk{may: make(chan struct{})} }

func quick() *disk {
	d := hanging()
	close(d.may)
	return d
}

// Nobody waits for a disk that takes nothing: what comes waits up to the bound, and then the recording ends with the
// reason. What was taken is written in its order when the disk takes it after all, and the file is closed.
func TestSpoolDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := hanging()
		s := NewSpool(d, 10)
		var taken string
		for _, text := range []string{"a line that is longer than the room\n", "1234\n", "5678\n", "9"} {
			n, err := io.WriteString(s, text)
			if taken += text[:n]; err != nil && !errors.Is(err, ErrSlow) {
				t.Error(err)
			}
			synctest.Wait()
		}
		if _, err := io.WriteString(s, ""); !errors.Is(err, ErrSlow) || !strings.HasSuffix(taken, "5678\n") {
			t.Errorf("%v after %q", err, taken)
		}
		if err := s.Close(time.Second); err == nil || err.Error() != "the disk has not taken the rest within 1s" {
			t.Error(err)
		}
		close(d.may)
		synctest.Wait()
		if d.text.String() != taken || !d.closed {
			t.Errorf("%q was written of %q; closed: %v", d.text.String(), taken, d.closed)
		}
	})
}

// A disk that is full is told, at the next step or at the end.
func TestSpoolTellsOfTheDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("no space left")
		d := quick()
		s := NewSpool(d, 10)
		_, _ = io.WriteString(s, "first")
		synctest.Wait()
		d.fails = full
		_, _ = io.WriteString(s, "second")
		synctest.Wait()
		if _, err := io.WriteString(s, "third"); !errors.Is(err, full) {
			t.Error(err)
		}
		if err := s.Close(time.Second); !errors.Is(err, full) || d.text.String() != "first" || !d.closed {
			t.Errorf("%v, %q, closed: %v", err, d.text.String(), d.closed)
		}
		if _, err := io.WriteString(s, "more"); err == nil {
			t.Error("a closed spool takes text")
		}
	})
}

// The step that a machine does not survive is in the file before the program ends.
func TestLastStepIsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := quick()
		now := time.Now()
		tape, err := New(NewSpool(d, 1<<20), "a link", now, m2pa.New(1, m2pa.Config{}), 10)
		if err != nil {
			t.Fatal(err)
		}
		step := func(ev ss7.Event, survives bool) {
			defer func() { _ = recover() }()
			defer tape.EndStep()
			tape.Do(now, &ev)
			if !survives {
				panic("a fault")
			}
			tape.Answer(nil)
		}
		step(ss7.Event{Kind: ss7.Start}, true)
		synctest.Wait()
		if d.closed {
			t.Error("a step that was survived ends the recording")
		}
		step(ss7.Event{Kind: ss7.Stop}, false)
		if text := d.text.String(); !strings.HasSuffix(text, "at 0s do Stop\n") || !d.closed {
			t.Errorf("closed: %v; %q", d.closed, text)
		}
	})
}
