//go:build !unix

package node

func isPermission(error) bool { return false }

func sendError(err error) error { return err }
