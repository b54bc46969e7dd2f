package node

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/sctp/sctptest"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/startup"
	"github.com/gostp/gostp/xua"
)

// asked counts what a peer's layer is asked for.
type asked struct{ refusals int }

func (a *asked) do(ss7.Event)                  {}
func (a *asked) refuse(ss7.PathID, *xua.Error) { a.refusals++ }

// A flood of refused data comes to the layer, whose lock all peers share, at a bounded
// rate; what is not answered is counted, and what is to be passed over in silence is not.
func TestRefusalsAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := New(Options{Platform: onMemory(sctptest.NewMemory(1)), Store: startup.Memory("m", nil), Version: "test"})
		defer n.Close()
		layer := &asked{}
		a := &xuaASP{layer: layer, topic: "m2ua"}
		a.set(n, 1, configs.ASP{Name: "hostile"}, 2)
		for range 10 {
			for range 1000 {
				a.refuse(&xua.Error{Code: xua.ProtocolError, Why: "not active"})
				a.refuse(&xua.Error{Why: "another protocol", Silent: true})
				a.refuse(nil)
			}
			time.Sleep(time.Second)
		}
		if most := 11 * refusalsPerSecond; layer.refusals < refusalsPerSecond || layer.refusals > most {
			t.Errorf("the layer was asked %d times in ten seconds, at most %d are due", layer.refusals, most)
		}
		if sum := layer.refusals + int(a.spared.Load()); sum != 10000 {
			t.Errorf("%d refusals are accounted for, of 10000", sum)
		}
	})
}

// aspNamed finds an ASP by its name; nil: there is none.
func (x *xuaASPs[A]) aspNamed(name string) (none A) {
	for a := range x.all() {
		if s := a.shared(); s.title == name && s.Lasting() {
			return a
		}
	}
	return none
}
