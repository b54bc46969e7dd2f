// Package sccp is the signalling connection control part (Q.711 to Q.714) as a
// transfer point needs it, without I/O.
//
//   - message.go and address.go are the codec: every message and address form, as
//     views of the octets, which are never copied.
//   - relay.go is routing control (SCRC, Q.714 §2.3): View.Relay says of one message
//     for this node where it goes, and writes what leaves. It is pure, allocates
//     nothing, and runs on whatever goroutine holds the message. What explains a
//     translation to a person is the Verdict of this same function.
//   - management.go is SCMG (Q.714 §5): Management is a machine with one owner, the
//     core loop, which publishes a Status for the relay to look at.
//
// Not here: connections that end or are coupled at this node (a CR is relayed, what
// follows it goes by MTP from end to end), reassembly, segmenting of what grows too
// long, and the traffic limitation of Q.714 §2.6.
package sccp
