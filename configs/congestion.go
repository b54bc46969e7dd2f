package configs

import (
	"slices"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/ss7"
)

// Thresholds are those of one congestion level of a link's transmit queue, in messages
// (Q.704 §3.8.2).
type Thresholds struct {
	Level   uint8  `cli:"level"`
	Onset   uint16 `cli:"onset"`
	Abate   uint16 `cli:"abate"`
	Discard uint16 `cli:"discard"` // 0: as by default
}

// NationalOptions are what Q.704 leaves to national networks.
type NationalOptions struct {
	MultipleCongestion bool `cli:"multiple-congestion"`
	TFR                bool `cli:"tfr"`
	TimedCongestion    bool `cli:"timed-congestion"`
}

// Levels tells whether congestion has levels and MSUs priorities: in ANSI networks, and
// in national ones of ITU's that say so (Q.704 §3.8.2.2).
func (s *System) Levels() bool { return s.V() == ss7.ANSI || s.MultipleCongestion }

func multipleCongestion() *cli.Statement {
	return cli.Field[System](CS7(nationalOptions, cli.Flag("multiple-congestion", "multiple-congestion",
		"Three levels of congestion, and MSUs of low priority discarded first (ANSI: always)")))
}

var nationalOptions = cli.Kw("national-options", "What Q.704 leaves to national networks")

func timedCongestion() []*cli.Statement {
	out := []*cli.Statement{cli.Field[System](CS7(nationalOptions, cli.Flag("timed-congestion", "timed-congestion",
		"Three levels of congestion without priorities: they rise and fall by timers tx and ty")))}
	for _, t := range []struct{ name, help string }{
		{"tx", "Queue above the threshold: to the next level of congestion (national-options timed-congestion)"},
		{"ty", "Queue below the threshold: to the level below"},
	} {
		out = append(out, cli.Field[System](CS7(level3, cli.Kw("timer", "A timer of level 3"), cli.Kw(t.name, t.help),
			cli.Arg(t.name, cli.Millis(100, 60000), "Milliseconds (default 1000)"))))
	}
	return out
}

// congestionLevels gives the statement of a linkset, which is for all of its links, or
// of a link.
func congestionLevels[O any](of func(*O) *[]*Thresholds) *cli.Statement {
	number := func(name, help string) cli.Elem {
		return cli.Seq(cli.Kw(name, help), cli.Arg(name, cli.Uint(1, 65535), "Messages in the transmit queue"))
	}
	return cli.List(cli.Seq(cli.Kw("congestion", "Congestion of the transmit queue"),
		cli.Kw("level", "Thresholds of a level"),
		cli.Arg("level", cli.Uint(1, 3), "Level; there is one alone unless national-options say multiple-congestion, or "+
			"the variant is ansi"),
		number("onset", "Reached with more than this"), number("abate", "Left with fewer than this"),
		cli.Opt(number("discard", "With more than this, MSUs of a priority below the level are discarded"))),
		[]string{"level"}, of, nil)
}

// ThresholdsFor gives what is configured of a level for link k of linkset set; nil: nothing.
func ThresholdsFor(set *Linkset, k *Link, level uint8) *Thresholds {
	for _, list := range [][]*Thresholds{k.Congestion, set.Congestion} {
		if i := slices.IndexFunc(list, func(t *Thresholds) bool { return t.Level == level }); i >= 0 {
			return list[i]
		}
	}
	return nil
}
