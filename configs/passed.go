package configs

import "github.com/gostp/gostp/cli"

// passedOver are blocks of Osmocom's and IOS's configurations about their own logs, terminals and banners. Here
// `show logging` has the log, and a terminal belongs to any person who may open the console's socket.
var passedOver = []*cli.Statement{
	block("this node's log is `show logging`", cli.Seq(cli.Kw("log", "Log messages"), cli.Choice("target",
		words("alarms", "file", "gsmtap", "stderr", "strbuf", "syslog", "systemd-journal")...), rest()), "config-log",
		"logging", "level"),
	block("whoever may open the console's socket has a terminal", cli.Seq(cli.Kw("line", "Terminals"),
		cli.Choice("target", words("aux", "console", "tty", "vty")...), rest()), "config-line",
		"access-class", "bind", "exec-timeout", "flowcontrol", "history", "length", "location", "logging", "login",
		"password", "privilege", "session-timeout", "speed", "stopbits", "transport", "width"),
	banner,
}

// banner is a text that IOS shows to people, over as many lines as it likes. It must not be read as
// configuration, whatever it says.
var banner = cli.PassedText(cli.Seq(cli.Kw("banner", ignoredHelp),
	cli.Opt(cli.Choice("target", words("exec", "incoming", "login", "motd", "prompt-timeout", "slip-ppp")...)),
	cli.Opt(cli.Arg("text", cli.Rest(1000), "Passed over, from a delimiter to where it comes again"))), "text").
	Check(func(any, cli.Args) (string, error) {
		return "this text is passed over: nobody is shown a banner here", nil
	})

// block is the head of a block that is passed over. instead says what there is here in its place; lines are the
// first words of the lines that the block may have.
func block(instead string, head cli.Elem, mode string, lines ...string) *cli.Statement {
	m := &cli.Mode{Name: mode}
	for _, w := range words(lines...) {
		m.Statements = append(m.Statements, cli.Ignored(cli.Seq(w, rest())))
	}
	return cli.PassedOver(head, m).Check(func(any, cli.Args) (string, error) {
		return "this line is passed over, with those under it: " + instead, nil
	})
}

func words(all ...string) (out []cli.Elem) {
	for _, w := range all {
		out = append(out, cli.Kw(w, ignoredHelp))
	}
	return out
}

func rest() cli.Elem { return cli.Opt(cli.Arg("rest", cli.Rest(200), "Passed over")) }
