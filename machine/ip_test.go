package machine

import (
	"slices"
	"strings"
	"testing"
)

func TestDeviceOf(t *testing.T) {
	for _, x := range []struct {
		name, device string
		ethernets    string
		want         string
	}{
		{"eth7", "", "", "eth7"}, {"enp1s0", "", "eth0", "enp1s0"},
		{"GigabitEthernet0/1", "", "eth0 eth1 eth2", "eth1"}, {"FastEthernet1/0", "", "eth1", "eth2"},
		{"FastEthernet0/0", "", "", "eth0"}, // a container whose interfaces come later
		{"FastEthernet0/1", "", "enp10s0 enp2s0", "enp10s0"}, {"FastEthernet0/0", "", "enp10s0 enp2s0", "enp2s0"},
		{"FastEthernet0/5", "", "ens3 ens4",
			"error: it would be Ethernet interface number 5 of this machine, which has ens3, ens4"},
		{"FastEthernet0/5", "ens4", "ens3 ens4", "ens4"}, {"Loopback3", "", "ens3", "lo"},
	} {
		got, err := DeviceOf(Interface{Name: x.name, Device: x.device}, strings.Fields(x.ethernets))
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != x.want && !(err != nil && strings.HasPrefix(got, x.want)) {
			t.Errorf("%+v: %s", x, got)
		}
	}
}

func TestNaturalOrder(t *testing.T) {
	names := []string{"eth10", "eth2", "ens3", "eth2.10", "eth2.9", "e"}
	slices.SortFunc(names, natural)
	if got := strings.Join(names, " "); got != "e ens3 eth2 eth2.9 eth2.10 eth10" {
		t.Error(got)
	}
}
