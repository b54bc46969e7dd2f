package sccp

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/gostp/gostp/sccp/gtt"
	"github.com/gostp/gostp/ss7"
)

// captured reads the messages of real networks in testdata, by variant; and all messages of the
// files that they are from, where GOSTP_CAPTURES says in which folder these are.
func captured(t testing.TB) map[*ss7.Variant][][]byte {
	t.Helper()
	text, err := os.ReadFile("testdata/captured.txt")
	if err != nil {
		t.Fatal(err)
	}
	out, file := map[*ss7.Variant][][]byte{}, ""
	variants := map[string]*ss7.Variant{"ITU": ss7.ITU, "ANSI": ss7.ANSI, "TTC": ss7.TTC}
	for line := range strings.Lines(string(text)) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		v := variants[name]
		if v == nil {
			file = rest // of the messages that follow
			continue
		}
		out[v] = append(out[v], octets(rest))
		if file != "" && captures != "" {
			out[v] = append(out[v], allSCCP(t, v, filepath.Join(captures, file))...)
			file = ""
		}
	}
	return out
}

var captures = os.Getenv("GOSTP_CAPTURES")

var rawSCCP = regexp.MustCompile(`"sccp_raw":\s*\[\s*"([0-9a-f]+)"`)

// allSCCP is every SCCP message that tshark finds in a capture.
func allSCCP(t testing.TB, v *ss7.Variant, file string) (out [][]byte) {
	t.Helper()
	text, err := exec.Command("tshark", append(standard(v), "-r", file, "-T", "jsonraw")...).Output()
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	for _, m := range rawSCCP.FindAllSubmatch(text, -1) {
		out = append(out, octets(string(m[1])))
	}
	return out
}

// What real networks sent is read, and written as it was.
func TestCaptured(t *testing.T) {
	types, other := map[Type]int{}, 0
	for v, messages := range captured(t) {
		for _, b := range messages {
			m, err := Parse(b)
			if err != nil {
				t.Errorf("%s %x: %v", v.Name, b, err)
				continue
			}
			types[m.Type]++
			again, ok := Append(nil, &m)
			if second, err := Parse(again); !ok || err != nil || !reflect.DeepEqual(second, m) {
				t.Errorf("%v %x became %x", m.Type, b, again)
			}
			if !bytes.Equal(again, b) {
				other++
			}
			for _, b := range [][]byte{m.Called, m.Calling, m.Option(paramCalling)} {
				a, err := ParseAddress(v, b)
				if again := AppendAddress(v, nil, &a); err != nil || len(b) > 0 && !bytes.Equal(again, b) {
					t.Errorf("address %x became %x, %v", b, again, err)
				}
			}
		}
	}
	t.Log(types, "written otherwise:", other)
	// One UDT has its parts in another order, one RLSD an octet behind its end; in the files
	// are more of them.
	if captures == "" && other != 2 {
		t.Errorf("%d are written otherwise than they came", other)
	}
}

// field is an element of tshark's PDML.
type field struct {
	Name   string  `xml:"name,attr"`
	Show   string  `xml:"show,attr"`
	Fields []field `xml:"field"`
	Protos []field `xml:"proto"`
}

// collect notes what tshark shows of SCCP, but for where it stands.
func (f *field) collect(into map[string]string) {
	place := strings.Contains(f.Name, "pointer") || strings.HasSuffix(f.Name, "_length") ||
		strings.HasPrefix(f.Name, "_ws") || f.Name == ""
	if !place && strings.HasPrefix(f.Name, "sccp.") && !strings.Contains(f.Name, "assoc") {
		into[f.Name] += f.Show + " "
	}
	for i := range f.Fields {
		f.Fields[i].collect(into)
	}
}

// shown is what tshark shows of SCCP in each message, by the names of its fields.
func shown(t *testing.T, v *ss7.Variant, messages [][]byte) []map[string]string {
	t.Helper()
	var doc struct {
		Packets []field `xml:"packet"`
	}
	if err := xml.Unmarshal(tshark(t, v, messages, "-T", "pdml"), &doc); err != nil {
		t.Fatal(err)
	}
	var out []map[string]string
	for _, p := range doc.Packets {
		fields := map[string]string{}
		for i := range p.Protos {
			if p.Protos[i].Name == "sccp" {
				p.Protos[i].collect(fields)
			}
		}
		out = append(out, fields)
	}
	if len(out) != len(messages) {
		t.Fatalf("tshark read %d of %d messages", len(out), len(messages))
	}
	return out
}

