package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

// tries is how often a statement is sent again after a deadlock or on a connection that was found
// dead before anything was sent.
const tries = 4

// Commit implements store.Store. Logins share one statement; writes that touch profiles share
// another, because a username that is taken fails the whole statement.
func (s *Store) Commit(ctx context.Context, laneNumber int, writes []store.Write) []error {
	l := s.lane(laneNumber)
	l.mu.Lock()
	defer l.mu.Unlock()
	errs := make([]error, len(writes))
	if err := ctx.Err(); err != nil {
		fail(errs, all(len(writes)), unavailable(err))
		return errs
	}
	var logins, profiles []int
	for _, i := range store.Sorted(writes, errs) {
		if writes[i].HasProfile() {
			profiles = append(profiles, i)
		} else {
			logins = append(logins, i)
		}
	}
	c := commit{lane: l, writes: writes, errs: errs}
	c.group(logins)
	c.group(profiles)
	return errs
}

// commit is one call of Commit at work.
type commit struct {
	*lane
	writes []store.Write
	errs   []error
}

// group commits the writes at these places, sorted by key, in one statement; when the server rejects
// it for its data, the two halves each for itself, until the culprit stands alone.
func (c *commit) group(places []int) {
	if len(places) == 0 {
		return
	}
	applied, err := c.attempt(places)
	if err == nil {
		c.note(places, applied)
		return
	}
	switch judge(err) {
	case badData:
		if half := len(places) / 2; half > 0 {
			c.group(places[:half])
			c.group(places[half:])
			return
		}
		err = refusal(err)
	case unknown:
		err = fmt.Errorf("%w: %w", session.ErrOutcomeUnknown, err)
	default:
		err = unavailable(err)
	}
	fail(c.errs, places, err)
}

// attempt sends the statement until it is answered, or failed in a way that sending it again would
// not mend.
func (c *commit) attempt(places []int) (applied []byte, err error) {
	for try := 1; ; try++ {
		if err := c.connected(); err != nil {
			return nil, unavailable(err)
		}
		applied, err = c.exec(places)
		if err == nil {
			return applied, nil
		}
		v := judge(err)
		if v == noPartition {
			err = c.partition(err)
		}
		if c.conn.IsClosed() || v == unknown || isReadOnly(err) {
			c.drop()
		}
		if try == tries || v != again && v != noPartition || errors.Is(err, session.ErrUnavailable) {
			return nil, err
		}
	}
}

// partition makes what house-keeping should have made days ago.
func (c *commit) partition(cause error) error {
	ctx, cancel := context.WithTimeout(context.Background(), c.s.o.CommitTimeout)
	defer cancel()
	if err := c.s.makePartitions(ctx, wait); err != nil {
		return unavailable(fmt.Errorf("make the log's partition: %w", err))
	}
	return cause
}

// exec runs the batch as one statement and returns the places in it that were applied, as the server
// encoded them. The watchdog closes the connection of a server that does not answer: that, unlike
// cancelling, leaves no doubt that nobody waits for the outcome.
func (c *commit) exec(places []int) ([]byte, error) {
	c.seq++
	st := choose(c.writes, places)
	values := c.params.encode(st, c.writes, places, c.writer, c.seq)
	conn := c.conn
	watchdog := time.AfterFunc(c.s.o.CommitTimeout, func() { _ = conn.Conn().Close() })
	defer watchdog.Stop()
	result := conn.ExecPrepared(context.Background(), st.name, values, binaryFormat, binaryFormat).Read()
	c.used = time.Now()
	if result.Err != nil {
		return nil, result.Err
	}
	return result.Rows[0][0], nil
}

// note marks as conflicts the writes that the statement did not apply.
func (c *commit) note(places []int, applied []byte) {
	const header, element = 20, 12
	for _, i := range places {
		c.errs[i] = session.ErrConflict
	}
	for at := header; at+element <= len(applied); at += element {
		ord := binary.BigEndian.Uint64(applied[at+4:])
		c.errs[places[ord-1]] = nil
	}
}

func fail(errs []error, places []int, err error) {
	for _, i := range places {
		errs[i] = err
	}
}

func all(n int) []int {
	places := make([]int, n)
	for i := range places {
		places[i] = i
	}
	return places
}

// binaryFormat says that every parameter and every column is in the binary form.
var binaryFormat = []int16{1}
