package gtt

import (
	"fmt"
	"math/bits"
	"math/rand"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func digits(s string) Digits {
	d, err := Parse(s)
	if err != nil {
		panic(err)
	}
	return d
}

func TestDigits(t *testing.T) {
	for _, s := range []string{"", "1", "12", "41791234567", "0123456789ABCDEF", "0123456789ABCDEF0",
		strings.Repeat("F", 64), strings.Repeat("90", 31) + "1"} {
		d := digits(s)
		if d.String() != s || d.Len() != len(s) {
			t.Errorf("%q became %q", s, d)
		}
		if back := FromBCD(d.AppendBCD(nil), len(s)); back != d {
			t.Errorf("%q through BCD became %q", s, back)
		}
	}
	if d := FromBCD([]byte{0x14, 0x97, 0x21, 0x43, 0x65, 0x07}, 11); d != digits("41791234567") {
		t.Errorf("the number of the checked UDT reads %s", d)
	}
	for _, bad := range []string{"12x", "+49", strings.Repeat("1", 65)} {
		if d, err := Parse(bad); err == nil {
			t.Errorf("%q was taken as %s", bad, d)
		}
	}
}

func TestReplace(t *testing.T) {
	r := rand.New(rand.NewSource(3))
	for range 2000 {
		s, add := random(r, 40), random(r, 30)
		remove := r.Intn(45)
		d, a := digits(s), digits(add)
		want := (add + s[min(remove, len(s)):])
		want = want[:min(len(want), MaxDigits)]
		if got := d.Replace(remove, &a); got != digits(want) {
			t.Fatalf("%s without %d, with %s in front: %s, want %s", s, remove, add, got, want)
		}
	}
}

func random(r *rand.Rand, most int) string {
	b := make([]byte, r.Intn(most+1))
	for i := range b {
		b[i] = "0123456789ABCDEF"[r.Intn([]int{2, 10, 16}[r.Intn(3)])]
	}
	return string(b)
}

// longest gives what an index must find. It asks a map about one prefix after the other.
func longest(list map[string]uint32, s string) (to uint32, length int, ok bool) {
	for l := len(s); l >= 0; l-- {
		if to, ok := list[s[:l]]; ok {
			return to, l, true
		}
	}
	return 0, 0, false
}

// FuzzIndex makes an index of some prefixes and asks it about others: each is an octet that
// says how much it has in common with the one before, an octet for its length, and digits.
func FuzzIndex(f *testing.F) {
	f.Add([]byte("\x00\x024\x004\x024"), uint32(1))
	f.Add([]byte(strings.Repeat("\x08\x14abcdefghij", 20)), uint32(1<<31))
	f.Add([]byte("\x00\x40aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbb\x3f\x01c\x10\x00"), uint32(7))
	f.Fuzz(func(t *testing.T, script []byte, to uint32) {
		list, last := map[string]uint32{}, ""
		var prefixes []Prefix
		var asked []string
		for len(script) > 2 && len(asked) < 2000 {
			s := last[:min(int(script[0])&63, len(last))]
			n := int(script[1]) % 65
			for script = script[2:]; len(script) > 0 && len(s) < n; script = script[1:] {
				s += string("0123456789ABCDEF"[script[0]>>4]) + string("0123456789ABCDEF"[script[0]&15])
			}
			s = s[:min(len(s), n)]
			if asked = append(asked, s, s+"0", s+"F"); len(asked)%4 > 0 {
				to = to*1664525 + 1013904223
				list[s] = to
				prefixes = append(prefixes, Prefix{digits(s), to})
			}
			last = s
		}
		x := NewIndex(prefixes)
		if x.Len() != len(list) {
			t.Fatalf("%d prefixes of %d", x.Len(), len(list))
		}
		for _, s := range asked {
			s = s[:min(MaxDigits, len(s))]
			want, at, found := longest(list, s)
			d := digits(s)
			if to, l, place, ok := x.Find(&d); ok != found || ok && (to != want || l != at || place >= x.Places()) {
				t.Fatalf("%q: %d %d %v, want %d %d %v", s, to, l, ok, want, at, found)
			}
		}
	})
}

// The index agrees with a scan of the list.
func TestTwin(t *testing.T) {
	r := rand.New(rand.NewSource(4))
	for round := range 400 {
		most := []int{3, 6, 12, 18, 40}[round%5]
		stem := random(r, 20)
		if round%3 != 0 {
			stem = ""
		}
		list := map[string]uint32{}
		var prefixes []Prefix
		for i := range r.Intn(600) {
			p := stem + random(r, most)
			if len(p) > 64 {
				continue
			}
			to := uint32(i) << (round % 23)
			list[p] = to
			prefixes = append(prefixes, Prefix{digits(p), to})
		}
		x := NewIndex(prefixes)
		if x.Len() != len(list) {
			t.Fatalf("%d prefixes of %d", x.Len(), len(list))
		}
		for range 400 {
			s := stem + random(r, most+2)
			if r.Intn(3) == 0 {
				s = random(r, 8) + strings.Repeat("F", r.Intn(20))
			}
			s = s[:min(64, len(s))]
			want, at, found := longest(list, s)
			d := digits(s)
			to, l, _, ok := x.Find(&d)
			if ok != found || ok && (to != want || l != at) {
				t.Fatalf("%q: %d %d %v, want %d %d %v; round %d", s, to, l, ok, want, at, found, round)
			}
		}
		n := 0
		places := map[int]bool{}
		x.Walk(func(d Digits, to uint32, place int) {
			if n++; list[d.String()] != to {
				t.Fatalf("walk tells %s %d", d, to)
			}
			if _, length, at, ok := x.Find(&d); !ok || length != d.Len() || at != place || places[at] || at >= x.Places() {
				t.Fatalf("%s stands at place %d of %d and was found at %d, %d digits", d, place, x.Places(), at, length)
			}
			places[place] = true
		})
		if n != len(list) {
			t.Fatalf("walk tells %d of %d", n, len(list))
		}
	}
}

func TestEmptyIndex(t *testing.T) {
	d := digits("123")
	for _, x := range []*Index{{}, NewIndex(nil)} {
		if _, _, _, ok := x.Find(&d); ok {
			t.Error("found in nothing")
		}
	}
}

// million makes n numbers of ten to twelve digits under a few country codes, with
// a summary for each of these, as an operator's table has; and as many questions about
// all of them, in no order.
func million(n int) (list []Prefix, ask []uint64) {
	r := rand.New(rand.NewSource(7))
	codes := []string{"49", "1", "4179", "44", "262", "86"}
	for i, c := range codes {
		list = append(list, Prefix{digits(c), uint32(i)})
	}
	for len(list) < n {
		s := fmt.Sprintf("%s%09d", codes[r.Intn(len(codes))], r.Intn(1e9))
		list = append(list, Prefix{digits(s), uint32(len(list) % 1000)})
	}
	ask = make([]uint64, 1<<18) // a word each: what asks should not fill the cache
	for i := range ask {
		d := list[len(codes)+r.Intn(n-len(codes))].Digits
		ask[i] = d.w[0] | 7<<(60-4*d.n)
	}
	return list, ask
}

// question makes digits out of the first word alone.
func question(w uint64) Digits {
	return Digits{w: [words]uint64{w}, n: uint8(16 - bits.TrailingZeros64(w)/4)}
}

func BenchmarkFind(b *testing.B) {
	for _, n := range []int{1000, 100_000, 1_000_000} {
		list, ask := million(n)
		x := NewIndex(list)
		list = nil
		runtime.GC()
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				d := question(ask[i%len(ask)])
				x.Find(&d)
				i++
			}
			b.ReportMetric(float64(64*len(x.lines)+8*len(x.tree))/float64(n), "B/entry")
		})
		// Each question waits for the answer before: the time of one look-up alone, with
		// every miss of the cache in full.
		b.Run(fmt.Sprint(n, "/dependent"), func(b *testing.B) {
			i, last := 0, 0
			for b.Loop() {
				d := question(ask[(i+last>>8)%len(ask)])
				_, last, _, _ = x.Find(&d)
				i++
			}
		})
		// Half the questions are about numbers that have no entry but their summary.
		b.Run(fmt.Sprint(n, "/summary"), func(b *testing.B) {
			i := 0
			for b.Loop() {
				d := question(ask[i%len(ask)] ^ uint64(i&1)<<36)
				x.Find(&d)
				i++
			}
		})
	}
}

func BenchmarkBuild(b *testing.B) {
	list, _ := million(1_000_000)
	for b.Loop() {
		NewIndex(slices.Clone(list))
	}
}
