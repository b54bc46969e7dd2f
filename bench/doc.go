// Package bench measures. It makes load, carries it over M2PA links, through an M3UA or M2UA gateway, or over
// bare SCTP associations, and counts at the far end what was lost, repeated or out of order.
//
// A pair is a source and a sink in this process. Between them is nothing, a bare forwarder, or an STP. A flow
// is one SLS of one pair (one stream, where the messages are bare). The messages of a flow are numbered, so
// that the sink can judge each by itself. With a window, the reader of the sink sends as many messages as it
// has just counted. With a rate, a goroutine for each pair sends by the clock. Nothing is allocated for a
// message, and the clock is read once for a batch.
package bench
