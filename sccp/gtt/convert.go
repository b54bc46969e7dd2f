package gtt

// Rule replaces a prefix of the digits, and numbers of the title. NP, NAI and ES are the new numbers, or Keep.
type Rule struct {
	In, Out     Digits
	Remove      int // how many digits are removed before Out is put in front
	NP, NAI, ES int16
}

// Conversion is an address conversion. The rule with the longest prefix that fits is applied; if none fits, the
// address stays as it is. To convert E.212 to E.214, there is one rule for each country and network, which
// replaces their codes (E.214 §3).
type Conversion struct {
	Name    string
	NP, NAI int16 // used by rules that have none of their own
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

// Apply converts digits, and gives the rule that did it; nil if no rule fits.
func (c *Conversion) Apply(d *Digits) *Rule {
	i, _, _, ok := c.index.Find(d)
	if !ok {
		return nil
	}
	r := &c.Rules[i]
	*d = d.Replace(r.Remove, &r.Out)
	return r
}

// Numbers gives the numbering plan, the nature of address and the encoding scheme that a rule leads to.
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
