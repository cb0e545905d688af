package faults

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/hotseat-hub/hotseat/bench/history"
	"github.com/hotseat-hub/hotseat/session"
)

const (
	kafkaPort  = "9092"
	eventTopic = "hotseat.session-events"
	otherTopic = "other.session-events" // of another hub
)

// What this binary is told when it shall be a broker: where to keep its records, where to listen, and
// whether it lies.
const (
	brokerFolder = "HOTSEAT_TEST_FAULTS_BROKER"
	brokerAddr   = "HOTSEAT_TEST_FAULTS_BROKER_ADDR"
	brokerLies   = "HOTSEAT_TEST_FAULTS_BROKER_LIES"
)

// beBroker is kfake as a process of its own. It ends when it is killed.
func beBroker() int {
	addr, lies := os.Getenv(brokerAddr), os.Getenv(brokerLies) != ""
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(9092), kfake.DataDir(os.Getenv(brokerFolder)),
		kfake.AllowAutoTopicCreation(), kfake.DefaultNumPartitions(3),
		// A topic that is made by asking for it would not survive a crash of this broker.
		kfake.SeedTopics(3, eventTopic, otherTopic, eventTopic+".dead"),
		kfake.ListenFn(func(network, _ string) (net.Listener, error) {
			l, err := net.Listen(network, addr)
			if lies && err == nil {
				return losing{l}, nil
			}
			return l, err
		}))
	if err != nil {
		fmt.Fprintln(os.Stderr, "broker:", err)
		return 1
	}
	if lies {
		lieAboutRecords(cluster)
	}
	select {}
}

// broker is a process on a host of its own. Its methods are for the test's goroutine.
type broker struct {
	t       *testing.T
	host    *host
	folder  string
	addr    string
	env     []string
	process *exec.Cmd
	gone    chan struct{}
	log     string
}

// newBroker starts one.
func newBroker(t *testing.T, env ...string) *broker {
	t.Helper()
	h := newHost(t)
	b := &broker{t: t, host: h, folder: t.TempDir(), addr: net.JoinHostPort(h.ip, kafkaPort), env: env, log: filepath.Join(t.TempDir(), "broker.log")}
	b.start()
	return b
}

func (b *broker) start() {
	b.t.Helper()
	self, err := os.Executable()
	require.NoError(b.t, err)
	argv := b.host.in(self)
	b.process = exec.Command(argv[0], argv[1:]...)
	b.process.Env = append(append(environment(), brokerFolder+"="+b.folder, brokerAddr+"="+b.addr), b.env...)
	b.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	log, err := os.OpenFile(b.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(b.t, err)
	defer log.Close()
	b.process.Stdout, b.process.Stderr = log, log
	require.NoError(b.t, b.process.Start())
	process, gone := b.process, make(chan struct{})
	b.gone = gone
	go func() { defer close(gone); _ = process.Wait() }()
	b.t.Cleanup(func() { _ = process.Process.Kill(); <-gone })
	require.Eventually(b.t, func() bool {
		conn, err := net.DialTimeout("tcp", b.addr, time.Second)
		if err != nil {
			return false
		}
		return conn.Close() == nil
	}, patience, 20*time.Millisecond, "the broker does not listen; it said:\n%s", b.said())
}

// kill ends the broker as a crash does; its records are kept as far as it has written them.
func (b *broker) kill() {
	_ = b.process.Process.Kill()
	<-b.gone
}

func (b *broker) signal(s syscall.Signal) { _ = b.process.Process.Signal(s) } // it may have ended

func (b *broker) said() string {
	text, err := os.ReadFile(b.log)
	require.NoError(b.t, err)
	return string(text)
}

// follower reads a topic's committed records from the first on, as a consumer does that keeps state by
// them, and has the row note the events.
//
// It is answered one batch at a time. A broker that has died within a transaction marks its end with an abort
// when it is back; kfake calls it aborted and writes no mark, so clients would leave out of an answer whatever
// the same producer has committed behind it.
type follower struct {
	t      *testing.T
	notes  *history.Recorder // nil: nothing is noted
	client *kgo.Client
	done   chan struct{}

	mu      sync.Mutex // guards what follows
	records []*kgo.Record
	seen    map[string]bool // ids
	repeats int
	started map[session.ID]bool
	last    map[string]string // the session that each employee has started last
}

// follow reads until the test is over.
func follow(t *testing.T, notes *history.Recorder, b *broker, topic string) *follower {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(b.addr), kgo.ConsumeTopics(topic), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(100*time.Millisecond), kgo.DialTimeout(2*time.Second),
		kgo.AllowAutoTopicCreation(), kgo.MetadataMinAge(100*time.Millisecond), kgo.MetadataMaxAge(time.Second), kgo.FetchMaxPartitionBytes(1))
	require.NoError(t, err)
	f := &follower{
		t: t, notes: notes, client: client, done: make(chan struct{}),
		seen: map[string]bool{}, started: map[session.ID]bool{}, last: map[string]string{},
	}
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		defer close(f.done)
		for ctx.Err() == nil {
			client.PollFetches(ctx).EachRecord(f.note)
		}
	}()
	t.Cleanup(func() { stop(); <-f.done; client.Close() })
	return f
}

