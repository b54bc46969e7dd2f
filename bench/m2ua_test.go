package bench

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/sctp/sctptest"
	"github.com/gostp/gostp/ss7"
)

// ASPs and far ends of M2PA links reach each other, both ways, through a node whose
// configuration is the printed one.
func TestThroughBackhaul(t *testing.T) {
	for _, down := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			tr := sctp.NewUser(sctptest.NewMemory(1))
			l := through(memoryLayout(tr, 3), 2904, 2905)
			defer boot(t, tr, BackhaulConfig(l, "", down)).Close()
			ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
			defer stop()
			b, err := M2UA(ctx, l, ss7.SCCP, down)
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			r, err := b.Run(ctx, Load{Size: 100, Window: 64, Count: 6000, Duration: time.Minute})
			want(t, r, err, 6000)
		})
	}
}

// A gateway that serves no such ASP is named as such.
func TestBackhaulRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := sctp.NewUser(sctptest.NewMemory(1))
		l := through(memoryLayout(tr, 1), 2904, 2905)
		config := strings.Replace(BackhaulConfig(l, "", false), " asp asp0\n", "", 1)
		defer boot(t, tr, config).Close()
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		_, err := M2UA(ctx, l, ss7.SCCP, false)
		if err == nil || !strings.Contains(err.Error(), "pair 0: its link at the gateway is NoGateway: ") {
			t.Error(err)
		}
	})
}

func TestBackhaulConfig(t *testing.T) {
	l := through(memoryLayout(sctp.NewUser(sctptest.NewMemory(1)), MaxPairs), 2904, 2905)
	s, errs := configs.Read([]byte(BackhaulConfig(l, "udp", true)))
	if len(errs) > 0 || len(s.M2UAASs) != MaxPairs || s.M2UAPort(2905) == nil || s.LocalPeer(2904) == nil {
		t.Error(errs)
	}
}
