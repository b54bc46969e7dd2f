package node

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/sctp/sctptest"
)

// Lines of configuration and associations that come do not get in each other's way: whose an
// association is, is looked up while the settings of ASPs change (the race detector looks on).
func TestAssociationsComeDuringConfiguration(t *testing.T) {
	t.Parallel()
	dynamic := strings.Replace(everyKind, "cs7 asp H1", " accept-asp-connections dynamic-permitted\ncs7 asp H1", 1)
	strangers(t, dynamic, func(t *testing.T, net *sctptest.Memory, a *box) {
		configured, other := sctp.NewUser(net), sctp.NewUser(net)
		var group sync.WaitGroup
		for i, port := range []uint16{2905, 2906, 2905} {
			group.Go(func() {
				at := sctp.Addr{IPs: []netip.Addr{netip.MustParseAddr("10.0.0.200")}, Port: 4000 + port}
				host := configured
				if i == 2 { // a stranger
					at.IPs[0], host = netip.MustParseAddr("10.0.0.77"), other
				}
				e, err := host.Open(at, sctp.Params{})
				if err != nil {
					t.Error(err)
					return
				}
				defer e.Close()
				to := sctp.Addr{IPs: []netip.Addr{netip.MustParseAddr("10.0.0.1")}, Port: port}
				for range 200 {
					x, err := e.Dial(context.Background(), to, sctp.Params{})
					if err != nil {
						t.Error(err)
						return
					}
					x.Abort("enough")
				}
			})
		}
		for i := range 200 {
			next := a.Config().Clone()
			for _, c := range append(append([]*configs.ASP{}, next.ASPs...), next.M2UAASPs...) {
				c.Description = fmt.Sprint("number ", i)
			}
			if err := a.Apply(next); err != nil {
				t.Fatal(err)
			}
		}
		group.Wait()
	})
}
