package program

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Build makes the binary in folder, from the module that the working directory lies in, and answers
// with its path.
func Build(ctx context.Context, folder string) (string, error) {
	binary := filepath.Join(folder, "hotseat")
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", binary, "github.com/hotseat-hub/hotseat/cmd/hotseat")
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the program (run this inside the repository): %w\n%s", err, out)
	}
	return binary, nil
}

// environment is this process's own without settings of Hotseat, and more.
func environment(more ...string) (kept []string) {
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "HOTSEAT_") && !strings.HasPrefix(v, "STATE_DIRECTORY=") {
			kept = append(kept, v)
		}
	}
	return append(kept, more...)
}
