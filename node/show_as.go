package node

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/gostp/gostp/cli"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/m3ua"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

func (n *Node) m3uaCommands() []*cli.Statement {
	as, asp := cli.Arg("name", configs.ASName, "Only this AS"), cli.Arg("name", configs.ASPName, "Only this ASP")
	return []*cli.Statement{
		showCS7(n.showAS, kw("as", "Application servers"), cli.Opt(cli.Choice("all", kw("all", "All of them (default)"), kw("active", "Those that are active"), kw("m3ua", "Those of M3UA"))),
			cli.Any(as, cli.Choice("how", kw("detail", "With ASPs and reasons"), kw("binding-table", "Which ASP each SLS goes to")))),
		showCS7(n.showASP, kw("asp", "Application server processes"),
			cli.Any(asp, cli.Choice("how", kw("detail", "With reasons and associations"), kw("statistics", "Messages by type, and what was refused")))),
		showCS7(n.showM3UA, kw("m3ua", "Ports of ASPs"), cli.Opt(cli.Arg("port", cli.Uint(1024, 49151), "Only this one"))),
		cli.Command(cli.Seq(kw("clear", "Reset"), configs.CS7(kw("asp", "End the association of an ASP; it may set up a new one"), cli.Arg("name", configs.ASPName, "ASP"))), n.clearASP).Privileged(),
	}
}

// named gives those of all that the command names, or an error.
func named[E any](c *cli.Call, what string, all []E, name func(*E) string) ([]E, error) {
	want := c.Args.String("name", "")
	if want == "" {
		if len(all) == 0 {
			fmt.Fprintf(c.Out, "No %s is configured.\n", what)
		}
		return all, nil
	}
	if i := slices.IndexFunc(all, func(e E) bool { return name(&e) == want }); i >= 0 {
		return all[i : i+1], nil
	}
	return nil, fmt.Errorf("there is no %s %s", what, want)
}

// showAS keeps the ITP's columns. What is not active has its reason in a line of its own.
func (n *Node) showAS(c *cli.Call) error {
	_, all := n.m3ua.status()
	all, err := named(c, "as", all, func(s *xua.ASStatus) string { return s.Config.Name })
	if err != nil || len(all) == 0 {
		return err
	}
	how := c.Args.String("how", "")
	if how == "binding-table" {
		for i := range all {
			n.printBindings(c.Out, &all[i])
		}
		return nil
	}
	w := c.Out
	fmt.Fprintf(w, "                    Routing    Routing Key                          Cic   Cic\n")
	fmt.Fprintf(w, "AS Name      State  Context    Dpc           Si   Opc           Ssn Min   Max\n")
	fmt.Fprintf(w, "------------ ------ ---------- ------------- ---- ------------- --- ----- -----\n")
	for i := range all {
		s := &all[i]
		if c.Args.String("all", "") == "active" && s.State != xua.ASActive {
			continue
		}
		n.printAS(w, s)
		if s.State != xua.ASActive {
			fmt.Fprintf(w, "       reason: %s\n", asReason(s))
		}
		if how == "detail" {
			n.printASDetail(w, s)
		}
	}
	return nil
}

// asReason is why an AS is not active, and what to do about it.
func asReason(s *xua.ASStatus) string {
	switch {
	case s.Config.Shutdown:
		return "shut down by configuration"
	case len(s.ASPs) == 0:
		return "no ASP serves it; `asp NAME` in its configuration names one"
	}
	why := s.Why
	if s.State == xua.ASPending {
		why += fmt.Sprintf("; traffic waits for an ASP, %d ms more", time.Until(s.Expires).Milliseconds())
	}
	return why + unregistered(s.ASPs)
}

// unregistered says what became of asking gateways for routing contexts; empty: nobody
// waits for one.
func unregistered(ms []xua.MemberStatus) (out string) {
	for _, m := range ms {
		switch {
		case m.WaitWhy == "":
		case m.WaitTill.IsZero():
			out += "; " + m.WaitWhy + "; it is not asked again before its association or the configuration changes"
		default:
			out += fmt.Sprintf("; %s; it is asked again in %d s", m.WaitWhy, int(time.Until(m.WaitTill).Seconds()))
		}
	}
	return out
}

func (n *Node) printAS(w io.Writer, s *xua.ASStatus) {
	rc := "-"
	if s.Config.HasID {
		rc = fmt.Sprint(s.Config.ID)
	}
	key := n.m3ua.key(s.Config.Path).Key
	f := n.Config().Notation()
	code := func(r ss7.Range) string {
		if r.Len == f.Bits() {
			return f.Format(r.PC)
		}
		return f.FormatRange(r)
	}
	name, state := s.Config.Name, s.State.String()
	if len(key.Terms) == 0 {
		fmt.Fprintf(w, "%-12s %-6s %-10s %s\n", name, state, rc, "-")
	}
	for i := range key.Terms {
		for _, line := range keyLines(&key.Terms[i], code) {
			fmt.Fprintf(w, "%-12s %-6s %-10s %s\n", name, state, rc, strings.TrimRight(line, " "))
			name, state, rc = "", "", ""
		}
	}
}

