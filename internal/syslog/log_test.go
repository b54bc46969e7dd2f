package syslog

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// settled calls Settle every ten seconds, as a node does.
func settled(t *testing.T, l *Log) {
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		tick := time.NewTicker(10 * time.Second)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				l.Settle()
			}
		}
	}()
	t.Cleanup(stop)
}

func countLines(l *Log, text string) (n int) {
	lines, _ := l.Lines()
	for _, x := range lines {
		if strings.Contains(x, text) {
			n++
		}
	}
	return n
}

// An association that flaps all night leaves a log of few lines, in which the lines of
// others stand.
func TestLogIsReadableAfterANight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New()
		settled(t, l)
		ended := func(i int) string { return fmt.Sprintf("association 4 of ASP A ended after %ds: %s", i%3, "reset") }
		for i := range 8 * 3600 {
			up := fmt.Sprintf("association 4 of ASP A is up with 10.0.0.4 port %d", 2000+i)
			l.AddFrom("ASP A", "CS7SCTP", 5, "ASSOC", up)
			l.AddFrom("ASP A", "CS7SCTP", 5, "ASSOC", ended(i))
			if i == 3600 {
				l.AddFrom("ASP B", "CS7SCTP", 5, "ASSOC", "association 5 of ASP B ended after 4d: no answer")
				l.AddFrom("ASP A", "CS7SCTP", 5, "ASSOC", "association 4 of ASP A ended after 0s: another reason")
			}
			time.Sleep(time.Second)
		}
		time.Sleep(10 * time.Minute)
		lines, _ := l.Lines()
		t.Log(strings.Join(lines, "\n"))
		if n := countLines(l, "ASP A"); n > 20 {
			t.Errorf("%d lines about one association that flapped for eight hours", n)
		}
		if n := countLines(l, "is told once an hour"); n != 1 {
			t.Errorf("that it repeats is told %d times", n)
		}
		if n := countLines(l, "it still repeats: 7"); n != 8 { // two each second, 7,200 an hour
			t.Errorf("%d lines an hour with a count in eight hours", n)
		}
		if n := countLines(l, "it repeats no more"); n != 1 {
			t.Errorf("that it is over is told %d times", n)
		}
		for _, text := range []string{"ASP B ended after 4d", "ASP A ended after 0s: another reason"} {
			if countLines(l, text) != 1 {
				t.Errorf("the log has no %q", text)
			}
		}
	})
}

// A linkset that fails with many destinations behind it says how many of them the log leaves
// out, although nothing comes after them.
func TestLogTellsWhatItLeavesOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New()
		settled(t, l)
		for i := range 1000 {
			who := fmt.Sprintf("4.%d.0", i)
			l.AddFrom(who, "CS7MTP3", 5, "DESTSTATUS", "Destination "+who+" is inaccessible")
			l.Allow("another kind", 0, time.Hour)
		}
		time.Sleep(time.Minute)
		lines, _ := l.Lines()
		const last = "Destination 4.999.0 is inaccessible (the last of 970 like this that were left out)"
		if n := len(lines); n != 31 || !strings.Contains(lines[n-1], "%CS7MTP3-5-DESTSTATUS: "+last) {
			t.Errorf("%d lines, the last of them %q", n, lines[n-1])
		}
		l.AddFrom("4.0.0", "CS7MTP3", 5, "DESTSTATUS", "Destination 4.0.0 is accessible")
		if lines, _ := l.Lines(); !strings.HasSuffix(lines[len(lines)-1], "Destination 4.0.0 is accessible") {
			t.Errorf("what was told is told again: %q", lines[len(lines)-1])
		}
	})
}

// What happens now and then is told each time.
func TestLogTellsWhatIsRare(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New()
		settled(t, l)
		for range 20 {
			l.AddFrom("ASP A", "CS7SCTP", 5, "ASSOC", "association 4 of ASP A ended after 5m: reset")
			l.AddFrom("ASP A", "CS7SCTP", 5, "ASSOC", "association 4 of ASP A is up")
			time.Sleep(5 * time.Minute)
		}
		if n := countLines(l, "ASP A"); n != 40 {
			t.Errorf("%d of 40 lines", n)
		}
	})
}

// Objects that are never seen twice cannot fill the memory.
func TestLogRemembersABoundedNumber(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New()
		for i := range 3 * repeatsMost {
			l.AddFrom(fmt.Sprint(i), "CS7SCTP", 4, "NOLINK", "refused")
		}
		if n := len(l.repeats.of); n > repeatsMost {
			t.Errorf("%d are remembered", n)
		}
		time.Sleep(time.Hour)
		l.Settle()
		if n := len(l.repeats.of); n != 0 {
			t.Errorf("%d are remembered after an hour of silence", n)
		}
	})
}

// Nothing that a far end or a file says can make a line of the log, or an octet of a
// terminal's, but printable characters.
func TestLogIsPrintable(t *testing.T) {
	t.Parallel()
	l := New()
	var seen string
	defer l.Watch(true, func(line string) { seen = line })()
	l.Add("CS7SCTP", 5, "ASSOC", "reset: \x1b[2J\n*Jan 01 00:00:00.000: %SYS-1-FORGED: all is well\u009b31m")
	lines, _ := l.Lines()
	if len(lines) != 1 || seen != lines[0] || strings.ContainsAny(seen, "\x1b\n\u009b") {
		t.Errorf("%q", lines)
	}
	want := `: reset: \x1b[2J\n*Jan 01 00:00:00.000: %SYS-1-FORGED: all is well\u009b31m`
	if !strings.HasSuffix(seen, want) {
		t.Errorf("%q", seen)
	}
}

