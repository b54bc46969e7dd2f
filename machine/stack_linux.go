package machine

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/gostp/gostp/internal/lock"
)

// settleInterval is how often the machine is looked at again while something is configured. An interface may
// appear, or somebody else may take an address away.
const settleInterval = 2 * time.Second

// routeProtocol marks the routes that this program made (rtnetlink's rtm_protocol; routing daemons may choose
// numbers from 5 on).
const routeProtocol netlink.RouteProtocol = 173

// ipStack keeps the kernel's interfaces and routes as they are configured. It takes away what it put there once
// that is no longer configured, and nothing else. When the program ends, all stays: taking an address away
// would end the traffic of others who use it, and a program that is killed could not do it.
type ipStack struct {
	setup    lock.Mutex[lock.MachineIP] // guards what follows
	ip       IP
	tell     func(string)
	stop     chan struct{} // ends the watch; nil if it does not run
	addrs    map[deviceAddr]bool
	routes   map[StaticRoute]bool
	mtus     map[string]int  // the MTUs of devices before they were set
	downed   map[string]bool // devices that this program shut down
	problems map[string]string
}

// deviceAddr is an address of a device.
type deviceAddr struct {
	device string
	prefix netip.Prefix
}

// Configure makes the interfaces and routes of the kernel what ip says. It calls tell with what cannot be done
// yet.
func (m *ipStack) Configure(ip IP, tell func(string)) {
	m.setup.Lock()
	defer m.setup.Unlock()
	if sameIP(m.ip, ip) {
		return
	}
	if m.addrs == nil {
		m.addrs, m.routes, m.mtus, m.downed = map[deviceAddr]bool{}, map[StaticRoute]bool{}, map[string]int{},
			map[string]bool{}
	}
	m.ip, m.tell = ip, tell
	m.reconcile()
	watched := len(ip.Interfaces)+len(ip.Routes) > 0
	if watched && m.stop == nil {
		m.stop = make(chan struct{})
		go m.watch(m.stop)
	} else if !watched && m.stop != nil {
		close(m.stop)
		m.stop = nil
	}
}

func (m *ipStack) watch(stop chan struct{}) {
	t := time.NewTicker(settleInterval)
	defer t.Stop()
	for {
		select {
		case <-stop:
			return
		case <-t.C:
			m.setup.Lock()
			if m.stop == stop {
				m.reconcile()
			}
			m.setup.Unlock()
		}
	}
}

// inventory is what the kernel has.
type inventory struct {
	links     map[string]netlink.Link
	names     map[int]string
	ethernets []string
	addrs     map[string][]netip.Prefix // by device, in the kernel's order
	tentative map[deviceAddr]bool       // IPv6 addresses whose duplicate address detection goes on, or failed
}

func takeInventory() (*inventory, error) {
	links, err := netlink.LinkList()
	if err != nil {
		return nil, fmt.Errorf("the kernel does not tell its interfaces: %w", err)
	}
	v := &inventory{map[string]netlink.Link{}, map[int]string{}, nil, map[string][]netip.Prefix{}, map[deviceAddr]bool{}}
	for _, l := range links {
		a := l.Attrs()
		v.links[a.Name], v.names[a.Index] = l, a.Name
		if a.EncapType == "ether" && slices.Contains([]string{"device", "veth", "macvlan", "ipvlan", "tuntap"}, l.Type()) {
			v.ethernets = append(v.ethernets, a.Name)
		}
	}
	addrs, err := netlink.AddrList(nil, netlink.FAMILY_ALL)
	if err != nil {
		return nil, fmt.Errorf("the kernel does not tell its addresses: %w", err)
	}
	for _, a := range addrs {
		name := v.names[a.LinkIndex]
		if p, ok := prefixOf(a.IPNet); ok && name != "" {
			v.addrs[name] = append(v.addrs[name], p)
			if a.Flags&(unix.IFA_F_TENTATIVE|unix.IFA_F_DADFAILED) != 0 {
				v.tentative[deviceAddr{name, p}] = true
			}
		}
	}
	return v, nil
}