// keyLines writes a term of a routing key, a line for each OPC or range of circuits.
func keyLines(t *m3ua.Term, code func(ss7.Range) string) (out []string) {
	si := ""
	for s := range ss7.SI(16) {
		if t.SIs&(1<<s) != 0 {
			si = strings.TrimPrefix(si+","+siWord(s), ",")
		}
	}
	line := func(opc string, cic ...any) {
		text := fmt.Sprintf("%-13s %-4s %-13s %3s ", code(t.DPC), si, opc, "")
		if len(cic) == 2 {
			text += fmt.Sprintf("%5d %5d", cic...)
		}
		out = append(out, text)
	}
	for _, c := range t.Circuits {
		opc := ""
		if c.OPC.Len > 0 {
			opc = code(c.OPC)
		}
		line(opc, c.First, c.Last)
	}
	for _, o := range t.OPCs {
		line(code(o))
	}
	if len(out) == 0 {
		line("")
	}
	return out
}

// siWord is the word of the configuration for a service indicator.
func siWord(s ss7.SI) string {
	if w := configs.UserPart(s).String(); w != "" {
		return w
	}
	return fmt.Sprint(uint8(s))
}

func (n *Node) printASDetail(w io.Writer, s *xua.ASStatus) {
	fmt.Fprintf(w, "  %s for %s: %s; active %d times\n", s.State, since(s.Since), s.Why, s.Ups)
	mode := s.Mode.String()
	switch {
	case s.Mode == 0:
		mode = "as the first ASP says"
	case s.Config.Robin:
		mode += " roundrobin, which does not keep the order"
	case s.Mode == xua.Loadshare:
		mode += " bindings (by SLS)"
	}
	fmt.Fprintf(w, "  traffic mode %s; recovery-timeout %d ms; minimum-active %d\n", mode, s.Config.TR.Milliseconds(), max(1, s.Config.Need))
	if s.Config.HasOwn {
		fmt.Fprintf(w, "  own-routing-context %d: the far end's DATA carries it\n", s.Config.OwnID)
	}
	if k := n.m3ua.key(s.Config.Path); k.HasNA {
		fmt.Fprintf(w, "  network appearance %d\n", k.NA)
	}
	if s.Config.Dynamic {
		fmt.Fprintln(w, "  registered by its ASPs; it goes with the last of them")
	}
	if v := n.view.Load(); int(s.Config.Path) < len(v.servers) && v.servers[s.Config.Path] != nil {
		if held, at := v.servers[s.Config.Path].waiting(); held > 0 {
			fmt.Fprintf(w, "  %d MSUs wait for an ASP, the oldest for %d ms\n", held, time.Since(at).Milliseconds())
		}
	}
	for _, m := range s.ASPs {
		fmt.Fprintf(w, "  asp %-19s %s, weight %d%s\n", m.ASP, memberState(&m), m.Weight, memberNotes(&m))
	}
}

// memberState is one word, unless the two directions of a double exchange differ.
func memberState(m *xua.MemberStatus) string {
	if m.Double && m.Peer != m.Own {
		return fmt.Sprintf("far end %s, this end %s", m.Peer, m.Own)
	}
	return max(m.Peer, m.Own).String()
}

// working tells whether all that there is between two ends is active.
func working(m *xua.MemberStatus) bool {
	return max(m.Peer, m.Own) == xua.Active && (!m.Double || m.Peer == m.Own)
}

func memberNotes(m *xua.MemberStatus) (out string) {
	for _, x := range []struct {
		on   bool
		text string
	}{{m.Registered, "registered"}, {m.Overridden, "an alternate ASP is active"}, {m.WaitsForKey, "waits for its routing context"}} {
		if x.on {
			out += ", " + x.text
		}
	}
	return out
}

// printBindings keeps Osmocom's columns.
func (n *Node) printBindings(w io.Writer, s *xua.ASStatus) {
	fmt.Fprintf(w, "AS %s: %s, traffic mode %s\n", s.Config.Name, s.State, s.Mode)
	if s.State != xua.ASActive || s.Way == nil {
		fmt.Fprintf(w, "       reason: %s\n", asReason(s))
		return
	}
	if s.Way.Mode == xua.Broadcast {
		fmt.Fprintln(w, "Every MSU goes to every active ASP.")
		return
	}
	fmt.Fprintf(w, "Loadshare Seed  ASP\n--------------  ---------------\n")
	for sls, p := range s.Way.Slots() {
		name := "-"
		if a := n.m3ua.asp(p); a != nil {
			name = a.title
		}
		fmt.Fprintf(w, "%-15d %s\n", sls, name)
	}
}

