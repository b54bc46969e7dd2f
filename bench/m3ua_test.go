package bench

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/sctp/sctptest"
	"github.com/gostp/gostp/ss7"
)

// Pairs of ASPs cross a node whose configuration is the printed one, with keys that are
// configured and with keys that they register.
func TestThroughGateway(t *testing.T) {
	for _, register := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			tr := sctp.NewUser(sctptest.NewMemory(1))
			l := through(memoryLayout(tr, 3), 2905, 2905)
			config := GatewayConfig(l, "", register, map[bool]int{false: 100}[register])
			defer boot(t, tr, config).Close()
			ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
			defer stop()
			b, err := M3UA(ctx, l, ss7.SCCP, register)
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			r, err := b.Run(ctx, Load{Size: 100, Window: 64, Count: 6000, Duration: time.Minute})
			want(t, r, err, 6000)
		})
	}
}

// A gateway that does not let the ASPs in is named as such.
func TestGatewayRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := sctp.NewUser(sctptest.NewMemory(1))
		l := through(memoryLayout(tr, 1), 2905, 2905)
		defer boot(t, tr, GatewayConfig(l, "", true, 0)).Close()
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		_, err := M3UA(ctx, l, ss7.SCCP, false) // it serves no AS
		if err == nil || !strings.Contains(err.Error(), "pair 0: its ASP is not active: ") {
			t.Error(err)
		}
	})
}

func TestGatewayConfigs(t *testing.T) {
	l := through(memoryLayout(sctp.NewUser(sctptest.NewMemory(1)), MaxPairs), 2905, 2905)
	for _, config := range []string{GatewayConfig(l, "udp", false, MaxRoutes), GatewayConfig(l, "", true, 0)} {
		s, errs := configs.Read([]byte(config))
		if len(errs) > 0 {
			t.Fatal(errs[0])
		}
		if len(s.ASs) > 0 && (len(s.ASs) != 2*MaxPairs || len(s.Routes()) != MaxRoutes) {
			t.Error(len(s.ASs), len(s.Routes()))
		}
	}
	seen := map[ss7.PC]bool{stpPC: true}
	for i := range ss7.PC(MaxPairs) {
		seen[sourcePC+i], seen[sinkPC+i] = true, true
	}
	for _, pc := range fillers(MaxRoutes) {
		if seen[pc] || pc == 0 || pc >= 1<<14 {
			t.Fatalf("%v is somebody's", pc)
		}
		seen[pc] = true
	}
	osmo := OsmoConfig(through(memoryLayout(nil, 2), 2905, 2905), false, 10)
	for _, line := range []string{" asp sink1 12001 2905 m3ua\n", "  routing-key 2001 2.0.1\n",
		"  update route 4.1.1 7.255.7 linkset sink1\n", " listen m3ua 2905\n"} {
		if !strings.Contains(osmo, line) {
			t.Error(fmt.Sprintf("%q is missing:\n", line) + osmo)
		}
	}
}
