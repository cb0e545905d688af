package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/hotseat-hub/hotseat/api/password"
	"github.com/hotseat-hub/hotseat/session"
)

// errUpdated says that a line changed an employee who was there.
var errUpdated = errors.New("updated")

// put makes the employee of a line, or changes the one who is there.
func (job *importJob) put(task *importTask) error {
	x, line := job.x, &task.line
	if err := job.stopped(); err != nil {
		return err
	}
	policy, err := policyOf(line.Policy.Value)
	if err != nil {
		return err
	}
	if line.PasswordHash != nil {
		if line.Password != nil {
			return invalidRequest("password and password_hash exclude each other")
		}
		if err := password.Check(*line.PasswordHash); err != nil {
			return invalidRequest("password_hash: %v", err)
		}
	}
	patch, err := x.patch(&line.recordRequest)
	if err != nil {
		return err
	}
	if line.PasswordHash != nil {
		patch.PasswordHash = line.PasswordHash
	}
	_, err = job.patiently(task, session.Create{
		Employee: task.id, Profile: patch, Policy: policy,
		Locked: line.Locked != nil && *line.Locked, Actor: x.key.name,
	})
	if !errors.Is(err, session.ErrAlreadyExists) {
		return err
	}
	made := task.late // one of its own tries made the employee; an update that is late makes nobody
	update := session.Update{
		SetPolicy: line.Policy.Set, Policy: policy, Default: x.o.Policy,
		Locked: line.Locked, KeepSessions: true, Actor: x.key.name,
	}
	if patch != (session.ProfilePatch{}) {
		update.Profile = &patch
	}
	if _, err = job.patiently(task, update); err == nil && !made {
		err = errUpdated
	}
	return err
}

// importTries is how often a line is tried again while the server has too much to do.
const importTries = 20

// patiently sends a command, and again when there was too much at once: an import has no user who
// waits for it.
func (job *importJob) patiently(task *importTask, cmd session.Command) (reply session.Reply, err error) {
	for try := range importTries {
		reply, err = job.x.do(task.id.Key(), job.x.dated(cmd))
		task.late = task.late || errors.Is(err, context.DeadlineExceeded)
		if problemOf(err).code != errOverloaded.code || job.x.r.Context().Err() != nil {
			return reply, err
		}
		select {
		case <-time.After(time.Duration(try+1) * 10 * time.Millisecond):
		case <-job.x.r.Context().Done():
		}
	}
	return reply, err
}

// dated gives a command its deadline.
func (x *exchange) dated(cmd session.Command) session.Command {
	switch c := cmd.(type) {
	case session.Create:
		c.Deadline = x.deadline()
		return c
	case session.Update:
		c.Deadline = x.deadline()
		return c
	}
	return cmd
}

// done notes what became of a line.
func (job *importJob) done(task importTask, err error) {
	job.mu.Lock()
	defer job.mu.Unlock()
	switch {
	case err == nil:
		job.report.Created++
		return
	case errors.Is(err, errUpdated):
		job.report.Updated++
		return
	}
	p := problemOf(err)
	if p.status == http.StatusServiceUnavailable && job.failed == nil {
		job.failed = err // the next lines would fare no better; the sender comes back
	}
	job.report.Failed++
	if len(job.report.Errors) < importErrors {
		job.report.Errors = append(job.report.Errors, importError{
			Line: task.number, EmployeeID: string(task.id), Code: p.code, Detail: p.detail,
		})
	}
}
