package store

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hotseat-hub/hotseat/session"
)

// DecodeRow makes an Employee of a row's columns.
func DecodeRow(id string, version, epoch int64, state []byte) (session.Employee, error) {
	e := session.Employee{ID: session.EmployeeID(id), Version: session.Version(version), Epoch: session.Epoch(epoch)}
	if err := e.DecodeRow(state); err != nil {
		return session.Employee{}, fmt.Errorf("row of employee %s: %w", id, err)
	}
	return e, nil
}

// DecodeLog appends the events of one commit that keep wants. A log row is what AppendEvents made
// for each of the commit's employees, one after the other.
func DecodeLog(events []session.Event, row []byte, keep func(session.EventType) bool) ([]session.Event, error) {
	for len(row) > 0 {
		decoded, rest, err := session.DecodeEvents(row)
		if err != nil {
			return events, fmt.Errorf("log row: %w", err)
		}
		for i := range decoded {
			if keep(decoded[i].Type) {
				events = append(events, decoded[i])
			}
		}
		row = rest
	}
	return events, nil
}

// FoldUsername is how usernames are compared.
func FoldUsername(username string) string { return strings.ToLower(username) }

// Sorted returns the places of the writes in the order of their keys, which is the order in which
// rows are locked, and answers ErrConflict in errs for each further write to the same employee.
func Sorted(writes []Write, errs []error) []int {
	order := make([]int, len(writes))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return strings.Compare(string(writes[a].Key), string(writes[b].Key)) })
	kept := order[:0]
	for _, i := range order {
		if n := len(kept); n > 0 && writes[kept[n-1]].Key == writes[i].Key {
			errs[i] = session.ErrConflict
			continue
		}
		kept = append(kept, i)
	}
	return kept
}

// HasProfile reports whether the write touches the profile. An empty patch, as a trusted login of an
// unknown employee makes it, does not: an employee without a profile row has an empty profile.
func (w *Write) HasProfile() bool {
	return w.Change.DeleteProfile || w.Change.Profile != nil && *w.Change.Profile != session.ProfilePatch{}
}

// PrefixEnd is the smallest string above all that start with prefix; empty when there is none.
func PrefixEnd(prefix string) string {
	b := []byte(prefix)
	for len(b) > 0 {
		if last := len(b) - 1; b[last] < 0x7f {
			b[last]++
			return string(b)
		}
		b = b[:len(b)-1]
	}
	return ""
}