func (n *Node) showASP(c *cli.Call) error {
	all, _ := n.m3ua.status()
	all, err := named(c, "asp", all, func(s *xua.ASPStatus) string { return s.Config.Name })
	if err != nil || len(all) == 0 {
		return err
	}
	w, how := c.Out, c.Args.String("how", "")
	if how == "statistics" {
		for i := range all {
			n.printASPStatistics(w, &all[i])
		}
		return nil
	}
	fmt.Fprintf(w, "%53s%s\n", "", "Effect Primary")
	fmt.Fprintf(w, "%-12s  %-12s  %-8s  %-4s  %-8s %-15s %s\n", "ASP Name", "AS Name", "State", "Type", "Rmt Port", "Remote IP Addr", "SCTP")
	fmt.Fprintf(w, "------------  ------------  --------  ----  -------- --------------- ----------\n")
	for i := range all {
		n.printASP(w, &all[i], how == "detail")
	}
	return nil
}

func (n *Node) printASP(w io.Writer, s *xua.ASPStatus, detail bool) {
	a := n.m3ua.asp(s.Config.Path)
	if a == nil {
		return
	}
	v := a.view()
	assoc, port, ip := "none", a.where.remotePort, "-"
	if len(a.where.remote) > 0 {
		ip = a.where.remote[0].String()
	}
	if v.status != nil {
		assoc, port = v.status.State, v.remote.Port
		if len(v.remote.IPs) > 0 {
			ip = v.remote.IPs[0].String()
		}
	}
	if v.tcp {
		assoc += " (tcp)"
	}
	line := func(name, as, state string) {
		fmt.Fprintf(w, "%-12s  %-12s  %-8s  %-4s  %-8d %-15s %s\n", name, as, state, "m3ua", port, ip, assoc)
	}
	good := true
	for i := range s.AS {
		m := &s.AS[i]
		line(s.Config.Name, m.AS, memberState(m))
		good = good && working(m)
	}
	if len(s.AS) == 0 {
		line(s.Config.Name, "-", s.State)
	}
	if !good || len(s.AS) == 0 {
		fmt.Fprintf(w, "       reason: %s\n", aspReason(s, &v))
	}
	if detail {
		printASPDetail(w, s, &v)
	}
}

// aspReason is the lowest layer's, because that is what has to be mended first.
func aspReason(s *xua.ASPStatus, v *assocView) string {
	why := s.Why
	switch {
	case s.Config.Shutdown:
		return "shut down by configuration"
	case v.status == nil:
		return "no association: " + v.none()
	case s.Config.Block:
		why += "; blocked by configuration"
	case s.Comm && s.State == "inactive" && s.Config.Role == xua.RoleSG:
		why += "; waiting for ASPAC"
	case s.Comm && s.State == "down" && s.Config.Role == xua.RoleIPSP && !s.Config.Leads:
		why += "; the far end is to ask (`role ipsp initiate` makes it this end)"
	case s.Config.Role == xua.RoleIPSPDouble && slices.ContainsFunc(s.AS, func(m xua.MemberStatus) bool { return m.Own == xua.Active && m.Peer == xua.Down }):
		why += "; the far end has not sent ASPUP: has it double-exchange too?"
	}
	if len(s.AS) == 0 {
		why += "; it serves no AS"
	}
	why += unregistered(s.AS)
	if s.LastError != "" {
		why += "; " + s.LastError
	}
	return why
}

func printASPDetail(w io.Writer, s *xua.ASPStatus, v *assocView) {
	role := "this node is " + s.Config.Role.String()
	if s.Config.Role == xua.RoleSG {
		role = "this node is its gateway"
	}
	fmt.Fprintf(w, "  %s for %s: %s; %s\n", s.State, since(s.Since), s.Why, role)
	if s.HasID {
		fmt.Fprintf(w, "  asp-identifier %d\n", s.ID)
	}
	if s.LastError != "" {
		fmt.Fprintf(w, "  last error: %s\n", s.LastError)
	}
	if !s.NextTry.IsZero() {
		fmt.Fprintf(w, "  waits for an answer; next request in %d ms\n", time.Until(s.NextTry).Milliseconds())
	}
	if v.status == nil {
		fmt.Fprintf(w, "  no association: %s\n", v.none())
	} else {
		over := ""
		if v.tcp {
			over = " over TCP"
		}
		fmt.Fprintf(w, "  association %d%s: %s for %s\n", v.id, over, v.status.State, since(v.status.Since))
		for i := range v.status.Paths {
			printPath(w, &v.status.Paths[i])
		}
		printBuffers(w, v.status)
	}
	if b := v.before(); b != "" {
		fmt.Fprintf(w, "  %s\n", b)
	}
}

