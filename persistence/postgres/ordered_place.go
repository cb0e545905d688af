package postgres

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hotseat-hub/hotseat/persistence/store"
)

// logPlace is a place in the order of transactions: every commit below txid has been returned, and of
// each writer every commit up to its seq. It belongs to one history of one server: transaction ids of
// another mean something else.
type logPlace struct {
	system   string // the server's identifier
	timeline string // changes at every promotion and point-in-time recovery
	txid     uint64
	// at is not after any commit that is still to come, give or take how long a commit may hang:
	// it tells which partitions to look at.
	at   time.Time
	last map[string]int64
}

const placeFormat = "1"

// String lists the writers last; their names have neither spaces nor "=".
func (p *logPlace) String() store.LogPosition {
	b := fmt.Appendf(nil, "%s %s %s %d %d", placeFormat, p.system, p.timeline, p.txid, p.at.UnixMicro())
	for _, writer := range slices.Sorted(maps.Keys(p.last)) {
		b = fmt.Appendf(b, " %s=%d", writer, p.last[writer])
	}
	return store.LogPosition(b)
}

func parseLogPlace(position store.LogPosition) (p logPlace, err error) {
	p.last = map[string]int64{}
	if position == "" {
		return p, nil
	}
	fields := strings.Split(string(position), " ")
	if len(fields) < 5 || fields[0] != placeFormat {
		return p, fmt.Errorf("log position %q: not one of this store", position)
	}
	p.system, p.timeline = fields[1], fields[2]
	if p.txid, err = strconv.ParseUint(fields[3], 10, 64); err != nil {
		return p, fmt.Errorf("log position %q: %w", position, err)
	}
	micros, err := strconv.ParseInt(fields[4], 10, 64)
	if err != nil {
		return p, fmt.Errorf("log position %q: %w", position, err)
	}
	p.at = time.UnixMicro(micros)
	for _, field := range fields[5:] {
		writer, text, _ := strings.Cut(field, "=")
		if p.last[writer], err = strconv.ParseInt(text, 10, 64); err != nil {
			return p, fmt.Errorf("log position %q: %w", position, err)
		}
	}
	return p, nil
}
