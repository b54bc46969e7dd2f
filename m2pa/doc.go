// Package m2pa is the MTP2 user peer-to-peer adaptation layer, RFC 4165, with the
// procedures of Q.703 that it keeps: the level 2 of a signalling link over SCTP.
//
// Link is a pure machine with one owner (see ss7.Machine): link.go has its states
// and everything that starts, stops or fails it; align.go the initial alignment
// (Q.703 §7, RFC 4165 §4.1.3); txrx.go data, sequence numbers, acknowledgement
// and flow control (§4.1.5, §4.2.1); outage.go processor outage (§4.1.4);
// retrieve.go what changeover asks for (§4.2.3). The counters of a Link are plain
// numbers: its owner reads them.
//
// Not built: the drafts before the RFC (their messages are refused with a reason)
// and TTC's priority bits (the octet is there; priority 0 is sent).
package m2pa
