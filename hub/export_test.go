package hub

// Strangers is how many connections owe this hub something.
func (h *Hub) Strangers() (n int) {
	h.strangers.mu.Lock()
	defer h.strangers.mu.Unlock()
	for _, all := range h.strangers.at {
		n += all.Len()
	}
	return n
}
