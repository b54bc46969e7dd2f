package sccp

import (
	"bytes"
	"testing"

	second "github.com/wmnsk/go-sccp"
	"github.com/wmnsk/go-sccp/params"

	"github.com/gostp/gostp/ss7"
)

// go-sccp gives a second opinion on what both it and this package code.
func TestSecondOpinion(t *testing.T) {
	for _, c := range []struct {
		ssn    uint8
		gti    params.GlobalTitleIndicator
		es     params.EncodingScheme
		bcd    string
		digits string
	}{
		{6, params.GTITTNPESNAI, params.ESBCDOdd, "149721436507", "41791234567"},
		{8, params.GTITTNPESNAI, params.ESBCDEven, "94511132547698", "49151123456789"},
		{6, params.GTITTNPES, params.ESBCDEven, "2143", "1234"},
	} {
		title := params.NewGlobalTitle(c.gti, 0, params.NPISDNTelephony, c.es, params.NAIInternationalNumber, octets(c.bcd))
		called := params.NewCalledPartyAddress(params.NewAddressIndicator(false, true, false, c.gti), 0, c.ssn, title)
		calling := params.NewCallingPartyAddress(params.NewAddressIndicator(false, true, true, 0), 0, 8, nil)
		theirs, err := second.NewUDT(0, true, called, calling, []byte("data")).MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		m, bad := Parse(theirs)
		if bad != nil || m.Type != UDT || m.Class != ReturnOption || string(m.Data) != "data" ||
			!bytes.Equal(m.Calling, octets("4208")) {
			t.Fatalf("%x: %+v %v", theirs, m, bad)
		}
		a, bad := ParseAddress(ss7.ITU, m.Called)
		title2, ok := a.ParseTitle(ss7.ITU)
		if bad != nil || !ok || a.SSN != c.ssn || title2.Digits != dig(c.digits) || title2.Nature.NP != 1 {
			t.Errorf("%x: %+v %+v", theirs, a, title2)
		}
		ours, _ := Append(nil, &m)
		if !bytes.Equal(ours, theirs) {
			t.Errorf("%x, theirs %x", ours, theirs)
		}
		back, err := second.ParseUDT(ours)
		if err != nil || back.CalledPartyAddress.SubsystemNumber != c.ssn || !bytes.Equal(back.Data.Value(), m.Data) {
			t.Errorf("%x: %v %v", ours, back, err)
		}
	}
}

// go-sccp is not asked about point codes of addresses, whose octets it swaps (Q.713 §3.4.2.1), nor about
// messages whose pointers lead to something that is no address, on which it panics. When this test fails, it
// has become worth asking.
func TestSecondOpinionNotAsked(t *testing.T) {
	whole := msu(Message{Type: UDT, Called: onSSN(0x1234, 6), Calling: onSSN(0, 8), Data: []byte{1}}).Payload
	m, err := second.ParseUDT(whole)
	if err != nil || m.CalledPartyAddress.SignalingPointCode != 0x3412 {
		t.Errorf("%x: %v %v", whole, m, err)
	}
	defer func() {
		if recover() == nil {
			t.Error("it did not panic")
		}
	}()
	_, _ = second.ParseUDT(octets("0980210e1a0b12060011041497214365070c12080011049451113254760806620448020102"))
}