func prefixOf(n *net.IPNet) (netip.Prefix, bool) {
	if n == nil {
		return netip.Prefix{}, false
	}
	a, ok := netip.AddrFromSlice(n.IP)
	ones, bits := n.Mask.Size()
	if bits == 128 && a.Is4In6() {
		ones -= 96
	}
	return netip.PrefixFrom(a.Unmap(), ones), ok
}

func netOf(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

// devices finds the machine's interface for each configured one. A problem says why there is none.
func (m *ipStack) devices(v *inventory) (device map[string]string, problems map[string]string) {
	device, problems = map[string]string{}, map[string]string{}
	user := map[string]string{}
	for _, i := range m.ip.Interfaces {
		d, err := DeviceOf(i, v.ethernets)
		switch {
		case err != nil:
			problems[i.Name] = err.Error()
		case user[d] != "" && !IsLoopback(i.Name):
			problems[i.Name] = fmt.Sprintf(
				"it would be %s, which is interface %s already; `device NAME` in its mode names another", d, user[d])
		case v.links[d] == nil:
			problems[i.Name] = fmt.Sprintf("this machine has no interface %s yet; it has %s", d,
				strings.Join(slices.SortedFunc(maps.Keys(v.links), natural), ", "))
		default:
			device[i.Name] = d
		}
		if err == nil && !IsLoopback(i.Name) {
			user[d] = i.Name
		}
	}
	return device, problems
}

// wanted gives the addresses that an interface is to have. Those of a Loopback are on lo, each with the mask of
// one address: with a shorter mask, lo would take the whole network for the machine itself.
func wanted(i Interface) []netip.Prefix {
	if !IsLoopback(i.Name) {
		return i.Addresses
	}
	if i.Shutdown {
		return nil
	}
	var out []netip.Prefix
	for _, a := range i.Addresses {
		out = append(out, netip.PrefixFrom(a.Addr(), a.Addr().BitLen()))
	}
	return out
}

// reconcile makes the kernel's state that of the configuration, as far as the kernel allows, and tells what has
// changed about the problems. The caller holds setup.
func (m *ipStack) reconcile() {
	v, err := takeInventory()
	if err != nil {
		m.report(map[string]string{"interfaces": err.Error()})
		return
	}
	device, problems := m.devices(v)
	keep := map[deviceAddr]bool{}
	for _, i := range m.ip.Interfaces {
		if d := device[i.Name]; d != "" {
			for _, p := range wanted(i) {
				keep[deviceAddr{d, p}] = true
			}
		}
	}
	m.removeOld(v, keep)
	for _, i := range m.ip.Interfaces {
		d := device[i.Name]
		if d == "" {
			continue
		}
		if err := m.setLink(v, i, d, keep); err != nil {
			problems[i.Name] = err.Error()
		} else if err := m.addAddresses(v, i, d); err != nil {
			problems[i.Name] = err.Error()
		}
	}
	m.releaseLinks(v, device)
	m.reconcileRoutes(problems)
	m.report(problems)
}

// removeOld takes away the addresses that this program put there and that are not to stay.
func (m *ipStack) removeOld(v *inventory, keep map[deviceAddr]bool) {
	for a := range m.addrs {
		if keep[a] {
			continue
		}
		delete(m.addrs, a)
		if l := v.links[a.device]; l != nil && slices.Contains(v.addrs[a.device], a.prefix) {
			// An error means that somebody else has taken it away already, which is right.
			_ = netlink.AddrDel(l, &netlink.Addr{IPNet: netOf(a.prefix)})
			v.addrs[a.device] = slices.DeleteFunc(v.addrs[a.device], func(p netip.Prefix) bool { return p == a.prefix })
		}
	}
}

// setLink takes a device up or down and sets its MTU.
func (m *ipStack) setLink(v *inventory, i Interface, d string, keep map[deviceAddr]bool) error {
	if IsLoopback(i.Name) {
		return nil
	}
	l := v.links[d]
	up := l.Attrs().Flags&net.FlagUp != 0
	if i.Shutdown {
		return m.shutLink(v, d, up, keep)
	}
	if i.MTU != 0 && l.Attrs().MTU != i.MTU {
		if _, known := m.mtus[d]; !known {
			m.mtus[d] = l.Attrs().MTU
		}
		if err := netlink.LinkSetMTU(l, i.MTU); err != nil {
			return refused(err, "MTU %d cannot be set", i.MTU)
		}
	}
	if !up && (len(i.Addresses) > 0 || m.downed[d]) {
		if err := netlink.LinkSetUp(l); err != nil {
			return refused(err, "it cannot be brought up")
		}
	}
	delete(m.downed, d)
	return nil
}

// shutLink takes a device down, unless the machine uses it for an address of its own: a `shutdown` in a pasted
// configuration must not cut off the person who pastes it.
func (m *ipStack) shutLink(v *inventory, d string, up bool, keep map[deviceAddr]bool) error {
	if !up {
		return nil
	}
	for _, p := range v.addrs[d] {
		if a := (deviceAddr{d, p}); !keep[a] && !p.Addr().IsLinkLocalUnicast() {
			return fmt.Errorf("not shut down: the machine uses %s for %s, which is not in this configuration", d, p)
		}
	}
	m.downed[d] = true
	if err := netlink.LinkSetDown(v.links[d]); err != nil {
		return refused(err, "it cannot be shut down")
	}
	return nil
}

func (m *ipStack) addAddresses(v *inventory, i Interface, d string) error {
	if i.Shutdown && !IsLoopback(i.Name) {
		return nil // a device that is down cannot keep IPv6 addresses
	}
	var errs []error
	for _, p := range wanted(i) {
		if slices.Contains(v.addrs[d], p) {
			continue
		}
		err := netlink.AddrAdd(v.links[d], &netlink.Addr{IPNet: netOf(p)})
		switch {
		case err == nil:
			m.addrs[deviceAddr{d, p}] = true
			v.addrs[d] = append(v.addrs[d], p)
		case !errors.Is(err, unix.EEXIST):
			errs = append(errs, refused(err, "%s cannot be set", p))
		}
	}
	return errors.Join(errs...)
}

// releaseLinks undoes what was changed of devices that are not configured any more.
func (m *ipStack) releaseLinks(v *inventory, device map[string]string) {
	wantsDown, wantsMTU := map[string]bool{}, map[string]bool{}
	for _, i := range m.ip.Interfaces {
		d := device[i.Name]
		wantsDown[d], wantsMTU[d] = wantsDown[d] || i.Shutdown, wantsMTU[d] || i.MTU != 0
	}
	for d := range m.downed {
		if l := v.links[d]; !wantsDown[d] {
			delete(m.downed, d)
			if l != nil {
				_ = netlink.LinkSetUp(l)
			}
		}
	}
	for d, mtu := range m.mtus {
		if l := v.links[d]; !wantsMTU[d] {
			delete(m.mtus, d)
			if l != nil {
				_ = netlink.LinkSetMTU(l, mtu)
			}
		}
	}
}

// refused says what the kernel refused, and what to do about it if privileges are missing.
func refused(err error, format string, args ...any) error {
	what := fmt.Sprintf(format, args...)
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		return fmt.Errorf("%s: this needs root or CAP_NET_ADMIN (`setcap cap_net_admin+ep` on the program); or set it "+
			"with `ip`, and it is used as it is", what)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// report tells what is new about the problems.
func (m *ipStack) report(problems map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(problems)) {
		if m.problems[name] != problems[name] {
			m.tell(subject(name) + ": " + problems[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.problems)) {
		if problems[name] == "" && m.configured(name) {
			m.tell(subject(name) + " is as configured")
		}
	}
	m.problems = problems
}

func (m *ipStack) configured(name string) bool {
	return strings.Contains(name, " ") || slices.ContainsFunc(m.ip.Interfaces,
		func(i Interface) bool { return i.Name == name })
}

// subject gives the words for the name of a problem. The names of routes have their own word.
func subject(name string) string {
	if strings.Contains(name, " ") {
		return name
	}
	return "interface " + name
}
