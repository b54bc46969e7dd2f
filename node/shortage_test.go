package node

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/sctp/sctptest"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// Nobody reads the output: who logs goes on, an alarm tells of it, and when somebody reads
// again the place where lines are missing says how many.
func TestOutputThatNobodyReads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newBox(t, sctptest.NewMemory(1), configA)
		defer a.Close()
		r, w := io.Pipe()
		stop := a.Print(w)
		for i := range 3000 {
			a.Log().Add("TEST", 5, "LINE", fmt.Sprint("number ", i))
			if i == 0 {
				synctest.Wait() // it is being written
			}
		}
		synctest.Wait()
		a.want("show alarms", "Minor", "standard output", "takes nothing: 1975 lines of the log are left out of it")
		read := make(chan string)
		go func() {
			var text strings.Builder
			for s := bufio.NewScanner(r); s.Scan(); {
				fmt.Fprintln(&text, s.Text())
			}
			read <- text.String()
		}()
		synctest.Wait()
		if got := a.run("show alarms"); strings.Contains(got, "standard output") {
			t.Error("the output is read again, and still alarmed:", got)
		}
		a.Log().Add("TEST", 5, "LINE", "the last")
		stop()
		w.Close()
		text := <-read
		gap := "number 1024\n(1975 lines of the log are left out here: the output took nothing)\n"
		if !strings.Contains(text, gap) || !strings.HasSuffix(text, "the last\n") {
			t.Errorf("%.400s … %s", text, text[max(0, len(text)-200):])
		}
	})
}

type refusing struct{}

func (refusing) Write([]byte) (int, error) { return 0, errors.New("write: broken pipe") }

// Whoever read the output has gone: that is an alarm with the reason, and a node that stops
// does not wait.
func TestOutputThatIsGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newBox(t, sctptest.NewMemory(1), configA)
		defer a.Close()
		stop := a.Print(refusing{})
		a.Log().Add("TEST", 5, "LINE", "once")
		synctest.Wait()
		a.want("show alarms", "standard output", "write: broken pipe: 1 lines of the log are left out of it")
		stop()
		if got := a.run("show alarms"); strings.Contains(got, "standard output") {
			t.Error("there is no output any more, and it is still alarmed:", got)
		}
	})
}

// What the program around the node runs out of is an alarm, and two lines of the log.
func TestShortageIsAnAlarm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newBox(t, sctptest.NewMemory(1), configA)
		defer a.Close()
		a.Short("console /run/x", "no console can be opened: too many open files")
		a.Short("console /run/x", "no console can be opened: too many open files")
		a.want("show alarms", "Major", "console /run/x", "no console can be opened: too many open files")
		a.Short("console /run/x", "")
		if got := a.run("show alarms"); strings.Contains(got, "console /run/x") {
			t.Error(got)
		}
		got := a.run("show logging")
		if strings.Count(got, "%SYS-3-RESOURCE") != 1 || strings.Count(got, "%SYS-5-RESOURCE") != 1 {
			t.Error(got)
		}
	})
}

// An association that was ended for what it holds of the memory of all is an alarm for a minute.
func TestMemoryOfAllAssociationsIsShown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newBox(t, sctptest.NewMemory(1), configA)
		defer a.Close()
		a.want("show sctp statistics", "messages that are not whole  0 of 33554432 octets; 0 associations",
			"what waits for far ends      0 of 134217728 octets; 0 messages refused",
			"what waits for users here    0 of 32768 MSUs")
		a.memoryShort("it holds 5000000 octets of messages that are not whole, and all have 33554432")
		a.want("show alarms", "Major", memoryName, "an association was ended: it holds 5000000 octets")
		time.Sleep(50 * time.Second)
		a.backlogShort("more than 134217728 octets wait for far ends that take too little")
		a.memoryShort("it holds 6000000 octets of messages that are not whole, and all have 33554432")
		time.Sleep(50 * time.Second)
		a.want("show alarms", "an association was ended: it holds 6000000 octets", backlogName)
		time.Sleep(11 * time.Second)
		if got := a.run("show alarms"); strings.Contains(got, "not whole") || strings.Contains(got, backlogName) {
			t.Error(got)
		}
	})
}

