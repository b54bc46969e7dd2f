package node

import (
	"bytes"
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/sctp/sctptest"
)

// TestJSONSaysWhatTheTextSays reads each `show`'s JSON back into the value's type: what is printed of
// that is what is printed of the value itself, so that nothing of the text is missing in the JSON.
func TestJSONSaysWhatTheTextSays(t *testing.T) {
	t.Parallel()
	network(t, func(net *sctptest.Memory, a, b *box) {
		b.run("cs7 inhibit A 1")
		time.Sleep(time.Second)
		a.sameAsJSON(append(a.typed("show "), "show cs7 route explain 9.9.9", "ping cs7 2.2.2 count 20 rate 1000",
			"show cs7 instance all linkset detail"))
		net.SetFaults(sctptest.Faults{Cut: true})
		time.Sleep(time.Second)
		a.sameAsJSON([]string{"ping cs7 2.2.2 count 4 timeout 500"})
		time.Sleep(20 * time.Second)
		a.sameAsJSON(a.typed("show "))
	})
}

func (b *box) sameAsJSON(lines []string) {
	b.t.Helper()
	for _, line := range lines {
		a, err := b.session.Ask(context.Background(), line)
		if a.Print == nil {
			if err == nil || strings.Contains(err.Error(), "no values") {
				b.t.Errorf("%s: neither answer nor error: %v", line, err)
			}
			continue
		}
		text, err := json.Marshal(cli.NotNull(a.Value))
		if err != nil {
			b.t.Errorf("%s: %v", line, err)
			continue
		}
		back := reflect.New(reflect.TypeOf(a.Value))
		if err := json.Unmarshal(text, back.Interface()); err != nil {
			b.t.Errorf("%s: %v in\n%s", line, err, text)
			continue
		}
		var want, got bytes.Buffer
		a.Print(&want, a.Value)
		a.Print(&got, back.Elem().Interface())
		if got.String() != want.String() {
			b.t.Errorf("%s: of its JSON this is printed:\n%s\nof the value:\n%s", line, &got, &want)
		}
	}
}
