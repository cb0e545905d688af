package actors

import (
	"runtime"
	"sync/atomic"

	"github.com/asynkron/protoactor-go/actor"
)

// mailbox is the mailbox of employees and shards: 48 bytes when empty, where the library's default takes
// over 400. Any goroutine may post; one at a time runs it, a worker or a caller who waits.
// It has no bound of its own: the shard counts what an employee owes and refuses more.
type mailbox struct {
	invoker actor.MessageInvoker
	workers *workers
	// posted is a stack of what arrived, newest first; the runner takes it whole and turns it round.
	posted  atomic.Pointer[letter]
	current *letter // what the runner took, oldest first; touched by the runner alone
	running atomic.Bool
	// suspended holds user messages back between a panic and the restart; the runner's alone.
	suspended bool
}

type letter struct {
	message any
	next    *letter
	system  bool
}

// throughput is how many messages one run handles before it lets other goroutines go first.
const throughput = 64

// promptly is how many messages a caller who waits handles itself before a worker goes on.
const promptly = 2

// PostUserMessage implements actor.Mailbox. Who has nothing better to do runs an actor that nobody runs:
// the way over a worker and its thread costs more than the decision.
func (m *mailbox) PostUserMessage(message any) {
	m.push(&letter{message: message})
	if !hasTime(message) {
		m.schedule()
	} else if m.running.CompareAndSwap(false, true) && m.handle(promptly) {
		m.workers.schedule(m)
	}
}

// hasTime reports whether who posts the message has nothing better to do than to see it handled: who waits
// for the answer to a request, and who has committed for nobody else.
func hasTime(message any) bool {
	switch m := message.(type) {
	case *Request:
		return m.waited
	case committed:
		return m.alone
	}
	return false
}

// PostSystemMessage implements actor.Mailbox.
func (m *mailbox) PostSystemMessage(message any) {
	m.push(&letter{message: message, system: true})
	m.schedule()
}

// RegisterHandlers implements actor.Mailbox. The library's dispatcher would start a
// goroutine for every run; workers replaces it.
func (m *mailbox) RegisterHandlers(invoker actor.MessageInvoker, _ actor.Dispatcher) {
	m.invoker = invoker
}

// Start implements actor.Mailbox.
func (m *mailbox) Start() {}

// UserMessageCount implements actor.Mailbox; nothing asks for it.
func (m *mailbox) UserMessageCount() int { return 0 }

func (m *mailbox) push(l *letter) {
	for {
		head := m.posted.Load()
		l.next = head
		if m.posted.CompareAndSwap(head, l) {
			return
		}
	}
}

func (m *mailbox) schedule() {
	if m.running.CompareAndSwap(false, true) {
		m.workers.schedule(m)
	}
}

func (m *mailbox) run() {
	for m.handle(throughput) {
		runtime.Gosched()
	}
}

// handle handles that many messages; false when it found no more and does not run any longer.
func (m *mailbox) handle(most int) (more bool) {
	for n := 0; n < most; {
		l := m.take()
		if l != nil {
			m.invoke(l)
			n++
			continue
		}
		m.running.Store(false)
		// Something may have been posted after take and before the store; whoever wins the
		// flag runs it.
		if m.posted.Load() == nil || !m.running.CompareAndSwap(false, true) {
			return false
		}
	}
	return true
}

// take unlinks the next letter: the oldest system message first, then, unless suspended, the oldest
// of the others.
func (m *mailbox) take() *letter {
	m.fetch()
	var before *letter
	for l := m.current; l != nil; before, l = l, l.next {
		if l.system {
			return m.unlink(before, l)
		}
	}
	if m.suspended || m.current == nil {
		return nil
	}
	return m.unlink(nil, m.current)
}

func (m *mailbox) unlink(before, l *letter) *letter {
	if before == nil {
		m.current = l.next
	} else {
		before.next = l.next
	}
	return l
}

// fetch appends what was posted, in the order of posting, to current.
func (m *mailbox) fetch() {
	stack := m.posted.Swap(nil)
	if stack == nil {
		return
	}
	var oldest *letter
	for stack != nil {
		next := stack.next
		stack.next = oldest
		oldest, stack = stack, next
	}
	if m.current == nil {
		m.current = oldest
		return
	}
	last := m.current
	for last.next != nil {
		last = last.next
	}
	last.next = oldest
}

func (m *mailbox) invoke(l *letter) {
	defer func() {
		if reason := recover(); reason != nil {
			m.invoker.EscalateFailure(crashOf(reason), l.message)
		}
	}()
	if !l.system {
		m.invoker.InvokeUserMessage(l.message)
		return
	}
	switch l.message.(type) {
	case *actor.SuspendMailbox:
		m.suspended = true
	case *actor.ResumeMailbox:
		m.suspended = false
	default:
		m.invoker.InvokeSystemMessage(l.message)
	}
}