// A flood of lines of one kind leaves its first ones, and a count.
func TestLogIsLimited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New()
		for i := range 1000 {
			l.AddLimited("X", 4, "Y", fmt.Sprint(i))
		}
		if lines, _ := l.Lines(); len(lines) != limitBurst {
			t.Errorf("%d lines", len(lines))
		}
		time.Sleep(time.Second)
		l.AddLimited("X", 4, "Y", "again")
		lines, _ := l.Lines()
		if last := lines[len(lines)-1]; !strings.Contains(last, "970 like this left out") {
			t.Error(last)
		}
	})
}

// To look whether a line is due costs no memory.
func TestAllowAllocatesNothing(t *testing.T) {
	l := New()
	l.Allow("discard", 7, time.Second)
	if n := testing.AllocsPerRun(100, func() { l.Allow("discard", 7, time.Second) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// The lines of a labelled part stand in the one buffer; what floods a part hides nothing in another.
func TestLabelledHasBoundsOfItsOwn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New()
		part := l.Labelled("Instance 1: ")
		for range 2 * limitBurst {
			part.AddLimited("X", 4, "Y", "flood")
		}
		l.AddLimited("X", 4, "Y", "another")
		part.SetDebug("sctp", true)
		part.Debug("sctp", "tried")
		if n := countLines(l, ": %X-4-Y: Instance 1: flood"); n != limitBurst {
			t.Errorf("%d lines of the flood", n)
		}
		if countLines(l, ": %X-4-Y: another") != 1 || countLines(l, ": sctp: Instance 1: tried") != 1 {
			t.Error(part.Lines())
		}
	})
}

// The buffer keeps the last lines in their order, and a console that was made quiet gets none.
func TestBufferKeepsTheLast(t *testing.T) {
	t.Parallel()
	l := New()
	var console, monitor int
	defer l.Watch(true, func(string) { console++ })()
	defer l.Watch(false, func(string) { monitor++ })()
	l.SetConsole(false)
	for i := range Keep + 5 {
		l.Add("X", 5, "Y", fmt.Sprintf("number %d.", i))
	}
	lines, total := l.Lines()
	if len(lines) != Keep || total != Keep+5 || !strings.HasSuffix(lines[0], " 5.") ||
		!strings.HasSuffix(lines[Keep-1], fmt.Sprintf(" %d.", Keep+4)) {
		t.Errorf("%d of %d lines, from %q to %q", len(lines), total, lines[0], lines[len(lines)-1])
	}
	if console != 0 || monitor != Keep+5 {
		t.Errorf("the console got %d lines, a monitor %d", console, monitor)
	}
	l.Clear()
	if lines, total := l.Lines(); len(lines) != 0 || total != Keep+5 {
		t.Errorf("%d of %d lines after clear", len(lines), total)
	}
}

// A storm in which each line says something new has a bound, too, and the lines of others stay apart from it.
func TestNewsInAStormAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New()
		settled(t, l)
		for i := range 500 {
			l.AddFrom("ASP A", "CS7SCTP", 5, "ASSOC", strings.Repeat("x", i+1))
			time.Sleep(time.Second)
		}
		if n := countLines(l, "%CS7SCTP-5-ASSOC: x"); n > repeatBurst+repeatShapes {
			t.Errorf("%d lines of one object", n)
		}
	})
}

// A line that says the same as the one before it is a storm sooner than lines that take turns.
func TestTheSameIsAStormSooner(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New()
		for i := range 4 {
			l.AddFrom("ASP A", "CS7SCTP", 5, "ASSOC", fmt.Sprintf("refused at port %d", i))
			l.AddFrom("ASP B", "CS7SCTP", 5, "ASSOC", []string{"B is up", "B is down"}[i%2])
		}
		if countLines(l, "refused") != 3 || countLines(l, "port 2 (this repeats") != 1 || countLines(l, "B is") != 4 {
			t.Error(l.Lines())
		}
	})
}

// Allow has one interval for each object and kind.
func TestAllowHasAnInterval(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New()
		allowed := 0
		for range 100 {
			if l.Allow("discard", 7, 50*time.Millisecond) {
				allowed++
			}
			time.Sleep(5 * time.Millisecond)
		}
		if allowed < 9 || allowed > 11 {
			t.Errorf("%d lines in half a second, of one in 50 ms", allowed)
		}
		if !l.Allow("discard", 8, time.Hour) || !l.Allow("another", 7, time.Hour) {
			t.Error("one object takes the line of another")
		}
	})
}

// What is left out is told by the next line of its kind, and by Settle when none comes any more. A flood of one kind
// leaves out nothing of another.
func TestLeftOutIsToldOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New()
		for range 100 {
			for range 5 {
				l.AddLimited("X", 4, "Y", "flood")
			}
			l.Settle()
			time.Sleep(100 * time.Millisecond)
		}
		l.AddLimited("X", 4, "Z", "another")
		if countLines(l, "the last of") != 0 || countLines(l, "another") != 1 {
			t.Error(l.Lines())
		}
		time.Sleep(limitQuiet)
		l.Settle()
		l.Settle()
		if countLines(l, "flood (the last of") != 1 {
			t.Error(l.Lines())
		}
	})
}

// A buffer that was cleared while it was full fills again in its order.
func TestClearedBufferKeepsTheOrder(t *testing.T) {
	t.Parallel()
	l := New()
	for range Keep + 5 {
		l.Add("X", 5, "Y", "before")
	}
	l.Clear()
	for i := range Keep + 3 {
		l.Add("X", 5, "Y", fmt.Sprintf("number %d.", i))
	}
	lines, _ := l.Lines()
	for i, line := range lines {
		if !strings.HasSuffix(line, fmt.Sprintf(" %d.", i+3)) {
			t.Fatalf("line %d is %q", i, line)
		}
	}
}
