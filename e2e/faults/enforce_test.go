package faults

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/bench/verify"
	"github.com/hotseat-hub/hotseat/persistence/pgtest"
)

// signing is what both hubs have and nobody else.
const signing = "signing-secret-of-the-two-hubs"

// twoHubs are the one whose logins are enforced and the one where, and what each publishes.
type twoHubs struct {
	broker      *broker
	here        *node
	there       *node
	told, taken *follower // what there and here publish
}

// newTwoHubs starts both; the row's crowd is to log in there. Their server is the row's own: a node of another row
// that is stopped within a transaction would hold up the events of all databases beside its own.
func newTwoHubs(r *row) *twoHubs {
	r.t.Helper()
	h := &twoHubs{broker: newBroker(r.t)}
	there := newSiteWith(r.t, pgtest.Options{})
	here := &site{t: r.t, store: there.database.URL(r.t)}
	h.there = there.add(binaries.current, "--kafka-brokers", h.broker.addr, "--kafka-signing-secret", signing)
	h.here = here.add(binaries.current, "--kafka-brokers", h.broker.addr, "--kafka-topic", otherTopic)
	h.told, h.taken = follow(r.t, r.notes, h.broker, eventTopic), follow(r.t, nil, h.broker, otherTopic)
	return h
}

// enforcer is a process of consume-events, on the host of the hub that it serves.
type enforcer struct {
	process *exec.Cmd
	gone    chan struct{}
	log     string
}

func (h *twoHubs) enforce(t *testing.T) *enforcer {
	t.Helper()
	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secret, []byte(signing), 0o600))
	argv := h.here.host.in(binaries.current, "consume-events", "--enforce", "--kafka-brokers", h.broker.addr, "--group", "seats",
		"--signing-secret-file", secret, "--server", h.here.url)
	e := &enforcer{process: exec.Command(argv[0], argv[1:]...), gone: make(chan struct{}), log: filepath.Join(t.TempDir(), "enforce.log")}
	e.process.Env = append(environment(), "HOTSEAT_ADMIN_KEY="+adminKey)
	e.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	log, err := os.Create(e.log)
	require.NoError(t, err)
	defer log.Close()
	e.process.Stdout, e.process.Stderr = log, log
	require.NoError(t, e.process.Start())
	go func() { defer close(e.gone); _ = e.process.Wait() }()
	t.Cleanup(func() {
		e.kill()
		if t.Failed() {
			said := e.said(t)
			t.Logf("consume-events said:\n%s", said[max(0, len(said)-2000):])
		}
	})
	return e
}

func (e *enforcer) kill() {
	_ = e.process.Process.Kill()
	<-e.gone
}

func (e *enforcer) said(t *testing.T) string {
	text, err := os.ReadFile(e.log)
	require.NoError(t, err)
	return string(text)
}

func (e *enforcer) running() bool {
	select {
	case <-e.gone:
		return false
	default:
		return true
	}
}

// says waits until it has said so often what it is asked for.
func (e *enforcer) says(t *testing.T, what string, times int) {
	t.Helper()
	require.Eventually(t, func() bool { return strings.Count(e.said(t), what) >= times }, patience, time.Millisecond, "it did not say %q", what)
}

// followed waits until everybody sits here as there, by the last login, and checks that no login has
// taken over twice.
func (h *twoHubs) followed(t *testing.T) {
	t.Helper()
	h.told.mu.Lock()
	last := h.told.last
	h.told.mu.Unlock()
	for employee, want := range last {
		// What was not enforced while consumers were killed has to be caught up with first.
		require.Eventually(t, func() bool { return h.seatOf(employee) == want }, pick(patience, 5*time.Minute), 20*time.Millisecond,
			"%s sits here by another login than there, %s; it is %q", employee, want, h.seatOf(employee))
	}
	taken := map[string]string{}
	for _, r := range h.taken.read() {
		if !strings.HasSuffix(headerOf(r, "ce_type"), ".started.v1") {
			continue
		}
		by, id := dataOf(r).Session.ExternalID, headerOf(r, "ce_id")
		require.NotEmpty(t, by)
		if before, again := taken[by]; again {
			require.Equal(t, before, id, "the login %s took over twice", by)
		}
		taken[by] = id
	}
	t.Logf("%d logins there, %d takeovers here", len(h.told.started), len(taken))
}

