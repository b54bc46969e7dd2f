package exec

import (
	"errors"
	"fmt"
	"io"

	"github.com/gostp/gostp/cli"
)

// instance finds the node that a line is about: that of `instance N`, or instance 0.
func instance(h Host, c *cli.Call) (Node, error) {
	number := uint8(c.Args.Uint("instance", 0))
	all := h.Instances()
	for _, n := range all {
		if n.Number() == number {
			return n, nil
		}
	}
	if !all[0].Config().Multi {
		return nil, errors.New("this node has instance 0 alone; `cs7 multi-instance` in configuration mode allows more")
	}
	return nil, fmt.Errorf("nothing is configured for instance %d; `cs7 instance %d variant ...` and "+
		"`point-code` begin it", number, number)
}

// found is the answer of one instance to a query.
type found[T any] struct {
	Instance uint8  `json:"instance"`
	Value    *T     `json:"value,omitempty"`
	Error    string `json:"error,omitempty"`
}

// inEvery carries out a query in each instance. It fails if it fails in all of them.
func inEvery[T any](h Host, c *cli.Call, get func(Node, *cli.Call) (T, error),
	print func(io.Writer, *cli.Call, T)) (cli.Answer, error) {
	var all []found[T]
	err := cli.ErrFailed // each error is printed below its instance
	for _, n := range h.Instances() {
		x := found[T]{Instance: n.Number()}
		if v, e := get(n, c); e != nil {
			x.Error = e.Error()
		} else {
			x.Value, err = &v, nil
		}
		all = append(all, x)
	}
	return cli.Answer{Value: all, Print: func(w io.Writer, v any) {
		for _, x := range v.([]found[T]) {
			fmt.Fprintf(w, "Instance Number %d\n", x.Instance)
			if x.Value != nil {
				print(w, c, *x.Value)
			} else {
				fmt.Fprintf(w, "%% %s\n", x.Error)
			}
			fmt.Fprintln(w)
		}
	}}, err
}
