package sctp

import (
	"testing"
	"testing/synctest"
)

// shutRefuses makes b call a, which is then shut. A later call is refused, an association that exists goes on,
// and a can still call others.
func shutRefuses(t *testing.T, a, b, late Endpoint) {
	t.Helper()
	x, err := b.Dial(t.Context(), a.Local(), Params{})
	if err != nil {
		t.Fatal(err)
	}
	y, err := a.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a.Shut()
	if _, err := late.Dial(t.Context(), a.Local(), Params{}); err == nil {
		t.Error("who calls late is let in")
	}
	if _, err := y.Send([]Message{{PPID: 3, Data: []byte{1, 0, 3, 4, 0, 0, 0, 8}}}); err != nil {
		t.Error(err)
	}
	if m, _, err := collect(x, 1); err != nil || len(m) != 1 {
		t.Error("who is there hears nothing:", err)
	}
	if _, err := a.Dial(t.Context(), late.Local(), Params{}); err != nil {
		t.Error("it calls nobody:", err)
	}
}

func TestShutPort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newPair(t, Params{})
		defer x.close()
		late, err := NewUser(x.net).Open(Addr{IPs: ips("10.0.0.3"), Port: 1024}, Params{})
		if err != nil {
			t.Fatal(err)
		}
		defer late.Close()
		shutRefuses(t, x.a, x.b, late)
	})
}

// A cookie that was given out before opens nothing afterwards.
func TestShutPortTakesNoCookie(t *testing.T) {
	alone(t, Params{}, func(p *peer) {
		tag, cookie := p.cookie(p.init())
		p.e.Shut()
		p.put(tag, appendSimple(nil, ctCookieEcho, 0, cookie))
		p.want("COOKIE ECHO", peerTag, ctAbort)
		p.put(0, appendInit(nil, ctInit, p.init()))
		p.want("INIT", peerTag, ctAbort)
	})
}

func TestShutTCPPort(t *testing.T) {
	var e [3]Endpoint
	for i := range e {
		var err error
		if e[i], err = TCP().Open(Addr{IPs: ips("127.0.0.1")}, Params{}); err != nil {
			t.Fatal(err)
		}
		defer e[i].Close()
	}
	shutRefuses(t, e[0], e[1], e[2])
}
