package gtt

// Rule replaces a prefix of the digits, and numbers of the title: NP, NAI and ES
// are Keep, or the new ones.
type Rule struct {
	In, Out     Digits
	Remove      int // how many digits go before Out comes in front
	NP, NAI, ES int16
}

// Conversion is an address conversion: the rule of the longest prefix that fits
// is applied, else the address stays as it is. E.212 to E.214 is one rule for each
// country and network, which replaces their codes (E.214 §3).
type Conversion struct {
	Name    string
	NP, NAI int16 // for rules that have none of their own
	Rules   []Rule
	index   *Index
}

// NewConversion compiles rules.
func NewConversion(name string, np, nai int16, rules []Rule) *Conversion {
	c := &Conversion{Name: name, NP: np, NAI: nai, Rules: rules}
	list := make([]Prefix, len(rules))
	for i := range rules {
		list[i] = Prefix{rules[i].In, uint32(i)}
	}
	c.index = NewIndex(list)
	return c
}

// Apply converts digits and gives the rule that did; nil if none fits.
func (c *Conversion) Apply(d *Digits) *Rule {
	i, _, _, ok := c.index.Find(d)
	if !ok {
		return nil
	}
	r := &c.Rules[i]
	*d = d.Replace(r.Remove, &r.Out)
	return r
}

// Numbers gives what a rule makes of the numbering plan and the nature of address.
func (c *Conversion) Numbers(r *Rule) (np, nai, es int16) {
	np, nai = r.NP, r.NAI
	if np == Keep {
		np = c.NP
	}
	if nai == Keep {
		nai = c.NAI
	}
	return np, nai, r.ES
}
