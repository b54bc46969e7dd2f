//go:build !linux

package labs

import "errors"

var errNetns = errors.New("--netns needs Linux; without it the lab runs in one process")

// StartNetns needs Linux.
func StartNetns(Options) (*Lab, error) { return nil, errNetns }

// Destroy needs Linux.
func Destroy(Options) error { return errNetns }
