package mtp3

import (
	"strings"
	"testing"
	"time"

	"github.com/gostp/gostp/ss7"
)

// §10.2: asked for here, agreed there, traffic moved with T1; then back.
func TestInhibit(t *testing.T) {
	b := newDuo(t)
	out, err := b.SetInhibit(b.now, "B", 0, true, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.want("asked", out, "send 2 LIN")
	b.want("LIA", b.manage(2, Management{Heading: LIA}), "Link 0 of linkset B is inhibited from this end")
	b.want("T1", b.tick(800*time.Millisecond), "Retrieve 1")
	b.level2(ss7.RetrievalComplete, 1, 0)
	if d := b.Status()[0].Links[0]; d.Usable() || !d.LocalInhibit || d.State != Available {
		t.Errorf("%+v", d)
	}
	if _, err := b.SetInhibit(b.now, "B", 1, true, nil); err == nil || !strings.Contains(err.Error(),
		"would become inaccessible") {
		t.Errorf("the last link: %v", err)
	}
	b.want("LIN for the last link", b.manage(2, Management{Heading: LIN, SLC: 1}), "send 2 LID")
	if b.level2(ss7.RetrievalComplete, 1, 0) != nil {
		t.Error("a second retrieval did something")
	}
	out, err = b.SetInhibit(b.now, "B", 0, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.want("asked back", out, "send 2 LUN")
	b.want("T12: once more", b.tick(1150*time.Millisecond), "send 2 LUN")
	b.want("LUA", b.manage(2, Management{Heading: LUA}), "Link 0 of linkset B is no longer inhibited", "send 2 CBD 1")
}

// §10.2, §10.4 and §10.6 as the far end sees it.
func TestInhibitFromFarEnd(t *testing.T) {
	b := newDuo(t)
	b.want("LIN", b.manage(2, Management{Heading: LIN}), "send 1 LIA", "Link 0 of linkset B is inhibited from the far end")
	b.want("LIN again", b.manage(2, Management{Heading: LIN}), "send 2 LIA")
	b.tick(800 * time.Millisecond)
	b.level2(ss7.RetrievalComplete, 1, 0)
	b.want("LLT agrees", b.manage(2, Management{Heading: LLT}))
	found := false
	for _, l := range b.sent(b.tick(5*time.Minute - 800*time.Millisecond)) {
		found = found || l == "2 LRT"
	}
	if !found {
		t.Error("no LRT after T23")
	}
	b.want("LUN", b.manage(2, Management{Heading: LUN}), "send 2 LUA", "Link 0 of linkset B is no longer inhibited",
		"send 2 CBD 1")
	b.want("LUN again", b.manage(2, Management{Heading: LUN}), "send 2 LUA")
	b.want("LLT disagrees", b.manage(2, Management{Heading: LLT}), "send 1 LFU")
	b.want("LRT disagrees", b.manage(2, Management{Heading: LRT}), "send 2 LUN")
	b.want("LIA unasked", b.manage(2, Management{Heading: LIA}))
}

// §10.3.2: the last usable link fails; the inhibited one is asked back.
func TestForcedUninhibit(t *testing.T) {
	b := newDuo(t)
	b.manage(2, Management{Heading: LIN})
	b.tick(800 * time.Millisecond)
	b.level2(ss7.RetrievalComplete, 1, 0)
	out := b.do(ss7.OutOfService, 2, "cut")
	found := false
	for _, l := range b.sent(out) {
		found = found || l == "1 LFU"
	}
	if !found {
		t.Errorf("no LFU: %v", b.sent(out))
	}
	b.manage(1, Management{Heading: LUN})
	if !b.Status()[0].Ready {
		t.Error("the link is not back")
	}
}
