//go:build !unix

package machine

func isPermission(error) bool { return false }

func sendError(err error) error { return err }
