package association

import (
	"time"

	"github.com/gostp/gostp/configs"
	"github.com/gostp/gostp/sctp"
)

// queuedOctets is what the send buffer has for each message of a transmit queue:
// the longest that M2PA carries for a narrow-band network, and SCTP's own header.
const queuedOctets = 512

// Settings is how the associations of a link or of a local-peer are set up.
type Settings struct {
	Params sctp.Params
	init   uint8         // the DSCP of packets that set an association up
	stall  time.Duration // for how long the far end may take nothing
}

// SettingsFor gives the settings of a link k at local-peer p, or, if k is nil, of the local-peer.
func SettingsFor(p *configs.LocalPeer, k *configs.Link) Settings {
	return SettingsOf(p, configs.SCTPFor(p, k))
}

// SettingsOf gives the settings of associations at local-peer p for which c is configured.
func SettingsOf(p *configs.LocalPeer, c configs.SCTP) Settings {
	d := sctp.DefaultParams()
	return Settings{sctp.Params{
		OutStreams: c.OutStreams, InStreams: c.InStreams,
		RTOInitial: c.InitTimeout, RTOMin: c.RTOMin, RTOMax: c.RTOMax,
		Heartbeat: c.Keepalive, SackDelay: c.Sack, // configs.Off is negative: none
		InitRetrans: int(c.InitRetrans), PathRetrans: int(c.PathRetrans), AssocRetrans: int(c.AssocRetrans),
		CookieLife: d.CookieLife, RecvBuffer: int(c.Window), SendBuffer: max(d.SendBuffer, int(c.QueueDepth)*queuedOctets),
		DSCP: c.Mark(), Single: c.Bundling == configs.Off, AnyChecksum: p.AnyChecksum,
	}, c.InitMark(), c.Stall}.patient()
}

// patient lets TCP wait for longer than it would, if that is configured.
func (s Settings) patient() Settings {
	if s.stall > configs.DefaultSCTP.Stall {
		s.Params.Stall = s.stall
	}
	return s
}

// dialled are the parameters of packets that set an association up.
func (s Settings) dialled() sctp.Params {
	p := s.Params
	p.DSCP = s.init
	return p
}
