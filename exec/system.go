package exec

import (
	"fmt"
	"io"
	"time"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/internal/syslog"
	"github.com/gostp/gostp/status"
)

func systemCommands(h Host) []*cli.Statement {
	return []*cli.Statement{
		showHost(func(*cli.Call) (status.Version, error) { return h.Version(), nil }, printVersion,
			kw("version", "Program, version, uptime")),
		showHost(func(*cli.Call) (status.Clock, error) { return status.Clock{Time: time.Now()}, nil }, printClock,
			kw("clock", "Time of day")),
		showHost(func(*cli.Call) (status.Log, error) { return lastLines(h.Log()), nil }, printLog,
			kw("logging", "The last log messages")),
		cli.Command(cli.Seq(kw("clear", "Reset"), kw("logging", "Empty the log buffer")),
			func(*cli.Call) error { h.Log().Clear(); return nil }).Privileged(),
	}
}

func printClock(w io.Writer, _ *cli.Call, v status.Clock) {
	fmt.Fprintln(w, v.Time.UTC().Format("*15:04:05.000 UTC Mon Jan 2 2006"))
}

func lastLines(l *syslog.Log) status.Log {
	lines, total := l.Lines()
	return status.Log{Total: total, Lines: append([]string{}, lines...)}
}

func printLog(w io.Writer, _ *cli.Call, v status.Log) {
	fmt.Fprintf(w, "Log buffer: %d messages in all, the last %d follow\n\n", v.Total, len(v.Lines))
	for _, line := range v.Lines {
		fmt.Fprintln(w, line)
	}
}

func printVersion(w io.Writer, _ *cli.Call, v status.Version) {
	fmt.Fprintf(w, "gostp %s, a Signaling Transfer Point for SS7 over IP\n", v.Version)
	fmt.Fprintf(w, "%s uptime is %s\n", v.Hostname, since(v.Started))
	for _, t := range v.Transports {
		switch {
		case t.Port == 0 && t.Name == "":
			fmt.Fprintf(w, "There is no SCTP: %s\n", t.Reason)
		case t.Port == 0:
			fmt.Fprintf(w, "SCTP is %s\n", t.Name)
		case t.TCP:
			fmt.Fprintf(w, "%s %d is without SCTP: %s\n", t.Kind, t.Port, t.Name)
		case t.Name != "":
			fmt.Fprintf(w, "SCTP of %s %d is %s\n", t.Kind, t.Port, t.Name)
		case t.Reason != "":
			fmt.Fprintf(w, "SCTP of %s %d: %s\n", t.Kind, t.Port, t.Reason)
		}
	}
	fmt.Fprintf(w, "Startup configuration is %s\n", v.Startup)
}
