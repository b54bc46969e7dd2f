// Package gostp has no code: this test keeps the arrows between its rooms.
package gostp

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/gostp/gostp/"

// rooms says which of our packages each package may import. An arrow that is not
// here is a decision, to be made in CONTRIBUTING.md first. Tests may import what
// they like.
var rooms = map[string][]string{
	"ss7":                {},
	"internal/deadline":  {},
	"internal/printable": {},
	"internal/script":    {"ss7"},
	"internal/record":    {"internal/script", "ss7"},
	"internal/syslog":    {"internal/printable"},
	"startup":            {},
	"titles":             {"configs", "sccp/gtt", "ss7"},
	"internal/lock":      {}, // which every room may import that is not pure
	"routing":            {"ss7"},
	"m2pa":               {"ss7", "internal/deadline"},
	"xua":                {"ss7", "internal/deadline"},
	"m3ua":               {"ss7", "xua", "m3ua/keys"},
	"m3ua/keys":          {"ss7"},
	"m2ua":               {"ss7", "xua", "internal/deadline", "internal/printable"},
	"mtp3":               {"ss7", "routing"},
	"internal/clauses":   {"xua"},
	"tester":             {"ss7"},
	"mtpt":               {"configs", "mtp3", "routing", "sccp", "ss7", "status", "tester", "userpart"},
	"sccp/gtt":           {"ss7"},
	"sccp":               {"ss7", "sccp/gtt"},
	"cli":                {"internal/printable"},
	"sctp/wire":          {},
	"sctp/sctptest":      {"sctp/wire"},
	"sctp":               {"sctp/wire"},
	"loop":               {"ss7"},
	"drive":              {"loop", "m2pa", "m3ua", "sctp", "ss7", "xua"},
	"capture":            {},
	"configs":            {"cli", "m3ua/keys", "sccp/gtt", "ss7"},
	"userpart":           {"cli", "configs", "ss7"},
	"association":        {"configs", "sctp", "ss7", "status", "xua", "internal/printable", "internal/syslog"},
	"machine":            {"configs", "sctp"},
	"status":             {},
	"internal/meter":     {"status"},
	"internal/alarms":    {"internal/syslog", "mtp3", "status"},
	"internal/paklog":    {"configs", "ss7"},
	"exec": {"cli", "configs", "sccp/gtt", "ss7", "startup", "status", "tester", "userpart", "internal/printable",
		"internal/syslog"},
	"node": {"association", "cli", "configs", "exec", "loop", "m2pa", "m2ua", "m3ua", "machine", "mtp3", "mtpt",
		"routing", "sccp", "sccp/gtt", "sctp", "ss7", "startup", "status", "tester", "titles", "userpart", "xua",
		"internal/alarms", "internal/meter", "internal/paklog", "internal/printable", "internal/record",
		"internal/syslog"},
	"internal/console": {"cli"},
	"labs": {"capture", "cli", "configs", "internal/console", "machine", "node", "sctp", "sctp/wire",
		"startup"},
	"labs/attack": {"m3ua", "sccp", "ss7", "xua"},
	"bench":       {"drive", "loop", "m2pa", "m2ua", "m3ua", "mtp3", "sctp", "ss7", "xua"},
	"cmd/gostp": {"bench", "cli", "configs", "internal/console", "internal/printable", "labs",
		"machine", "node", "sctp", "ss7", "startup"},
}

// pure packages have neither clock nor goroutines nor network nor files.
var pure = []string{"ss7", "internal/deadline", "internal/printable", "routing", "m2pa", "xua", "m2ua", "m3ua",
	"m3ua/keys", "mtp3", "tester", "mtpt", "sccp", "sccp/gtt", "status"}

var impure = []string{"net", "os", "log", "log/slog", "sync", "context", "math/rand", "math/rand/v2"}

func TestArrows(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		name, ours := strings.CutPrefix(p.ImportPath, module)
		if !ours {
			continue // this package
		}
		may, known := rooms[name]
		if !known {
			t.Errorf("package %s has no place in the house: give it its arrows here and a line in CONTRIBUTING.md", name)
		}
		for _, i := range p.Imports {
			room, ours := strings.CutPrefix(i, module)
			locks := room == "internal/lock" && !slices.Contains(pure, name)
			if ours && !locks && !slices.Contains(may, room) {
				t.Errorf("%s imports %s, against the arrows", name, room)
			}
			if slices.Contains(pure, name) && slices.Contains(impure, i) {
				t.Errorf("%s imports %s, but it is pure", name, i)
			}
		}
	}
}