func (n *Node) printASPStatistics(w io.Writer, s *xua.ASPStatus) {
	a := n.m3ua.asp(s.Config.Path)
	if a == nil {
		return
	}
	fmt.Fprintf(w, "ASP %s\n", s.Config.Name)
	for _, line := range s.Stats.Lines(m3ua.Grammar) {
		fmt.Fprintf(w, "  %s\n", line)
	}
	fmt.Fprintf(w, "  octets of DATA in %d, out %d\n", a.inOctets.Load(), a.outOctets.Load())
	for r := m3ua.Taken + 1; r < m3ua.Refusals; r++ {
		switch c := a.refused[r].Load(); {
		case c > 0 && r == m3ua.Malformed:
			fmt.Fprintf(w, "  DATA refused: %s: %v\n", r, a.malformed.Load())
		case c > 0:
			fmt.Fprintf(w, "  DATA refused: %s: %d\n", r, c)
		}
	}
	if c := a.oddSI.Load(); c > 0 {
		fmt.Fprintf(w, "  DATA with bits above the fourth in its service indicator, passed over: %d\n", c)
	}
	p := n.m3ua.peerStats(a.id)
	fmt.Fprintf(w, "  not answered because there were too many: audits %d, registrations %d, unreachable destinations %d; audits cut short %d\n",
		p.AuditsSpared, p.RegistrationsSpared, p.AnswersSpared, p.AuditsCut)
}

func (x *m3uaLayer) peerStats(p ss7.PathID) m3ua.Stats {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.layer.PeerStats(p)
}

// showM3UA shows the ports of ASPs.
func (n *Node) showM3UA(c *cli.Call) error {
	only, found, dynamic := c.Args.Uint("port", 0), false, false
	sys := n.Config()
	asps, _ := n.m3ua.status()
	for _, p := range n.carriers() {
		if sys.M3UA(p.number) == nil || only != 0 && uint64(p.number) != only {
			continue
		}
		found = true
		accept := sys.M3UA(p.number).Accept
		if accept == 0 {
			accept = configs.AcceptConfigured
		}
		dynamic = dynamic || accept == configs.AcceptAnybody
		n.printPort(c.Out, p)
		fmt.Fprintf(c.Out, "  accept-asp-connections %s: accepted %d, refused %d\n", accept, p.accepted.Load(), p.refused.Load())
		for i := range asps {
			if a := n.m3ua.asp(asps[i].Config.Path); a != nil && a.where.localPort == p.number {
				v := a.view()
				state := v.none()
				if v.status != nil {
					state = fmt.Sprintf("association %d, %s", v.id, v.status.State)
				}
				fmt.Fprintf(c.Out, "  asp %s, %s: %s, %s\n", a.title, a.farEnd(), asps[i].State, state)
			}
		}
	}
	if taken, most := n.m3ua.strangerPlaces(); found && (taken > 0 || dynamic) {
		fmt.Fprintf(c.Out, "ASPs that are not configured: %d of %d (`cs7 xua max-unconfigured-asps`)\n", taken, most)
	}
	switch {
	case !found && only != 0:
		return fmt.Errorf("there is no m3ua %d", only)
	case !found:
		fmt.Fprintln(c.Out, "No m3ua is configured.")
	}
	return nil
}

// clearASP ends the association of an ASP.
func (n *Node) clearASP(c *cli.Call) error {
	name := c.Args.String("name", "")
	var a *runner
	if p := n.m3ua.aspNamed(name); p != nil {
		a = &p.runner
	}
	for _, p := range *n.m2ua.byPath.Load() {
		if p.title == name {
			a = &p.runner
		}
	}
	if a == nil {
		return fmt.Errorf("there is no asp %s", name)
	}
	if !a.abort("cleared by the operator") {
		return fmt.Errorf("asp %s has no association", name)
	}
	return nil
}

// aspText names the ASP that an SLS goes to, if path is an AS's.
func (n *Node) aspText(path ss7.PathID, sls uint8) string {
	v := n.view.Load()
	if int(path) >= len(v.servers) || v.servers[path] == nil {
		return ""
	}
	w := v.servers[path].way.Load()
	switch {
	case !takes(w):
		return ""
	case w.State == xua.ASPending:
		return ": waits for an ASP"
	case w.Mode == xua.Broadcast:
		return fmt.Sprintf(", to all of %d ASPs", len(w.All))
	case w.Robin:
		return fmt.Sprintf(", to %d ASPs in turn", len(w.All))
	}
	if a := n.m3ua.asp(w.Pick(sls, 0)); a != nil {
		return ", to asp " + a.title
	}
	return ""
}
