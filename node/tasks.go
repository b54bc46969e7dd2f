package node

import (
	"context"

	"github.com/gostp/gostp/internal/lock"
)

// tasks are how other goroutines reach what one goroutine owns: they have the owner do something. The queue has no
// bound, because state must not be lost. A goroutine that adds to it does not wait, unless it asks.
type tasks struct {
	ctx   context.Context // of the node
	ready chan struct{}   // one slot: there are tasks, or a deadline has come
	then  func()          // carries out what follows from a task

	mu    lock.Mutex[lock.Tasks] // guards queue
	queue []task
}

// task is one thing to be done. done, if there is one, is closed when everything that follows from the task is carried
// out.
type task struct {
	f    func()
	done chan struct{}
}

func newTasks(ctx context.Context, then func()) tasks {
	return tasks{ctx: ctx, ready: make(chan struct{}, 1), then: then}
}

// do runs f on the owner's goroutine soon.
func (q *tasks) do(f func()) { q.add(task{f: f}) }

// ask runs f on the owner's goroutine, and waits until everything that follows from it is carried out. It is false if
// the node has stopped and f did not run. The owner itself must not ask.
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

// rouse has the owner look for work.
func (q *tasks) rouse() {
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

// drain does all tasks. The owner calls it.
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
