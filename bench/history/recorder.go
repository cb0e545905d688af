package history

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// bufferSize is what a crash of the recording program may lose.
const bufferSize = 64 << 10

// Recorder writes a history. Any goroutine may call it. Nothing is queued: a Record that fills the
// buffer waits for the write, so a slow disk slows the client down between its operations, never
// within one.
type Recorder struct {
	started time.Time // with its monotonic reading
	closer  io.Closer
	late    *lateFile // nil unless CreateLate made it

	mu    sync.Mutex // guards what follows
	out   *bufio.Writer
	count int64
	lost  int64
	err   error // the first; nothing is written after it
}

// Create makes the file, or empties it, and writes the header. Version and Started are filled in.
func Create(path string, h Header) (*Recorder, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("history: %w", err)
	}
	r, err := NewRecorder(f, h)
	if err != nil {
		f.Close()
		return nil, err
	}
	r.closer = f
	return r, nil
}

// CreateLate is Create, but what is at path stays until a server has said yes to something: a history
// is not lost to a mistyped key. It is an error when path cannot be written.
func CreateLate(path string, h Header) (*Recorder, error) {
	late, err := openLate(path)
	if err != nil {
		return nil, fmt.Errorf("history: %w", err)
	}
	r, err := newRecorder(late, h)
	if err != nil {
		late.Close()
		return nil, err
	}
	r.late, r.closer = late, late
	return r, nil
}

// NewRecorder writes to w, which stays the caller's to close.
func NewRecorder(w io.Writer, h Header) (*Recorder, error) {
	r, err := newRecorder(w, h)
	if err != nil {
		return nil, err
	}
	return r, r.Flush()
}

func newRecorder(w io.Writer, h Header) (*Recorder, error) {
	r := &Recorder{started: time.Now(), out: bufio.NewWriterSize(w, bufferSize)}
	h.Version, h.Started = Version, r.started.UTC()
	return r, r.write(&h)
}

// Now is the instant to put into Start or End.
func (r *Recorder) Now() Instant { return Instant(time.Since(r.started)) }

// At is the instant of a time that this process read from its clock.
func (r *Recorder) At(t time.Time) Instant { return Instant(t.Sub(r.started)) }

// Record writes one operation. After the first failure (a full disk, an operation without what its
// Kind needs) nothing more is written; Close says so.
func (r *Recorder) Record(o Operation) {
	if o.End == 0 {
		o.End = o.Start
	}
	err := o.check()
	if err == nil {
		err = r.write(&o)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil && r.late != nil && !r.late.made && o.Outcome == OK {
		r.late.made = true
		err = r.out.Flush()
	}
	if err == nil {
		r.count++
		return
	}
	r.lost++
	if r.err == nil {
		r.err = err
	}
}

func (r *Recorder) write(line any) error {
	text, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("history: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return r.err
	}
	if _, err := r.out.Write(append(text, '\n')); err != nil {
		return fmt.Errorf("history: %w", err)
	}
	return nil
}

// Count is how many operations were recorded.
func (r *Recorder) Count() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.count
}

// Flush gives what is buffered to the file.
func (r *Recorder) Flush() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil && (r.late == nil || r.late.made) {
		r.err = r.out.Flush()
	}
	return r.err
}

// Close flushes, closes the file that Create made, and says whether the history is whole.
func (r *Recorder) Close() error {
	err := r.Flush()
	if r.closer != nil {
		if closing := r.closer.Close(); err == nil {
			err = closing
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil && r.lost > 0 {
		return fmt.Errorf("%d of %d operations are missing in the history: %w", r.lost, r.lost+r.count, err)
	}
	return err
}
