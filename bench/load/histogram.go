package load

import (
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The range of a Histogram. What is longer counts as the longest.
const (
	shortestTime = time.Nanosecond
	longestTime  = 10 * time.Minute
	digits       = 3
)

// Histogram counts durations to three significant digits. One goroutine at a time.
type Histogram struct {
	hdr *hdrhistogram.Histogram
}

// NewHistogram is empty. It takes about 300 kB however much it counts.
func NewHistogram() *Histogram {
	return &Histogram{hdrhistogram.New(int64(shortestTime), int64(longestTime), digits)}
}

// Record counts one duration.
func (h *Histogram) Record(d time.Duration) {
	_ = h.hdr.RecordValue(int64(min(max(d, 0), longestTime))) // it is in range
}

// Count is how many durations were recorded.
func (h *Histogram) Count() int64 { return h.hdr.TotalCount() }

// At is the duration that the share q (0 to 1) of all does not exceed; 0 when there are none.
func (h *Histogram) At(q float64) time.Duration {
	if h.Count() == 0 {
		return 0
	}
	return time.Duration(h.hdr.ValueAtPercentile(q * 100))
}

// Mean, Min and Max are of what was recorded, 0 when that is nothing.
func (h *Histogram) Mean() time.Duration {
	if h.Count() == 0 {
		return 0
	}
	return time.Duration(h.hdr.Mean())
}

// Min is the shortest.
func (h *Histogram) Min() time.Duration {
	if h.Count() == 0 {
		return 0
	}
	return time.Duration(h.hdr.Min())
}

// Max is the longest.
func (h *Histogram) Max() time.Duration { return time.Duration(h.hdr.Max()) }

// Add counts all of other's.
func (h *Histogram) Add(other *Histogram) { h.hdr.Merge(other.hdr) }

// Reset forgets everything.
func (h *Histogram) Reset() { h.hdr.Reset() }

// Corrected is what an observer would have seen who asked every interval, instead of waiting for
// each answer before asking again as a closed loop does: a duration of n intervals hid n-1 askers
// who would have waited n-1, n-2 … intervals.
func (h *Histogram) Corrected(interval time.Duration) *Histogram {
	c := NewHistogram()
	if interval <= 0 {
		c.Add(h)
		return c
	}
	step := int64(interval)
	for _, bar := range h.hdr.Distribution() {
		if bar.Count == 0 {
			continue
		}
		_ = c.hdr.RecordValues(bar.To, bar.Count) // this and what is below it are in range
		for hidden := bar.To - step; hidden >= step; hidden -= step {
			_ = c.hdr.RecordValues(hidden, bar.Count)
		}
	}
	return c
}

// MarshalText is HdrHistogram's own compressed form (V2) in base64, which its other tools read;
// values are nanoseconds.
func (h *Histogram) MarshalText() ([]byte, error) {
	b, err := h.hdr.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		return nil, fmt.Errorf("encode a histogram: %w", err)
	}
	return b, nil // the library has put it into base64 already
}

// UnmarshalText reads what MarshalText wrote.
func (h *Histogram) UnmarshalText(text []byte) error {
	hdr, err := hdrhistogram.Decode(text)
	if err != nil {
		return fmt.Errorf("decode a histogram: %w", err)
	}
	h.hdr = hdr
	return nil
}
