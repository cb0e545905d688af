package program

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Profile is what /debug/pprof answers: a CPU profile of the next so many seconds, or a heap profile
// of now when length is zero.
func (n *Node) Profile(ctx context.Context, length time.Duration) ([]byte, error) {
	path := "heap?gc=1"
	if length > 0 {
		path = fmt.Sprintf("profile?seconds=%.0f", max(1, length.Seconds()))
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+n.Ops+"/debug/pprof/"+path, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	profile, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("profile: %s: %s", response.Status, profile)
	}
	return profile, err
}
