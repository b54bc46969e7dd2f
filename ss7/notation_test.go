package ss7

import "testing"

// Japan's codes are written 7-4-5 from the high bits down, as Wireshark's preference of that name
// and other makes of STP have it.
func TestJapanWritesSevenFourFive(t *testing.T) {
	for _, v := range []*Variant{TTC, NTT} {
		if got := v.Notation.Format(0x1de3); got != "14.15.3" {
			t.Errorf("%s: %s", v.Name, got)
		}
		if pc, err := v.Notation.Parse("127.15.31"); err != nil || pc != 0xffff {
			t.Errorf("%s: %v, %v", v.Name, pc, err)
		}
	}
}
