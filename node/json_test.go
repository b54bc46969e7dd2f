package node

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/sctp/sctptest"
)

var keyword = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)

// values are what a test types for the arguments that `?` shows by a hint.
var values = map[string]string{"WORD": "B", "PC": "2.2.2", "PC/LEN": "2.2.0/11", "INTERFACE": "eth0", "<0-7>": "0",
	"<1024-49151>": "1024", "<1-4294967295>": "1", "<0-15>": "0", "<3-15>": "3", "<0-255>": "5"}

// typed finds every command that begins with line in what `?` shows: each word that may come next
// is followed, each argument is given a value, and no word comes twice.
func (b *box) typed(line string) (out []string) {
	for row := range strings.Lines(b.session.Help(line)) {
		word, _, _ := strings.Cut(strings.TrimSpace(row), "  ")
		switch {
		case word == "<cr>":
			out = append(out, strings.TrimSpace(line))
			continue
		case word == "|" || slices.Contains(strings.Fields(line), word):
			continue
		case !keyword.MatchString(word):
			value, known := values[word]
			if !known {
				b.t.Errorf("%s: no value for the argument %s", line, word)
			}
			if value == "" || slices.Contains(strings.Fields(line), value) {
				continue
			}
			word = value
		}
		out = append(out, b.typed(line+word+" ")...)
	}
	return out
}

// everyShow types each `show` that there is with `| json`: it must be one JSON value, and no list of it null.
func (b *box) everyShow() {
	b.t.Helper()
	for _, line := range b.typed("show ") {
		text := b.run(line + " | json")
		var v any
		if err := json.Unmarshal([]byte(text), &v); err != nil || v == nil || strings.Contains(text, ": null") {
			b.t.Errorf("%s | json: %v in\n%s", line, err, text)
		}
	}
}

func TestEveryShowAsJSON(t *testing.T) {
	network(t, func(_ *sctptest.Memory, a, _ *box) {
		a.everyShow()
		if err := a.session.Run(context.Background(), "show cs7 linkset X | json"); err == nil {
			t.Error("a query that finds nothing does not fail")
		}
		a.want("show cs7 linkset X | json", "{\n  \"error\": \"there is no linkset X\"\n}\n")
	})
}

// full is configured beside a gateway's AS, so that no list of what is shown is empty.
var full = []string{"cs7 gtt application-group G", "pc 2.2.2 ssn 6 1 pcssn", "cs7 gtt selector S tt 0 gti 4 np 1 nai 4",
	"gta 49 app-grp G", "gta 50 pcssn 2.2.2 pcssn ssn 6", "exit", "cs7 gtt map 2.2.2 6 solitary",
	"cs7 sccp local-ssn 8", "access-list 2700 permit all", "cs7 paklog 127.0.0.1"}

// A gateway of M3UA with titles and everything, its ASP, and the two ends of M2UA.
func TestEveryShowOfServersAsJSON(t *testing.T) {
	t.Parallel()
	servers(t, gatewayConfig, func(net *sctptest.Memory, a, _, h1, _ *box) {
		a.configure(full...)
		a.run("debug cs7 mtp3 paklog 2700", "ping gt 491")
		for _, x := range []*box{a, h1} {
			x.everyShow()
			x.sameAsJSON(append(x.typed("show "), "test cs7 gtt 4912", "test cs7 gtt 50", "test cs7 gtt 12"))
		}
		a.want("show cs7 as | json", `"state": "active"`, `"destination_point_code": "5.5.5"`,
			"\"asp_by_sls\": [\n      \"H1\"")
		a.want("show cs7 asp H1 | json", `"this_node_is": "sg"`, `"state": "ESTABLISHED"`)
		a.want("show sctp association H1 | json", `"asp": "H1"`)
		a.want("show version | json", "\"kind\": \"m3ua\",\n      \"port\": 2905,")
		a.want("test cs7 gtt 4912 | json", `"selector": "S"`, `"fate": "forwarded"`, `"route": "linkset B"`)
		a.want("test cs7 gtt 12 | json", `"return_cause": 1`)
		a.want("show cs7 route explain 5.5.5 | json", "\"to_asps\": {\n    \"how\": \"one\",\n    \"name\": \"H1\"")
		net.SetFaults(sctptest.Faults{Cut: true})
		time.Sleep(20 * time.Second)
		for _, x := range []*box{a, h1} {
			x.sameAsJSON(x.typed("show "))
		}
	})
	onChain(t, 1, func(c *chain) {
		for _, x := range []*box{c.sg, c.mgc[0]} {
			x.everyShow()
			x.sameAsJSON(x.typed("show "))
		}
		c.sg.want("show cs7 m2ua | json", `"name": "EXCH"`, `"in_service": true`)
		c.mgc[0].want("show cs7 m2ua | json", "\"linkset\": \"STP\",\n      \"slc\": 1,")
	})
}
