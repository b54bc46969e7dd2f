package node

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/sccp"
	"github.com/gostp/gostp/sctp/sctptest"
	"github.com/gostp/gostp/ss7"
)

// A table comes from a file; one with faults is told line by line and changes
// nothing; what is typed wins over the file.
func TestTableFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, saved := filepath.Join(dir, "table.csv"), filepath.Join(dir, "saved.csv")
	write := func(lines ...string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("# entries", "S,49,pcssn,2.2.2,gt", "S,4917,pcssn,2.2.2,pcssn,ssn 6", "S,,pcssn,2.2.2,gt,ntt 3")
	network(t, func(net *sctptest.Memory, a, b *box) {
		a.run("configure terminal", "cs7 gtt selector S tt 0 gti 4 np 1 nai 4", "gta 4918 pcssn 2.2.2 pcssn ssn 7",
			"cs7 gtt load "+file, "end")
		a.want("show cs7 gtt measurements", "3 entries from "+file)
		a.want("test cs7 gtt 491799", "entry           gta 4917", "leaves as       UDT to 2.2.2", "SSN 6",
			"route           linkset B")
		a.want("test cs7 gtt 491899", "entry           gta 4918", "SSN 7")
		a.want("test cs7 gtt 33", "entry           gta none (the default)", "tt 3")
		write("S,49,pcssn,2.2.2,gt", "S,4x,pcssn,2.2.2,gt", "T,49,pcssn,2.2.2,gt", "S,50,app-grp,G")
		a.want("cs7 gtt reload", "line 2: 'x' is no digit", "there is no selector T", "there is no application-group G",
			"has 3 faults; the table is as it was")
		a.want("test cs7 gtt 491799", "entry           gta 4917")
		if err := os.WriteFile(saved, []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
		old, err := os.Open(saved)
		if err != nil {
			t.Fatal(err)
		}
		defer old.Close()
		a.want("cs7 save gtt-table "+saved, "4 entries written")
		if got, err := io.ReadAll(old); err != nil || string(got) != "old" { // another file has taken its place
			t.Errorf("%s %v", got, err)
		}
		write("S,44,pcssn,2.2.2,gt")
		a.want("cs7 gtt reload", "1 entries in use")
		a.want("test cs7 gtt 491799",
			"NOT RELAYED: no translation for this specific address; the sender would be told cause 1")
	})
	got, err := os.ReadFile(saved)
	if err != nil || string(got) != "S,,pcssn,2.2.2,gt,ntt 3\nS,49,pcssn,2.2.2,gt\nS,4917,pcssn,2.2.2,pcssn,ssn "+
		"6\nS,4918,pcssn,2.2.2,pcssn,ssn 7\n" {
		t.Errorf("%s %v", got, err)
	}
}

// A file of titles that cannot be read is an alarm until it is mended or no longer named, and
// one line in the log, however many lines of configuration follow.
func TestAlarmOfAFaultyFileOfTitles(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "table.csv")
	network(t, func(net *sctptest.Memory, a, b *box) {
		a.run("configure terminal", "cs7 gtt selector S tt 0 gti 4 np 1 nai 4", "cs7 gtt load "+file,
			"hostname X", "hostname A", "end")
		a.want("show alarms", "file of titles", file+" not loaded", "no such file", "`cs7 gtt reload`")
		if got := a.run("show logging"); strings.Count(got, "CS7GTT-3-LOAD") != 1 {
			t.Errorf("the fault is told once, not for every line:\n%s", got)
		}
		if err := os.WriteFile(file, []byte("S,49,pcssn,2.2.2,gt\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		a.run("cs7 gtt reload")
		a.want("show alarms", "No alarms.")
		if err := os.WriteFile(file, []byte("S,4x,pcssn,2.2.2,gt\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		a.run("cs7 gtt reload")
		a.want("show alarms", "file of titles", "line 1: 'x' is no digit")
		a.run("configure terminal", "no cs7 gtt load", "end")
		a.want("show alarms", "No alarms.")
	})
}

// Pings end with what is known: an SSA, a return, silence.
func TestPingSCCP(t *testing.T) {
	t.Parallel()
	network(t, func(net *sctptest.Memory, a, b *box) {
		a.want("ping sccp 2.2.2", "Subsystem 1 at 2.2.2 is allowed")
		a.want("ping sccp 2.2.2 ssn 9 timeout 100", "No SSA from 2.2.2 for subsystem 9", "% test failed")
		a.want("ping sccp 5.5.5", "not sent: no route to the destination")
		a.run("configure terminal", "cs7 gtt selector S tt 0 gti 4 np 1 nai 4", "gta 49 pcssn 2.2.2 pcssn",
			"gta 50 pcssn 5.5.5 pcssn", "end")
		a.want("ping gt 49123", "Reached 2.2.2", "cause 4, unequipped user 14")
		a.want("ping gt 49123 ssn 1 timeout 100", "Nothing came back", "% test failed")
		a.want("ping gt 50123", "Returned by this node: MTP failure")
		a.want("ping gt 51123", "Returned by this node: no translation for this specific address")
		a.want("show cs7 sccp statistics", "UDT      ", "UDTS     ", "SST      ",
			"not relayed: point code not available (MTP failure)          1")
		b.want("show cs7 sccp statistics", "not relayed: subsystem unequipped here                       1")
	})
}

// A subsystem that goes takes the traffic to its mate's point, and the points that
// are concerned are told.
func TestSubsystemState(t *testing.T) {
	t.Parallel()
	network(t, func(net *sctptest.Memory, a, b *box) {
		a.run("configure terminal", "cs7 gtt map 2.2.2 6 solitary", "cs7 gtt selector S tt 0 gti 4 np 1 nai 4",
			"gta 49 pcssn 2.2.2 pcssn ssn 6", "end")
		a.want("show cs7 gtt map", "2.2.2          6    sol       -              -    allowed   allowed")
		pc, _ := ss7.ITU.Notation.Parse("2.2.2")
		b.core.ask(func() {
			to, _ := ss7.ITU.Notation.Parse("1.1.1")
			address := []byte{0x42, 1}
			p, _ := sccp.Append(nil, &sccp.Message{Type: sccp.UDT, Called: address, Calling: address,
				Data: sccp.AppendNotice(ss7.ITU, nil, sccp.Notice{Command: sccp.SSP, SSN: 6, PC: pc})})
			b.core.originate(ss7.Event{Kind: ss7.Transfer, MSU: ss7.MSU{DPC: to, OPC: pc, NI: b.Config().Network(),
				SI: ss7.SCCP, Payload: p}})
		})
		time.Sleep(time.Second)
		a.want("show cs7 gtt map", "allowed   prohib", "prohibited subsystems [6]")
		a.want("test cs7 gtt 49123", "NOT RELAYED: subsystem not available there; the sender would be told cause 3")
		a.want("show logging", "CS7SCCP-5-SUBSYSTEM: Subsystem 6 at 2.2.2 is prohibited")
		b.Close()
		time.Sleep(30 * time.Second)
		a.want("show cs7 gtt map", "prohib    prohib")
	})
}

// Q.714 §5.3.5: half of a duplicated subsystem is withdrawn when the other half grants it, and
// who is concerned hears of it; without another half nobody can be asked.
func TestWithdrawSubsystem(t *testing.T) {
	t.Parallel()
	network(t, func(net *sctptest.Memory, a, b *box) {
		for _, x := range []struct {
			*box
			me, far string
		}{{a, "1.1.1", "2.2.2"}, {b, "2.2.2", "1.1.1"}} {
			x.run("configure terminal", "cs7 sccp local-ssn 8", "cs7 sccp local-ssn 9",
				"cs7 gtt map "+x.me+" 8 dominant "+x.far+" 8", "cs7 gtt map "+x.far+" 8 solitary", "end")
		}
		a.want("cs7 sccp withdraw 9",
			"nobody can take over for subsystem 9: `cs7 gtt map 1.1.1 9 dominant PC SSN` names its other half")
		a.want("cs7 sccp withdraw 10", "there is no subsystem 10 here: `cs7 sccp local-ssn 10` makes one")
		a.want("cs7 sccp withdraw 8", "Its other half is asked")
		time.Sleep(time.Second)
		a.want("show logging", "%CS7SCCP-5-SUBSYSTEM: Subsystem 8 of this node is withdrawn: 2.2.2 takes over")
		a.want("show cs7 sccp subsystems", "8    prohib    2.2.2 8              prohibited or withdrawn at the prompt; "+
			"`cs7 sccp allow` puts it back", "9    allowed   -")
		b.want("show cs7 gtt map", "1.1.1          8    sol       -              -    allowed   prohib")
		b.want("cs7 sccp withdraw 8",
			"its other half, subsystem 8 at 1.1.1, is prohibited or cannot be reached: nobody could take over")
		a.run("cs7 sccp allow 8")
		time.Sleep(time.Second)
		b.want("show cs7 gtt map", "1.1.1          8    sol       -              -    allowed   allowed")
		// The far end has no such subsystem any more, and says nothing.
		b.run("configure terminal", "no cs7 sccp local-ssn 8", "end")
		a.run("cs7 sccp withdraw 8")
		time.Sleep(time.Second)
		a.want("show cs7 sccp subsystems",
			"8    allowed   2.2.2 8              to be withdrawn: its other half has 1m29s more to grant it")
		time.Sleep(90 * time.Second)
		a.want("show logging", "Subsystem 8 of this node stays: 2.2.2 has not granted its withdrawal in 1m30s")
		b.run("cs7 sccp prohibit 9")
		b.want("show cs7 sccp subsystems", "9    prohib")
	})
}

// The way of a translated message allocates nothing once its memory has grown.
func TestRelayAllocatesNothing(t *testing.T) {
	network(t, func(net *sctptest.Memory, a, b *box) {
		a.run("configure terminal", "cs7 gtt selector S tt 0 gti 4 np 1 nai 4", "gta 49 pcssn 3.3.3 pcssn", "end")
		me, _ := ss7.ITU.Notation.Parse("1.1.1")
		called := sccp.AppendAddress(ss7.ITU, nil, &sccp.Address{HasSSN: true, SSN: 6, GTI: 4,
			Title: []byte{0, 0x12, 4, 0x94, 0x21}})
		p, _ := sccp.Append(nil, &sccp.Message{Type: sccp.UDT, Called: called, Calling: called, Data: make([]byte, 60)})
		m := ss7.MSU{DPC: me, OPC: 99, NI: a.Config().Network(), SI: ss7.SCCP, Payload: p}
		tr := transfer{}
		v, now := a.view.Load(), time.Now()
		a.log.Allow("sccp", 1, time.Second) // its lines are bounded, and cost
		if n := testing.AllocsPerRun(100, func() {
			tr.arena, tr.relayed = tr.arena[:0], tr.relayed[:0]
			a.relay(now, v, &tr, 1, &m)
		}); n != 0 {
			t.Error(n, "allocations")
		}
	})
}
