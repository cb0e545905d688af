package actors

import (
	"encoding/binary"
	"slices"
	"sync"
)

const (
	// maxAgents bounds how many user agents are shared, at 512 bytes each. A company has some dozens of
	// browsers; those that come when it is full stand in each record.
	maxAgents = 1024
	// In a record, a text that begins with this byte is the number of a shared user agent, which
	// begin with one; or, after a zero, one that begins with this byte itself.
	sharedAgent = 0
)

// agents lets the records of sleeping employees share the user agents of their sessions, which would be
// a third of each. What was shared stays for as long as the process. Any goroutine may use it.
type agents struct {
	mu      sync.RWMutex
	numbers map[string]uint64
	texts   []string
}

// short is a user agent as a record has it.
func (a *agents) short(agent string) string {
	if len(agent) <= 2 && (agent == "" || agent[0] != sharedAgent) {
		return agent
	}
	if n, ok := a.number(agent); ok {
		return string(binary.AppendUvarint([]byte{sharedAgent}, n))
	}
	if agent[0] == sharedAgent {
		return string([]byte{sharedAgent, 0}) + agent
	}
	return agent
}

// long is the inverse of short.
func (a *agents) long(text string) string {
	if text == "" || text[0] != sharedAgent {
		return text
	}
	n, size := binary.Uvarint([]byte(text[1:]))
	if n == 0 {
		return text[1+max(size, 0):]
	}
	a.mu.RLock()
	defer a.mu.RUnlock()
	if n > uint64(len(a.texts)) {
		return "" // the record is broken; whoever reads it says so
	}
	return a.texts[n-1]
}

func (a *agents) number(agent string) (n uint64, ok bool) {
	a.mu.RLock()
	n, ok = a.numbers[agent]
	full := len(a.texts) >= maxAgents
	a.mu.RUnlock()
	if ok || full {
		return n, ok
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if n, ok = a.numbers[agent]; ok || len(a.texts) >= maxAgents {
		return n, ok
	}
	if a.numbers == nil {
		a.numbers = make(map[string]uint64)
	}
	a.texts = append(a.texts, agent)
	a.numbers[agent] = uint64(len(a.texts))
	return uint64(len(a.texts)), true
}

// pack is the record of an employee that goes to sleep.
func (sh *shard) pack(r *Rest) []byte {
	packed := *r
	packed.state.Active = slices.Clone(r.state.Active)
	for i := range packed.state.Active {
		s := &packed.state.Active[i]
		s.UserAgent = sh.system.agents.short(s.UserAgent)
	}
	return packed.Append(nil, sh.nodes.number)
}

// unpack is the inverse of pack.
func (sh *shard) unpack(record []byte) (r Rest, err error) {
	err = r.Parse(record, sh.nodes.node)
	for i := range r.state.Active {
		s := &r.state.Active[i]
		s.UserAgent = sh.system.agents.long(s.UserAgent)
	}
	return r, err
}
