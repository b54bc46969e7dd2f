package gtt

// pile is a list that grows without copying what it holds: nothing can stop a copy of
// many megabytes, so that a garbage collection that begins meanwhile makes everybody
// wait for its end.
type pile[T any] struct {
	full [][]T
	last []T
}

const pileStep = 4096

func (p *pile[T]) add(x T) {
	if len(p.last) == pileStep {
		p.full = append(p.full, p.last)
		p.last = make([]T, 0, pileStep)
	}
	p.last = append(p.last, x)
}

// all is the list as one, in which what is added later does not appear.
func (p *pile[T]) all() []T {
	out := make([]T, 0, len(p.full)*pileStep+len(p.last))
	for _, part := range p.full {
		out = append(out, part...)
	}
	return append(out, p.last...)
}

// Builder gathers the prefixes of an index that is to be.
type Builder struct{ list pile[Prefix] }

// Add adds a prefix; it takes the place of an equal one.
func (b *Builder) Add(p Prefix) { b.list.add(p) }

// Index makes the index.
func (b *Builder) Index() *Index { return NewIndex(b.list.all()) }
