package node

import (
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/internal/record"
	"github.com/gostp/gostp/internal/script"
	"github.com/gostp/gostp/m2pa"
	"github.com/gostp/gostp/m3ua/keys"
	"github.com/gostp/gostp/mtp3"
	"github.com/gostp/gostp/sctp/sctptest"
	"github.com/gostp/gostp/ss7"
)

// replays has another machine live through a recording, and compares its answers with those that were recorded.
func replays(t *testing.T, file string, machine ss7.Machine, has ...string) {
	t.Helper()
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got, err := script.Play(string(want), &record.Replay{Machine: machine, Types: []any{&keys.Selector{}}})
	if err != nil {
		t.Fatalf("%.400v", err)
	}
	if got != string(want) {
		t.Errorf("%s: %.4000s", file, script.Difference(string(want), got))
	}
	for _, text := range has {
		if !strings.Contains(got, text) {
			t.Errorf("%s: there is no %q in it", file, text)
		}
	}
	t.Logf("%s: %d octets, %d steps, %d answers", filepath.Base(file), len(got), strings.Count(got, "\nat "),
		strings.Count(got, "\n\t"))
}

// A node under load is recorded from the middle of its life on, while links fail and return, a neighbour says what it
// cannot reach, a link is inhibited and the configuration changes. Other machines live through the same.
func TestRecordingIsReplayed(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	network, link := filepath.Join(folder, "network.script"), filepath.Join(folder, "link.script")
	onMated(t, func(m *mated) {
		a := m.boxes["A"]
		a.want("debug cs7 record network "+network, "Recording to "+network+" until `undebug cs7 record`")
		a.want("debug cs7 record link M 0 "+link+" max 1000000", "Recording to "+link)
		r := rand.New(rand.NewSource(1))
		m.during(20*time.Second, func() {
			for range 4 {
				k := []int{11, 12, 13, 14}[r.Intn(4)]
				m.cut(true, k)
				time.Sleep(time.Duration(1000+r.Intn(2000)) * time.Millisecond)
				m.cut(false, k)
				time.Sleep(time.Duration(r.Intn(2000)) * time.Millisecond)
			}
			m.say("M", "A", mtp3.TFP, "4.4.4")
			time.Sleep(time.Second)
			m.say("M", "A", mtp3.TFA, "4.4.4")
			a.run("cs7 inhibit N 1")
		})
		m.cut(true, 11) // whatever came before, the recorded link fails
		time.Sleep(5 * time.Second)
		m.cut(false, 11)
		a.configure("cs7 route-table system", "update route 6.0.0/3 linkset M")
		time.Sleep(20 * time.Second)
		a.want("undebug cs7 record", "the network is recorded in "+network+"\n", "link 0 of linkset M is recorded in "+link)
		a.want("no debug cs7 record", "Nothing is recorded.")
	})
	replays(t, network, new(mtp3.Network), "do OutOfService", "do RetrievalComplete", "call Configure", "call SetInhibit",
		"call Hear ", "raise Retrieve", "tick")
	replays(t, link, new(m2pa.Link), "recv 1 ", "do Transfer", "raise Transfer", "raise Retrieved", "do CommLost")
}

// BenchmarkRecording is what a batch of 64 MSUs costs while the link that it comes by is recorded; BenchmarkCarry is
// the same without.
func BenchmarkRecording(b *testing.B) {
	c := newCarrier(b, 64, 60)
	f, err := os.Create(filepath.Join(b.TempDir(), "link.script"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	m := c.in.machine.(*m2pa.Link)
	tape, err := record.New(f, "a link", time.Now(), m, 1<<30)
	if err != nil {
		b.Fatal(err)
	}
	taped := &tapedLink{m, tape}
	c.in.machine, c.in.loop.Machine = taped, taped
	for b.Loop() {
		c.step()
	}
}

// What cannot be recorded is refused with the reason; a recording has an end.
func TestRecordingIsRefused(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		net := sctptest.NewMemory(1)
		a, b := newBox(t, net, configA), newBox(t, net, configB)
		defer a.Close()
		defer b.Close()
		file := filepath.Join(folder, "short")
		a.want("debug cs7 record network "+file+" max 3", "Recording to ")
		a.want("debug cs7 record network "+file+"2", "the network is recorded already: `undebug cs7 record` ends it")
		a.want("debug cs7 record link B 0 "+file, "file exists")
		a.want("debug cs7 record link B 7 "+file+"3", "there is no link 7 of linkset B")
		a.want("debug cs7 record link B 0 "+folder+"/none/x", "no such file or directory")
		time.Sleep(time.Minute)
		a.want("undebug cs7 record", "the network is recorded in "+file+", not to the end: the recording has as many steps")
		for _, name := range []string{"short2", "short3"} {
			if _, err := os.Stat(filepath.Join(folder, name)); err == nil {
				t.Errorf("%s is there", name)
			}
		}
		replays(t, file, new(mtp3.Network))
		a.want("show cs7 linkset B", "avail/links=2/2")
	})
}
