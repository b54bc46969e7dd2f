// Package xua is what the user adaptation layers share. M3UA (RFC 4666), M2UA (RFC 3331) and SUA (RFC 3868)
// have the same common header, the same form of parameters, the same messages to bring an application server
// process (ASP) up and into traffic, and the same states of an application server (AS).
//
// message.go has the codec, which goes by a Grammar that each layer declares. error.go has what a far end is
// told of its faults. Layer is the pure machine. asp.go answers an ASP (the gateway's side of RFC 4666 §4.3.4).
// client.go asks as an ASP; an IPSP does both. as.go has the state of an AS (§4.3.2), and which ASPs are
// notified of it. beat.go has the heartbeat. way.go deals traffic out to the ASPs of an AS. hold.go keeps what
// waits while no ASP is active.
//
// A Layer has one owner and handles only what is slow. Data does not pass through it: it goes by immutable
// pictures (Way, Serving). The Layer says that its owner must publish a new one by an action Raise of kind
// Republish, for the path concerned. The order of its actions is part of the contract. If a Republish stands
// before a Send, the new picture must be in force before the message goes out, so that no data follows the
// acknowledgement of ASP Inactive. Send, Hangup and Republish name their association or AS in Event.Path.
package xua
