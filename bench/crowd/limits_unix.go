//go:build unix

package crowd

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// fileLimit is how many descriptors a table may have. Go has raised the soft limit to the hard one.
func fileLimit() (int, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0, fmt.Errorf("ask for the limit of open files: %w", err)
	}
	return int(min(uint64(limit.Cur), 1<<22)), nil
}
