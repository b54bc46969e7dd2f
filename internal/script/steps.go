package script

import (
	"errors"
	"fmt"

	"github.com/gostp/gostp/ss7"
)

// Steps are the steps of a Subject by their first words. Each needs at least so many words more.
type Steps[S any] map[string]struct {
	Least int
	Take  func(subject S, args []string, say func(line string)) ([]ss7.Action, error)
}

// Take takes the step that words say.
func (all Steps[S]) Take(subject S, words []string, say func(line string)) ([]ss7.Action, error) {
	step, ok := all[words[0]]
	args := words[1:]
	switch {
	case !ok:
		return nil, errors.New("no such step")
	case len(args) < step.Least:
		return nil, fmt.Errorf("it wants %d words more", step.Least-len(args))
	}
	return step.Take(subject, args, say)
}
