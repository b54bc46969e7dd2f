package m3ua

import (
	"github.com/gostp/gostp/m3ua/keys"
	"github.com/gostp/gostp/ss7"
)

// Routing keys are in a package of their own, so that a configuration can be judged without this one.
type (
	// Key is a routing key: which traffic belongs to an AS (RFC 4666 §1.4.2).
	Key = keys.Key
	// Term is one group of a routing key.
	Term = keys.Term
	// Circuits is a range of circuit identification codes towards an OPC.
	Circuits = keys.Circuits
	// Target is an AS and its key.
	Target = keys.Target
	// Selector finds the AS that an MSU belongs to.
	Selector = keys.Selector
	// Clash is two keys that claim the same traffic with equal right.
	Clash = keys.Clash
)

// Compile makes the Selector of the AS of one network. The error is a *Clash.
func Compile(v *ss7.Variant, targets []Target) (*Selector, error) { return keys.Compile(v, targets) }
