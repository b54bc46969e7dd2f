package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// realTime makes every thread of this process SCHED_FIFO. Threads that come later inherit that.
func realTime() error {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, t := range threads {
		id, err := strconv.Atoi(t.Name())
		if err != nil {
			return err
		}
		err = unix.SchedSetAttr(id, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 1}, 0)
		if err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("--sched fifo needs root or CAP_SYS_NICE: %w", err)
		}
	}
	return nil
}
