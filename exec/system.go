package exec

import (
	"fmt"
	"io"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/status"
)

func systemCommands(h Host) []*cli.Statement {
	return []*cli.Statement{
		showHost(func(*cli.Call) (status.Version, error) { return h.Version(), nil }, printVersion,
			kw("version", "Program, version, uptime")),
	}
}

func printVersion(w io.Writer, _ *cli.Call, v status.Version) {
	fmt.Fprintf(w, "gostp %s, a Signaling Transfer Point for SS7 over IP\n", v.Version)
	fmt.Fprintf(w, "%s uptime is %s\n", v.Hostname, since(v.Started))
	for _, t := range v.Transports {
		switch {
		case t.Port == "" && t.Name == "":
			fmt.Fprintf(w, "There is no SCTP: %s\n", t.Reason)
		case t.Port == "":
			fmt.Fprintf(w, "SCTP is %s\n", t.Name)
		case t.TCP:
			fmt.Fprintf(w, "%s is without SCTP: %s\n", t.Port, t.Name)
		case t.Name != "":
			fmt.Fprintf(w, "SCTP of %s is %s\n", t.Port, t.Name)
		case t.Reason != "":
			fmt.Fprintf(w, "SCTP of %s: %s\n", t.Port, t.Reason)
		}
	}
	fmt.Fprintf(w, "Startup configuration is %s\n", v.Startup)
}
