package bench

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/gostp/gostp/sctp"
)

// Forward joins the first association accepted at in with the first accepted at out, the second with the
// second, and so on. It carries messages both ways without looking at them, batch by batch (one message at a
// time if size is 1), until ctx ends.
func Forward(ctx context.Context, in, out sctp.Endpoint, size int) error {
	var group sync.WaitGroup
	defer group.Wait()
	for {
		a, err := in.Accept(ctx)
		if err != nil {
			return ending(ctx, err)
		}
		b, err := out.Accept(ctx)
		if err != nil {
			a.Abort("there is nobody to forward to")
			return ending(ctx, err)
		}
		stop := context.AfterFunc(ctx, func() {
			a.Abort("the forwarder ends")
			b.Abort("the forwarder ends")
		})
		group.Go(func() { defer stop(); forward(a, b, size) })
		group.Go(func() { forward(b, a, size) })
	}
}

func ending(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// forward carries one direction until either association ends, then ends the other one.
func forward(from, to sctp.Assoc, size int) {
	batch := sctp.NewBatch(size)
	out := make([]sctp.Message, 0, size)
	for from.Read(batch) == nil {
		out = out[:0]
		for i := range batch.Items {
			if batch.Items[i].Event == nil {
				out = append(out, batch.Items[i].Message)
			}
		}
		if !sendAll(to, out) {
			break
		}
	}
	from.Abort("the other association has ended")
	to.Abort("the other association has ended")
}

// sendAll sends messages, and waits while the send buffer is full.
func sendAll(to sctp.Assoc, ms []sctp.Message) bool {
	for len(ms) > 0 {
		n, err := to.Send(ms)
		ms = ms[n:]
		switch {
		case errors.Is(err, sctp.ErrFull):
			time.Sleep(time.Millisecond)
		case err != nil:
			return false
		}
	}
	return true
}
