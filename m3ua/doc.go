// Package m3ua is the MTP3 user adaptation layer, RFC 4666, as gateway, as ASP and as IPSP.
//
// message.go is the codec of every message but DATA. data.go is that of DATA, and allocates nothing. Layer is
// the pure machine on top of xua.Layer, which has the states of ASPs and AS. layer.go has the Layer itself,
// rkm.go routing key management (§4.4), and ssnm.go the state of destinations, told and asked (§4.5). key.go
// compiles the routing keys into a Selector.
//
// Data does not pass through the Layer. The reader of an association holds its Gate, and calls Gate.Recv. An
// MSU for an AS finds its ASP on the xua.Way, and is written with Label.Append. Gate and Way are immutable
// pictures, which the Layer's owner publishes when the Layer says so (xua.Republish).
package m3ua
