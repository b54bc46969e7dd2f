// Package ss7 is the vocabulary that every other package shares: point codes and
// their variants, the message signal unit (MSU), and the events and actions that
// travel between machines. It is the only place that knows how the codes and labels of
// variants differ on the wire (ITU-T Q.704, ANSI T1.111, China GF 001-9001, Japan JT-Q704).
package ss7
