// Package m3ua is the MTP3 user adaptation layer, RFC 4666, as gateway, as ASP and
// as IPSP.
//
// message.go is the codec of every message but DATA, data.go that of DATA, which
// allocates nothing. Layer is the pure machine on top of xua.Layer, which has the
// states of ASPs and AS: layer.go, with rkm.go for routing key management (§4.4)
// and ssnm.go for the state of destinations, told and asked (§4.5). key.go
// compiles the routing keys into a Selector.
//
// Data passes the Layer by: who reads an association holds its Gate and calls
// Gate.Recv; who has an MSU for an AS finds its ASP on the xua.Way and writes it
// with Label.Append. Both are immutable pictures that the Layer's owner publishes
// when it is asked to (xua.Republish).
package m3ua
