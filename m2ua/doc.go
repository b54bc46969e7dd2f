// Package m2ua is the MTP2 user adaptation layer, RFC 3331, as gateway (SGP) and as ASP. With it, level 2 of a
// link is in one place and MTP3 in another.
//
// message.go is the codec of every message but Data. data.go is that of Data, and allocates nothing. Link is
// the pure machine of one interface at the ASP: to MTP3 it is level 2, as m2pa.Link is. Terminal is the pure
// machine of one interface at the gateway: it stands between a level 2 and the ASPs, as the nodal interworking
// function of RFC 3331. Layer has the far ends and application servers, on top of xua.Layer, which has their
// states. names.go translates between interface identifiers, by which M2UA names traffic, and the numbers of
// xua. register.go registers link keys (§4.4).
package m2ua
