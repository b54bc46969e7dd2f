package sccp

import "github.com/gostp/gostp/ss7"

// TestSSN is the subsystem that tests of titles call from and to: the TC test responder of Q.713 §3.4.2.2. It is not
// spoken: a point without one returns the message, which is the answer.
const TestSSN = 14

// TestAddress is the address from which the node of a code calls for tests.
func TestAddress(pc ss7.PC) Address {
	return Address{OnSSN: true, HasPC: true, PC: pc, HasSSN: true, SSN: TestSSN}
}
