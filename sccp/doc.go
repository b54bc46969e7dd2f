// Package sccp is the signalling connection control part (Q.711 to Q.714), as far as a transfer point needs it,
// without I/O.
//
//   - message.go and address.go are the codec. They read every message and address form as views of the octets, which
//     are never copied.
//   - relay.go is routing control (SCRC, Q.714 §2.3). View.Relay says where one message for this node goes, and writes
//     what leaves. It is pure, allocates nothing, and runs on whatever goroutine holds the message. Its Verdict also
//     explains a translation to a person.
//   - management.go is SCMG (Q.714 §5). Management is a machine with one owner, the core loop. It publishes a Status,
//     which the relay looks at.
//
// These are missing: connections that end or are coupled at this node, reassembly, segmenting of messages that
// grow too long on their way, and the traffic limitation of Q.714 §2.6. A CR is relayed, but what follows it
// goes by MTP from end to end.
package sccp