// Wireshark and this package find the same in what real networks sent.
func TestWiresharkCaptured(t *testing.T) {
	for v, messages := range captured(t) {
		for i, f := range shown(t, v, messages) {
			m, _ := Parse(messages[i])
			want := map[string]string{"sccp.message_type": fmt.Sprintf("0x%02x", uint8(m.Type))}
			if m.Type.Connectionless() && !m.Type.Service() || m.Type == CR || m.Type == CC {
				want["sccp.class"] = fmt.Sprintf("0x%02x", m.Class&15)
			}
			if m.SLR != 0 {
				want["sccp.slr"] = fmt.Sprintf("0x%06x", m.SLR)
			}
			if m.DLR != 0 {
				want["sccp.dlr"] = fmt.Sprintf("0x%06x", m.DLR)
			}
			calling := m.Calling
			if m.Type == CR {
				calling = m.Option(paramCalling)
			}
			addressFields(v, "called", m.Called, want)
			addressFields(v, "calling", calling, want)
			for name, x := range want {
				if got := strings.TrimSpace(f[name]); got != x {
					t.Errorf("%s %x: %s is %q for Wireshark, %q for us", v.Name, messages[i], name, got, x)
				}
			}
		}
	}
}

// addressFields is what tshark should show of an address.
func addressFields(v *ss7.Variant, whose string, b []byte, into map[string]string) {
	a, err := ParseAddress(v, b)
	// An ANSI address without the national bit is read as ITU's by Wireshark; those that
	// send it mean ANSI's.
	if err != nil || len(b) == 0 || v == ss7.ANSI && !a.National {
		return
	}
	set := func(name string, has bool, x string) {
		if has {
			into["sccp."+whose+"."+name] = x
		}
	}
	ri := "0x00"
	if a.OnSSN {
		ri = "0x01"
	}
	set("ri", true, ri)
	set("ssn", a.HasSSN, fmt.Sprint(a.SSN))
	if v == ss7.ITU {
		set("pc", a.HasPC, fmt.Sprint(a.PC))
	}
	if t, ok := a.ParseTitle(v); ok {
		set("digits", true, strings.ToLower(t.Digits.String()))
		set("tt", t.Nature.GTI != 1, fmt.Sprintf("0x%02x", t.Nature.TT))
	}
}

// relayFor translates every title of a message to hlr, to be translated again there.
func relayFor(v *ss7.Variant, b []byte) (Verdict, *View) {
	view := view()
	view.Variant = v
	m, _ := Parse(b)
	if a, err := ParseAddress(v, m.Called); err == nil {
		if title, ok := a.ParseTitle(v); ok {
			view.Table = gtt.NewTable([]*gtt.Selector{selector(title.Nature,
				map[string]gtt.Result{"": to(hlr, true, gtt.Keep)})}, nil, nil)
		}
		view.Local[a.SSN>>6] |= 1 << (a.SSN & 63)
	}
	d, _ := view.Relay(&ss7.MSU{DPC: me, OPC: origin, SI: ss7.SCCP, Payload: b}, "", 1, nil)
	return d, view
}

// What real networks sent is relayed: what routes on a title leaves with every field as
// it was, for Wireshark, but for those that a relay has to change; what routes on a
// subsystem is for this node; what belongs to a connection is refused as annex B of
// Q.714 has it.
func TestWiresharkCapturedRelayed(t *testing.T) {
	fates := map[string]int{}
	for v, messages := range captured(t) {
		var before, after [][]byte
		for _, b := range messages {
			m, _ := Parse(b)
			called, _ := ParseAddress(v, m.Called)
			d, _ := relayFor(v, b)
			fates[fmt.Sprint(d.Type, " ", d.Fate, " ", d.Reason)]++
			switch {
			case d.Type.Connectionless() && called.OnSSN && d.Fate != Deliver,
				(d.Type.Connectionless() || d.Type == CR) && !called.OnSSN && d.Fate != Forward,
				!d.Type.Connectionless() && d.Type != CR && d.Fate == Forward:
				t.Errorf("%v %x: %v %v", d.Type, b, d.Fate, d.Reason)
			}
			if d.Fate == Forward {
				before, after = append(before, b), append(after, d.MSU.Payload)
			}
		}
		if len(before) == 0 {
			continue
		}
		is := shown(t, v, after)
		for i, was := range shown(t, v, before) {
			for name, x := range was {
				changes := name == "sccp.called.pc" || name == "sccp.called.ansi_pc" ||
					strings.HasPrefix(name, "sccp.calling.pc") || strings.HasPrefix(name, "sccp.calling.point_code")
				if is[i][name] != x && !changes {
					t.Errorf("%x became %x: %s was %q and is %q", before[i], after[i], name, x, is[i][name])
				}
			}
			for name := range is[i] {
				if _, ok := was[name]; !ok && !strings.HasPrefix(name, "sccp.calling") {
					t.Errorf("%x became %x: there is a new %s, %q", before[i], after[i], name, is[i][name])
				}
			}
		}
	}
	t.Log(fates)
	if len(fates) < 4 {
		t.Error("the captures do not have what they had")
	}
}
