package history

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// maxLine bounds what a reader holds in memory; no recorder writes lines of a tenth of it.
const maxLine = 1 << 20

// ErrNoHistory is a file whose first line is no header of a version that this program reads.
var ErrNoHistory = errors.New("not a history")

// Reader reads a history once, from front to end. One goroutine may use it.
type Reader struct {
	Header Header
	closer io.Closer
	in     *bufio.Scanner
	line   int64
	torn   bool
}

// Open reads the header of the file at path.
func Open(path string) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("history: %w", err)
	}
	r, err := NewReader(f)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("history %s: %w", path, err)
	}
	r.closer = f
	return r, nil
}

// NewReader reads the header from in, which stays the caller's to close.
func NewReader(in io.Reader) (*Reader, error) {
	r := &Reader{in: bufio.NewScanner(in)}
	r.in.Buffer(make([]byte, bufferSize), maxLine)
	r.in.Split(r.split)
	if !r.in.Scan() {
		return nil, errors.Join(fmt.Errorf("no header: %w", ErrNoHistory), r.in.Err())
	}
	r.line++
	if err := json.Unmarshal(r.in.Bytes(), &r.Header); err != nil || r.Header.Version == 0 {
		return nil, fmt.Errorf("the first line has no \"hotseat_history\": %w", ErrNoHistory)
	}
	if r.Header.Version > Version {
		return nil, fmt.Errorf("it has version %d, this program reads up to %d; use a newer one: %w", r.Header.Version, Version, ErrNoHistory)
	}
	return r, nil
}

// Next is the next operation, or io.EOF. The torn end of a file is no operation; Torn tells of it.
func (r *Reader) Next() (o Operation, err error) {
	if !r.in.Scan() {
		if err := r.in.Err(); err != nil {
			return o, fmt.Errorf("line %d: %w", r.line+1, err)
		}
		return o, io.EOF
	}
	r.line++
	decoder := json.NewDecoder(bytes.NewReader(r.in.Bytes()))
	decoder.DisallowUnknownFields()
	if err = decoder.Decode(&o); err != nil {
		return o, fmt.Errorf("line %d: %w (%w)", r.line, ErrMalformed, err)
	}
	if err = o.check(); err != nil {
		return o, fmt.Errorf("line %d: %w", r.line, err)
	}
	return o, nil
}

// Line is that of the operation that Next returned last, counted from 1.
func (r *Reader) Line() int64 { return r.line }

// Torn reports, after io.EOF, that the last line had no end and was left out: the recording program
// died, or still runs.
func (r *Reader) Torn() bool { return r.torn }

// Close closes the file that Open opened.
func (r *Reader) Close() error {
	if r.closer == nil {
		return nil
	}
	return r.closer.Close()
}

// split is bufio.ScanLines, but a line without its end is no line.
func (r *Reader) split(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i], nil
	}
	if atEOF && len(data) > 0 {
		r.torn = true
		return len(data), nil, nil
	}
	return 0, nil, nil
}
