// Package bench measures: it makes load, carries it over M2PA links, through an M3UA
// gateway or over bare SCTP associations, and counts at the far end what was lost, repeated or out of order.
//
// A pair is a source and a sink in this process; between them is nothing, a bare
// forwarder, or an STP. A flow is one SLS of one pair (one stream, where there is
// no M2PA): its messages are numbered, so that the sink can judge each by itself.
// The sink's reader, having counted a batch, sends as many more (window), or a
// goroutine for each pair sends by the clock (rate). Nothing is allocated for a
// message, and the clock is read once for a batch.
package bench
