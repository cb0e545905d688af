package api

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

const (
	// importers work at once; each employee is always the same one's, so that of two lines about one
	// the later counts.
	importers = 64
	// importAhead is how many lines wait for one importer. When they are full the sender waits.
	importAhead = 4
	// importErrors is how many lines' errors are reported; the others are only counted.
	importErrors = 1000
	// importPause is how long the sender may be silent.
	importPause = 30 * time.Second
)

// importLine is one employee in the stream.
type importLine struct {
	EmployeeID   string  `json:"employee_id"`
	PasswordHash *string `json:"password_hash"`
	recordRequest
}

// importReport is the answer to an import.
type importReport struct {
	Lines   int           `json:"lines"`
	Created int           `json:"created"`
	Updated int           `json:"updated"`
	Failed  int           `json:"failed"`
	Errors  []importError `json:"errors"` // the first thousand
}

// importError says what was wrong with one line.
type importError struct {
	Line       int    `json:"line"` // from 1
	EmployeeID string `json:"employee_id,omitempty"`
	Code       string `json:"code"`
	Detail     string `json:"detail"`
}

// importEmployees is POST /v1/admin/employees/import: one JSON object on each line. Employees who are
// there keep their sessions and epoch, and the fields that a line does not name. A line that locks them or
// leaves them fewer seats does end sessions: who is locked, or has no seat, must not sit. A line that is
// refused does not stop the others, so a stream may be sent again as it is.
func (x *exchange) importEmployees() error {
	if err := x.mustBe("application/x-ndjson"); err != nil {
		return err
	}
	stream := http.NewResponseController(x.w)
	_ = stream.SetWriteDeadline(time.Time{}) // the answer comes after the last line
	job := newImport(x)
	err := job.read(stream)
	job.finish()
	if err != nil {
		return err
	}
	_ = stream.SetWriteDeadline(time.Now().Add(handlerTimeout))
	x.o.Log.Info("employees imported", "by", x.key.name, "lines", job.report.Lines, "created", job.report.Created,
		"updated", job.report.Updated, "failed", job.report.Failed)
	return x.reply(http.StatusOK, job.report)
}

// importJob is an import at work. Its memory is bounded by the queues of the importers.
type importJob struct {
	x     *exchange
	lanes [importers]chan importTask
	all   sync.WaitGroup

	mu     sync.Mutex
	report importReport
	failed error // the store is away: nothing more is tried
}

// importTask is a line that was read.
type importTask struct {
	number int
	line   importLine
	id     session.EmployeeID
	// late: a try got no answer in time. An employee who is there then was made by it, and counts so.
	late bool
}

func newImport(x *exchange) *importJob {
	job := &importJob{x: x, report: importReport{Errors: []importError{}}}
	for i := range job.lanes {
		lane := make(chan importTask, importAhead)
		job.lanes[i] = lane
		job.all.Go(func() {
			for task := range lane {
				job.done(task, job.put(&task))
			}
		})
	}
	return job
}

// finish waits for the lines under way.
func (job *importJob) finish() {
	for _, lane := range job.lanes {
		close(lane)
	}
	job.all.Wait()
}

// read takes line after line until the end, or until it makes no sense to go on.
func (job *importJob) read(stream *http.ResponseController) error {
	lines := bufio.NewReaderSize(job.x.r.Body, maxBody)
	for number := 1; ; number++ {
		_ = stream.SetReadDeadline(time.Now().Add(importPause))
		text, err := nextLine(lines)
		switch {
		case errors.Is(err, io.EOF) && len(text) == 0:
			return job.stopped()
		case err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull):
			return job.broken(number, err)
		}
		if text = bytes.TrimSpace(text); len(text) > 0 || errors.Is(err, bufio.ErrBufferFull) {
			job.take(number, text, err)
		}
		select {
		case <-job.x.streams.ended:
			return errOverloaded
		default:
		}
		if err := job.stopped(); err != nil {
			return err
		}
	}
}

// broken is what to answer when the stream ends early.
func (job *importJob) broken(number int, err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return invalidRequest("line %d did not arrive within %s; what came before is done", number, importPause)
	}
	return invalidRequest("the stream broke in line %d; what came before is done", number)
}

// nextLine reads up to the end of the line. One that is too long is read over, and answered with
// bufio.ErrBufferFull.
func nextLine(lines *bufio.Reader) ([]byte, error) {
	text, err := lines.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return text, err
	}
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = lines.ReadSlice('\n')
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return nil, bufio.ErrBufferFull
}

// take reads one line and gives it to its importer.
func (job *importJob) take(number int, text []byte, err error) {
	task := importTask{number: number}
	job.mu.Lock()
	job.report.Lines++
	job.mu.Unlock()
	if errors.Is(err, bufio.ErrBufferFull) {
		job.done(task, &problem{status: http.StatusRequestEntityTooLarge, code: "body_too_large", detail: "a line may have 64 KiB"})
		return
	}
	if err := decodeJSON(text, &task.line); err != nil {
		job.done(task, err)
		return
	}
	if task.id, err = session.ParseEmployeeID(task.line.EmployeeID); err != nil {
		job.done(task, invalidRequest("%v", err))
		return
	}
	sum := digest("importer", string(task.id.Key()))
	job.lanes[sum[0]%importers] <- task
}

// stopped is why nothing more is tried; nil: go on.
func (job *importJob) stopped() error {
	job.mu.Lock()
	defer job.mu.Unlock()
	return job.failed
}
