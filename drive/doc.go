// Package drive runs machines over associations, for programs that are no gostp: Link is an M2PA link, M3UA is an ASP,
// an IPSP or a gateway. A program dials or accepts associations by package sctp, and hands them to these; each example
// is a page.
//
// Package loop drives both, and its doc says who may call whom. A function of the program that takes events is called
// with a lock held: it must neither wait nor call back. A function that takes MSUs may send.
package drive

import (
	"errors"

	"github.com/gostp/gostp/sctp"
)

// after reads a until it ends, giving each batch to recv. The error says why it ended; it is never nil.
func after(a sctp.Assoc, recv func(items []sctp.Item)) error {
	over := errors.New("the association ended")
	batch := sctp.NewBatch(64)
	for {
		if err := a.Read(batch); err != nil {
			return over
		}
		for i := range batch.Items {
			ev := batch.Items[i].Event
			if ev != nil && (ev.Kind == sctp.Lost || ev.Kind == sctp.Closed) && ev.Why != "" {
				over = errors.New(ev.Why)
			}
		}
		recv(batch.Items)
	}
}
