package program

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Profile is what /debug/pprof answers: a CPU profile of the next so many seconds, or a heap profile
// of now when length is zero.
func (n *Node) Profile(ctx context.Context, length time.Duration) ([]byte, error) {
	path := "heap?gc=1"
	if length > 0 {
		path = fmt.Sprintf("profile?seconds=%.0f", max(1, length.Seconds()))
	}
	return n.operations(ctx, "/debug/pprof/"+path)
}

// Metrics are the values of now, by name and labels as they are written.
func (n *Node) Metrics(ctx context.Context) (map[string]float64, error) {
	text, err := n.operations(ctx, "/metrics")
	if err != nil {
		return nil, err
	}
	values := map[string]float64{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if v, err := strconv.ParseFloat(value, 64); err == nil {
			values[name] = v
		}
	}
	return values, lines.Err()
}

// operations asks the listener that is for operators.
func (n *Node) operations(ctx context.Context, path string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+n.Ops+path, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", path, response.Status, body)
	}
	return body, err
}
