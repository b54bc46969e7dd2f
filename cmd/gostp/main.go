// Command gostp is a Signaling Transfer Point for SS7 over IP. See README.md.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/gostp/gostp/internal/printable"
)

// exitCode ends the program with a code, when everything was said already.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

func main() {
	err := root().Execute()
	var code exitCode
	switch {
	case err == nil:
	case errors.As(err, &code):
		os.Exit(int(code))
	default:
		fmt.Fprintln(printable.NewWriter(os.Stderr), "gostp: "+err.Error())
		os.Exit(1)
	}
}

func root() *cobra.Command {
	c := &cobra.Command{
		Use:           "gostp",
		Short:         "A Signaling Transfer Point for SS7 over IP",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	c.AddCommand(labCommand(), runCommand(), attachCommand(), execCommand(), checkCommand(), benchCommand(),
		&cobra.Command{
			Use:   "version",
			Short: "Print the version",
			Args:  cobra.NoArgs,
			Run:   func(c *cobra.Command, _ []string) { fmt.Fprintln(c.OutOrStdout(), "gostp "+version()) },
		})
	return c
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
