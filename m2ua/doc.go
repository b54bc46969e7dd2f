// Package m2ua is the MTP2 user adaptation layer, RFC 3331, as gateway (SGP) and as
// ASP: level 2 of a link is at one place, MTP3 at another.
//
// message.go is the codec of every message but Data, data.go that of Data, which
// allocates nothing. Link is the pure machine of one interface at the ASP: to MTP3 it
// is level 2, as m2pa.Link is. Terminal is that of one interface at the gateway: it
// stands between a level 2 and the ASPs (RFC 3331's nodal interworking function).
// Layer is the peers and application servers, on top of xua.Layer, which has their
// states: it translates interface identifiers, which M2UA names traffic by, to and from
// the numbers of xua (names.go), and registers link keys (register.go, §4.4).
package m2ua
