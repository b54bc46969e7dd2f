package node

import (
	"github.com/gostp/gostp/association"
	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/ss7"
	"github.com/gostp/gostp/xua"
)

// This file has what layers of all protocols are told of the configuration alike.

func aspEnds(c *configs.ASP) association.Ends {
	return association.Ends{Remote: c.IPs(), RemotePort: c.RemotePort, LocalPort: c.LocalPort, UDPPort: c.UDPPort,
		Passive: c.Passive()}
}

func aspSettings(s *configs.System, c *configs.ASP) association.Settings {
	return association.SettingsOf(s.Port(c.LocalPort), c.SCTP.At(s.Port(c.LocalPort)))
}

func xuaASPConfig(c *configs.ASP, path ss7.PathID) xua.ASPConfig {
	out := xua.ASPConfig{Path: path, Name: c.Name, Leads: c.Leads(), Block: c.Block, Shutdown: c.Shutdown,
		TAck: c.TAck, TBeat: c.TBeat,
		Slack: xua.Slack{NoID: c.NoRC, ZeroID: c.ZeroRC, NoNotify: c.NoNotify, StayActive: c.StayActive}}
	switch {
	case c.As(configs.RoleASP):
		out.Role = xua.RoleASP
	case c.As(configs.RoleIPSP) && c.Double():
		out.Role = xua.RoleIPSPDouble
	case c.As(configs.RoleIPSP):
		out.Role = xua.RoleIPSP
	}
	if c.ID != nil {
		out.ID, out.HasID = *c.ID, true
	}
	return out
}

// trafficModes has the layers' names for the traffic modes of the configuration.
var trafficModes = [...]xua.Mode{
	configs.Override:  xua.Override,
	configs.Loadshare: xua.Loadshare,
	configs.Broadcast: xua.Broadcast,
}

// xuaMembers gives the members of an AS. paths has the paths of ASPs by name.
func xuaMembers(all []*configs.Member, paths map[string]ss7.PathID) (out []xua.MemberConfig) {
	for _, m := range all {
		weight := uint8(1)
		if m.Weight != nil {
			weight = *m.Weight
		}
		out = append(out, xua.MemberConfig{ASP: paths[m.ASP], Weight: weight})
	}
	return out
}