// seatOf is the external id of the one session that the employee has here.
func (h *twoHubs) seatOf(employee string) string {
	var list struct {
		Sessions []struct {
			ExternalID string `json:"external_id"`
		}
	}
	a := call(h.here.url, "GET", "/v1/admin/employees/"+employee+"/sessions", adminKey, nil)
	if json.Unmarshal(a.body, &list) != nil || len(list.Sessions) != 1 {
		return ""
	}
	return list.Sessions[0].ExternalID
}

// Row 19. The consumer that turns logins there into takeovers here is killed between an effect and its
// commit, again and again: every login has its effect, and none has it twice.
func TestTheConsumerIsKilledBeforeItsCommit(t *testing.T) {
	r := attack(t, "19", "consumer killed before its commit", verify.S1, verify.S5)
	h := newTwoHubs(r)
	r.people(20, 400*time.Millisecond, h.there)
	r.busy(30) // so that there is a batch to die in
	e := h.enforce(t)
	e.says(t, "now sits at", 1)
	again := 0
	const most = 5 // of those killed too late, after their commit
	for kills := 0; kills < pick(1, 20) || again == 0 && kills < most; kills++ {
		e.kill()
		e = h.enforce(t) // it follows, with a batch, when the broker takes the one before for dead
		e.says(t, "now sits at", 1)
		again += strings.Count(e.said(t), seenAlready)
	}
	r.crowd.rest()
	h.told.tells(r.crowd, prompt)
	h.followed(t)
	require.Positive(t, max(again, strings.Count(e.said(t), seenAlready)), "no event came twice, so nothing was shown")
	t.Logf("%d events came again", again)
	r.judge()
}

// seenAlready is what a consumer says of an event whose effect it finds done.
const seenAlready = "skipped: seen already"

// Row 20. Among the events is what nobody can understand or believe, in every partition: each is kept
// with its reason, and what is behind it goes on.
func TestPoisonIsAmongTheEvents(t *testing.T) {
	r := attack(t, "20", "poison among the events", verify.S1, verify.S5)
	h := newTwoHubs(r)
	dead := follow(t, nil, h.broker, eventTopic+".dead")
	r.people(20, 100*time.Millisecond, h.there)
	e := h.enforce(t)
	poisons := map[string]string{ // the value, and what is said of it
		`not JSON`: "neither a CloudEvent nor flat JSON",
		`{"event_type":"EMPLOYEE_LOGIN","employee_id":"employee-1","terminal_id":"till-666","timestamp":"2099-01-01T00:00:00"}`: "not signed",
		`{"event_type":"EMPLOYEE_LOGIN"}`:   "timestamp",
		strings.Repeat("x", 65<<10) + "end": "more than any event has",
	}
	sent := 0
	for value := range poisons {
		for partition := range 3 {
			r.busy(10)
			h.kcat(t, partition, value)
			sent++
		}
	}
	r.busy(20)
	r.crowd.rest()
	h.told.tells(r.crowd, prompt)
	dead.wait(sent)
	h.followed(t)
	require.Len(t, dead.read(), sent)
	for _, record := range dead.read() {
		require.Contains(t, headerOf(record, "hotseat-error"), poisons[string(record.Value)])
		require.Regexp(t, `^hotseat\.session-events/[0-2]/[0-9]+$`, headerOf(record, "hotseat-record"))
	}
	require.True(t, e.running(), "it goes on")
	r.judge()
}

// kcat puts a value into the topic, as anybody with access could.
func (h *twoHubs) kcat(t *testing.T, partition int, value string) {
	t.Helper()
	argv := h.there.host.in("kcat", "-P", "-b", h.broker.addr, "-t", eventTopic, "-p", fmt.Sprint(partition))
	command := exec.Command(argv[0], argv[1:]...)
	command.Stdin = strings.NewReader(value)
	out, err := command.CombinedOutput()
	require.NoError(t, err, "%s", out)
}