// No descriptor for an association is an alarm, at a port of whatever transport.
func TestNoDescriptorForAnAssociation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newBox(t, sctptest.NewMemory(1), configA)
		defer a.Close()
		a.associations.Lack("no association can be accepted: too many open files")
		a.want("show alarms", "Major", filesName, "no association can be accepted: too many open files; `ulimit -n`")
		time.Sleep(memoryTold + time.Second)
		if got := a.run("show alarms"); strings.Contains(got, filesName) {
			t.Error(got)
		}
	})
}

// What far ends have used up is an alarm until it is free again, however long that takes.
func TestShortageLastsUntilThereIsRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newBox(t, sctptest.NewMemory(1), configA)
		defer a.Close()
		a.associations.full.Store(true)
		a.waitShort()
		time.Sleep(10 * time.Minute)
		a.want("show alarms", "Major", waitName, "octets wait for ASPs to become active")
		if got := a.run("show logging"); strings.Contains(got, "no shortage any more") {
			t.Error(got)
		}
		a.associations.full.Store(false)
		time.Sleep(memoryTold + time.Second)
		if got := a.run("show alarms"); strings.Contains(got, waitName) {
			t.Error(got)
		}
	})
}

// A console that takes nothing holds nobody up: no command prints under a lock.
func TestConsoleThatTakesNothing(t *testing.T) {
	t.Parallel()
	titles := filepath.Join(t.TempDir(), "titles")
	if err := os.WriteFile(titles, []byte("S,4917,pcssn,9.9.9.9,gt\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	commands := strings.Split(`show cs7 access-lists
debug cs7 mtp3 paklog 2700
undebug all
cs7 gtt reload
show cs7 linkset detail
show cs7 route
show alarms
show alarms history
show cs7 as detail
show cs7 asp detail
show cs7 m3ua
show cs7 m2ua detail
show sctp association detail
show sctp statistics
show cs7 gtt measurements
show running-config
show logging
show cs7 mtp3 statistics
show cs7 mtp3 errors
show cs7 local-peer
show version`, "\n")
	synctest.Test(t, func(t *testing.T) {
		a := newBox(t, sctptest.NewMemory(1), configA)
		defer a.Close()
		a.run("configure terminal", "cs7 gtt selector S tt 0 gti 4 np 1 nai 4", "cs7 gtt load "+titles,
			"access-list 2700 permit all", "cs7 paklog 127.0.0.1", "end")
		for _, line := range commands {
			_, w := io.Pipe()
			s := cli.NewSession(a.Node, a.Tree(), w)
			s.Enable()
			go s.Run(t.Context(), line)
			synctest.Wait() // it is printing
			if !a.applying.TryLock() {
				w.Close()
				t.Fatalf("%s prints while it keeps everybody from applying anything", line)
			}
			a.applying.Unlock()
			if !a.core.ask(func() {}) {
				t.Errorf("%s: the core does not answer", line)
			}
			a.m3ua.status() // or the test ends here
			w.Close()
		}
	})
}

// What waits for ASPs is bounded for all AS together: where much waits, each keeps its share.
func TestWaitingForASPsIsBoundedInAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newBox(t, sctptest.NewMemory(1), configA)
		defer a.Close()
		msu := []*ss7.MSU{{SI: ss7.ISUP, Payload: make([]byte, 4000)}}
		way := &xua.Way{State: xua.ASPending}
		var all []*m3uaAS
		for range 12 {
			s := newM3UAAS(a.Node, 0, "")
			s.way.Store(way)
			for range 3000 {
				s.wait(time.Now(), way, 0, msu)
			}
			all = append(all, s)
		}
		synctest.Wait()
		sum := int64(0)
		for i, s := range all {
			n, _ := s.waiting()
			if most := map[bool]int{true: 2097, false: 65}[i < 8]; n > most || n < 60 {
				t.Errorf("%d messages wait at AS %d", n, i)
			}
			sum += int64(n * 4160)
		}
		if is := a.associations.waiting.Load(); is != sum || is > waitMost+12*waitShare+4160 {
			t.Errorf("%d octets wait, and %d are counted", sum, is)
		}
		a.want("show alarms", waitName, "more than 67108864 octets wait for ASPs to become active")
		a.want("show sctp statistics", fmt.Sprintf("what waits for ASPs          %d of 67108864 octets", sum))
		for _, s := range all {
			s.publish(nil)
		}
		if is := a.associations.waiting.Load(); is != 0 {
			t.Errorf("nothing waits, and %d octets are counted", is)
		}
	})
}
