// Package xua is what the user adaptation layers share: M3UA (RFC 4666), M2UA
// (RFC 3331) and SUA (RFC 3868) have the same common header, the same form of
// parameters, the same messages to bring an application server process (ASP) up
// and into traffic, and the same states of an application server (AS).
//
// message.go has the codec, driven by a Grammar that each layer declares;
// error.go what a peer is told of its faults. Layer is the pure machine: asp.go
// answers an ASP (the gateway's side of RFC 4666 §4.3.4), client.go asks as one
// (the ASP's side; an IPSP does both), as.go is the state of an AS (§4.3.2) and
// whom it is notified to, beat.go the heartbeat. way.go is how traffic is
// dealt out to the ASPs of an AS, and hold.go what waits while none is active.
//
// A Layer has one owner and sees only what is slow: data passes it by, on
// immutable pictures (Way, Serving) that it gives its owner to publish, by an
// action Raise of kind Republish for the path concerned. The order of its
// actions is part of the contract: a Republish that stands before a Send must be
// in force before it, so that no data follows the acknowledgement of ASP Inactive.
// Send, Hangup and Republish name their association or AS in Event.Path.
package xua