func (f *follower) note(record *kgo.Record) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.records = append(f.records, record)
	id, typ := headerOf(record, "ce_id"), headerOf(record, "ce_type")
	if id == "" {
		return // none of ours
	}
	data := dataOf(record)
	if f.seen[id] {
		f.repeats++
	} else if strings.HasSuffix(typ, ".started.v1") {
		f.started[data.Session.SessionID] = true
		f.last[string(record.Key)] = data.Session.SessionID.String()
	}
	f.seen[id] = true
	if f.notes != nil {
		f.notes.Record(history.Operation{
			Kind: history.Event, Employee: session.EmployeeID(record.Key).Key(), Source: "kafka", ID: id, Type: typ,
			Session: data.Session.SessionID, Epoch: data.Session.Epoch, Start: f.notes.Now(),
		})
	}
}

// arrival is how long events may take once nothing stands in their way: after failures the relay pauses for
// up to half a minute, and an attempt may take ten seconds more.
const arrival = time.Minute

// prompt is the same where nothing stood in their way. The relay looks every 200 ms and carries what there is in
// one transaction; a relay that pauses, or a lead that is lost for its 6 s, is later.
const prompt = 5 * time.Second

// tells waits until the topic tells of every login that was answered.
func (f *follower) tells(c *crowd, within time.Duration) {
	f.t.Helper()
	missing := func() (n int, first session.ID) {
		f.mu.Lock()
		defer f.mu.Unlock()
		for _, id := range c.granted() {
			if !f.started[id] {
				if n++; n == 1 {
					first = id
				}
			}
		}
		return n, first
	}
	for end := time.Now().Add(within); ; time.Sleep(20 * time.Millisecond) {
		n, first := missing()
		if n == 0 {
			return
		}
		if time.Now().After(end) {
			f.t.Fatalf("S5: no event tells of %d logins, session %s for one (%s)\n%s", n, first, f.uncommitted(first), carriage(c.at))
		}
	}
}

// carriage is what the nodes say of their relays: who leads, how much waits, and what holds it back.
func carriage(nodes []string) string {
	var said strings.Builder
	for _, url := range nodes {
		fmt.Fprintf(&said, "%s says:\n", url)
		reply, err := client.Get(strings.TrimSuffix(url, publicPort) + opsPort + "/metrics")
		if err != nil {
			fmt.Fprintln(&said, err)
			continue
		}
		text, _ := io.ReadAll(reply.Body) // what is missing is not said
		reply.Body.Close()
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, "hotseat_relay_") {
				said.WriteString(line)
			}
		}
	}
	return said.String()
}

// uncommitted says where the topic has the session's events when records that are not committed count as
// well: whether they were lost before the broker or in it.
func (f *follower) uncommitted(id session.ID) string {
	opts := append(f.client.Opts(), kgo.FetchIsolationLevel(kgo.ReadUncommitted()))
	client, err := kgo.NewClient(opts...)
	if err != nil {
		return err.Error()
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	var there []string
	for ctx.Err() == nil {
		client.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
			if dataOf(r).Session.SessionID == id {
				there = append(there, fmt.Sprintf("%s at %d/%d by producer %d/%d", headerOf(r, "ce_id"), r.Partition, r.Offset, r.ProducerID, r.ProducerEpoch))
			}
		})
	}
	if len(there) == 0 {
		return "the broker never got its events"
	}
	return "the broker has " + strings.Join(there, ", ")
}

// read is a copy of what has come so far.
func (f *follower) read() []*kgo.Record {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]*kgo.Record(nil), f.records...)
}

func headerOf(r *kgo.Record, key string) string {
	for _, h := range r.Headers {
		if h.Key == key {
			return string(h.Value)
		}
	}
	return ""
}
