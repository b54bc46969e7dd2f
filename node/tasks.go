package node

import (
	"context"

	"github.com/gostp/gostp/internal/lock"
)

// tasks are how others reach what one goroutine owns: they have it do something there. The queue
// has no bound, because state must not be lost. Nobody who adds to it waits, unless he asks.
type tasks struct {
	ctx   context.Context // of the node
	ready chan struct{}   // one slot: there are tasks, or it is time for something else
	then  func()          // carries out what follows from a task

	mu    lock.Mutex[lock.Tasks] // guards queue
	queue []task
}

// task is something to be done; done, if there is one, is closed when what follows from it is
// carried out.
type task struct {
	f    func()
	done chan struct{}
}

func newTasks(ctx context.Context, then func()) tasks {
	return tasks{ctx: ctx, ready: make(chan struct{}, 1), then: then}
}

// do runs f on the owner's goroutine, some time soon.
func (q *tasks) do(f func()) { q.add(task{f: f}) }

// ask runs f on the owner's goroutine and waits until what follows from it is carried out. It
// returns false if the node has stopped and f did not run. The owner itself must not ask.
func (q *tasks) ask(f func()) bool {
	t := task{f, make(chan struct{})}
	q.add(t)
	select {
	case <-t.done:
		return true
	case <-q.ctx.Done():
		return false
	}
}

func (q *tasks) add(t task) {
	q.mu.Lock()
	q.queue = append(q.queue, t)
	q.mu.Unlock()
	q.rouse()
}

// rouse has the owner look what there is to do.
func (q *tasks) rouse() {
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

// drain does what is to be done. The owner calls it.
func (q *tasks) drain() {
	for {
		q.mu.Lock()
		todo := q.queue
		q.queue = nil
		q.mu.Unlock()
		if len(todo) == 0 {
			return
		}
		for _, t := range todo {
			t.f()
			q.then()
			if t.done != nil {
				close(t.done)
			}
		}
	}
}
