package cli

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"
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

// TestListsAreNeverNull: wherever in a value a list is nil, JSON has an empty one, and the value itself stays as it is.
func TestListsAreNeverNull(t *testing.T) {
	type inner struct {
		List []int     `json:"list"`
		At   time.Time `json:"at"`
	}
	type outer struct {
		Near inner   `json:"near"`
		Far  *inner  `json:"far"`
		None *inner  `json:"none"`
		All  []inner `json:"all"`
		Any  any     `json:"any"`
	}
	at := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	v := outer{Near: inner{At: at}, Far: &inner{}, All: []inner{{}, {List: []int{1}}}, Any: inner{}}
	text, err := json.Marshal(NotNull(v))
	const none = `{"list":[],"at":"0001-01-01T00:00:00Z"}`
	want := `{"near":{"list":[],"at":"2000-01-01T00:00:00Z"},"far":` + none + `,"none":null,"all":[` + none +
		`,{"list":[1],"at":"0001-01-01T00:00:00Z"}],"any":` + none + `}`
	if err != nil || string(text) != want {
		t.Errorf("%v:\n%s\nnot\n%s", err, text, want)
	}
	if v.Far.List != nil || v.All[0].List != nil {
		t.Errorf("the value has changed: %+v", v)
	}
	if NotNull(nil) != nil {
		t.Error("nothing became something")
	}
}
