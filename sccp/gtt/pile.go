package gtt

// pile is a list that grows without copying what it holds. Nothing can interrupt a copy of many megabytes, so a
// garbage collection that begins meanwhile would make all goroutines wait until the copy is done.
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

// all gives the whole list as one slice. What is added later does not appear in it.
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
