package association

import (
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/gostp/gostp/sctp"
	"github.com/gostp/gostp/status"
)

// Each value of an association stands under its own name, and none is missing.
func TestSnapshotHasEachValue(t *testing.T) {
	t.Parallel()
	at, ip := time.Unix(1000, 0), netip.MustParseAddr
	near, far := ip("10.0.0.1"), ip("10.0.0.2")
	v := View{ID: 1, Why: "not shown", attempts: 2, tcp: true, last: ended{at, time.Minute, "reset"},
		local: sctp.Addr{IPs: []netip.Addr{near}, Port: 3}, Remote: sctp.Addr{IPs: []netip.Addr{far}, Port: 4},
		Status: &sctp.Status{State: "ESTABLISHED", Since: at, LocalTag: 5, RemoteTag: 6, OutStreams: 7, InStreams: 8,
			SendQueued: 9, RecvQueued: 10, PeerWindow: 11, LastError: "error",
			Paths: []sctp.PathStatus{{Addr: far, Local: near, Active: true, Why: "slow", RTO: 12 * time.Millisecond,
				SRTT: 13 * time.Microsecond, CWND: 14, SSThresh: 15, InFlight: 16, MTU: 17, Errors: 18, Resent: 19,
				Heartbeats: 20}, {Addr: near, Primary: true}, {Addr: near, Confirmed: true}},
			Stats: sctp.Stats{SentMessages: 21, RecvMessages: 22, SentOctets: 23, RecvOctets: 24, SentPackets: 25,
				RecvPackets: 26, SentChunks: 27, RecvChunks: 28, Retransmits: 29, FastRetransmits: 30, Timeouts: 31,
				Duplicates: 32, Discarded: 33}}}
	want := status.Association{ID: 1, State: "ESTABLISHED", TCP: true, Attempts: 2, Since: at,
		Local: []string{"10.0.0.1"}, LocalPort: 3, Remote: []string{"10.0.0.2"}, RemotePort: 4, LocalTag: 5,
		RemoteTag: 6, LastError: "error", OutStreams: 7, InStreams: 8, QueuedOut: 9, QueuedIn: 10, FarEndHasRoom: 11,
		Paths: []status.Path{{Address: "10.0.0.2", Local: "10.0.0.1", Active: true, Reason: "slow", RTOMS: 12,
			SRTTUS: 13, CWND: 14, SSThresh: 15, InFlight: 16, MTU: 17, Errors: 18, Resent: 19, Heartbeats: 20},
			{Address: "10.0.0.1", Primary: true}, {Address: "10.0.0.1", Confirmed: true}},
		Counters: status.AssociationCounts{MessagesOut: 21, MessagesIn: 22, OctetsOut: 23, OctetsIn: 24,
			PacketsOut: 25, PacketsIn: 26, ChunksOut: 27, ChunksIn: 28, Retransmits: 29, FastRetransmits: 30,
			Timeouts: 31, Duplicates: 32, Discarded: 33},
		Before: &status.Ended{Began: at.Add(-time.Minute), Ended: at, Reason: "reset"}}
	if got := v.Snapshot(); !reflect.DeepEqual(*got, want) {
		t.Errorf("\n%+v\nnot\n%+v", *got, want)
	}
	v.Status = nil
	if got := v.Snapshot(); !got.None() || got.Reason != "not shown" || got.Attempts != 2 || got.Before == nil {
		t.Errorf("%+v", *got)
	}
}

// The settings of an association are shown each under its own name.
func TestSettingsHaveEachValue(t *testing.T) {
	t.Parallel()
	ms := time.Millisecond
	s := Settings{init: 1, Params: sctp.Params{OutStreams: 2, InStreams: 3, RTOInitial: 4 * ms, RTOMin: 5 * ms,
		RTOMax: 6 * ms, Heartbeat: 7 * ms, SackDelay: 8 * ms, InitRetrans: 9, PathRetrans: 10, AssocRetrans: 11,
		RecvBuffer: 12, SendBuffer: 13, DSCP: 14}}
	want := status.AssociationSettings{InitDSCP: 1, OutStreams: 2, InStreams: 3, InitTimeoutMS: 4, RTOMinMS: 5,
		RTOMaxMS: 6, KeepaliveMS: 7, SackMS: 8, InitRetransmits: 9, PathRetransmits: 10, AssocRetransmits: 11,
		ReceiveWindow: 12, SendBuffer: 13, DSCP: 14, Bundling: true}
	if got := s.snapshot(); got != want {
		t.Errorf("\n%+v\nnot\n%+v", got, want)
	}
	s.Params.Single, s.Params.Heartbeat = true, -ms
	if got := s.snapshot(); got.Bundling || got.KeepaliveMS != 0 {
		t.Errorf("%+v", got)
	}
}
