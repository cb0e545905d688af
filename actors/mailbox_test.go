package actors

import (
	"sync"
	"testing"
	"unsafe"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"
)

// listener is a MessageInvoker that notes what it gets and counts how many run at once.
type listener struct {
	mu       sync.Mutex
	got      []any
	system   int
	panics   int
	left     sync.WaitGroup
	inside   int
	overlaps int
}

func (l *listener) InvokeUserMessage(m any) {
	l.enter()
	defer l.left.Done()
	if m == "panic" {
		panic("asked for")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.got = append(l.got, m)
	l.inside--
}

func (l *listener) enter() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.inside++; l.inside > 1 {
		l.overlaps++
	}
}

func (l *listener) InvokeSystemMessage(any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.system++
	l.left.Done()
}

func (l *listener) EscalateFailure(_, _ any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.panics++
	l.inside--
}

func startMailbox(t *testing.T, l *listener) actor.Mailbox {
	w := startWorkers()
	t.Cleanup(w.stop)
	m := &mailbox{workers: w}
	m.RegisterHandlers(l, nil)
	m.Start()
	return m
}

func TestTheMailboxKeepsEverySendersOrderAndRunsOneAtATime(t *testing.T) {
	l := &listener{}
	m := startMailbox(t, l)
	const senders, each = 8, 2000
	l.left.Add(senders * each)
	var wg sync.WaitGroup
	for s := range senders {
		wg.Go(func() {
			for i := range each {
				m.PostUserMessage([2]int{s, i})
			}
		})
	}
	wg.Wait()
	l.left.Wait()
	next := [senders]int{}
	for _, got := range l.got {
		p := got.([2]int)
		require.Equal(t, next[p[0]], p[1], "sender %d", p[0])
		next[p[0]]++
	}
	require.Zero(t, l.overlaps)
}

func TestASuspendedMailboxHoldsUserMessagesBack(t *testing.T) {
	l := &listener{}
	m := startMailbox(t, l)
	l.left.Add(1)
	m.PostSystemMessage(&actor.SuspendMailbox{})
	m.PostUserMessage("held")
	m.PostSystemMessage(&actor.Started{})
	l.left.Wait()
	l.mu.Lock()
	require.Empty(t, l.got)
	l.mu.Unlock()
	l.left.Add(1)
	m.PostSystemMessage(&actor.ResumeMailbox{})
	l.left.Wait()
	require.Equal(t, []any{"held"}, l.got)
}

func TestAPanicLosesOnlyItsOwnMessage(t *testing.T) {
	l := &listener{}
	m := startMailbox(t, l)
	l.left.Add(3)
	m.PostUserMessage("a")
	m.PostUserMessage("panic")
	m.PostUserMessage("b")
	l.left.Wait()
	require.Equal(t, []any{"a", "b"}, l.got)
	require.Equal(t, 1, l.panics)
}

func TestAnEmptyMailboxFitsIn48Bytes(t *testing.T) {
	require.LessOrEqual(t, unsafe.Sizeof(mailbox{}), uintptr(48))
}

func TestWhoHasTimeRunsAnActorThatNobodyRuns(t *testing.T) {
	l := &listener{}
	w := startWorkers()
	w.stop() // what is left to a worker stays undone
	m := &mailbox{workers: w}
	m.RegisterHandlers(l, nil)
	l.left.Add(4)
	m.PostUserMessage(&Request{waited: true})
	m.PostUserMessage(committed{alone: true})
	require.Len(t, l.got, 2, "the caller has run it")
	m.PostUserMessage(committed{})
	require.Len(t, l.got, 2, "who has no time leaves it to a worker")
	m.PostUserMessage(&Request{waited: true})
	require.Len(t, l.got, 2, "it is some worker's now")
}

func TestWaitingCallersAndWorkersRunOneAtATime(t *testing.T) {
	l := &listener{}
	m := startMailbox(t, l)
	const senders, each = 8, 2000
	l.left.Add(senders * each)
	var wg sync.WaitGroup
	for s := range senders {
		wg.Go(func() {
			for i := range each {
				m.PostUserMessage(&Request{waited: (s+i)%2 == 0, attempts: s*each + i})
			}
		})
	}
	wg.Wait()
	l.left.Wait()
	require.Zero(t, l.overlaps)
	last := make([]int, senders)
	for _, got := range l.got {
		n := got.(*Request).attempts
		require.Less(t, last[n/each], n%each+1, "sender %d", n/each)
		last[n/each] = n%each + 1
	}
}
