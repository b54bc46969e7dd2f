//go:build !linux

package main

import "errors"

func realTime() error { return errors.New("--sched fifo is there on Linux only") }
