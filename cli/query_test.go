package cli

import (
	"bytes"
	"encoding/json"
	"testing"
)

// TestJSON: a value as it is read again, no character that a terminal obeys, and a list where
// there is nothing.
func TestJSON(t *testing.T) {
	type far struct {
		Name string `json:"name"`
	}
	for _, name := range []string{
		"a<b>&\"c\"", "esc \x1b[2J", "del \x7f", "c1 \u009b2J", "rtl \u202e", "big \U000e0001", "東京", "\n",
	} {
		var b bytes.Buffer
		if err := writeJSON(&b, far{name}); err != nil {
			t.Fatal(err)
		}
		for _, c := range []string{"\x1b", "\x7f", "\u009b", "\u202e", "\U000e0001"} {
			if bytes.Contains(b.Bytes(), []byte(c)) {
				t.Errorf("%q is in %q", c, b.String())
			}
		}
		var got far
		if err := json.Unmarshal(b.Bytes(), &got); err != nil || got.Name != name {
			t.Errorf("%q becomes %q: %v", name, got.Name, err)
		}
	}
	var b bytes.Buffer
	if err := writeJSON(&b, []far(nil)); err != nil || b.String() != "[]\n" {
		t.Errorf("no element: %q, %v", b.String(), err)
	}
}
