//go:build !linux

package crowd

// Unsharded is how many of the sockets are in the process's own table: all.
func Unsharded(sockets, _ int) int { return sockets }

// newShards makes none: each socket gets a goroutine.
func newShards(*Crowd) ([]carrier, error) { return nil, nil }
