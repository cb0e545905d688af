package session

// Fence is for every row of a store that was set back to an older state, tombstones too, before
// anybody works on it again. Whatever was given out in the time that is lost may still be in the
// world: tokens of higher epochs, and events with their ids. The epoch jumps beyond all of them, every
// session ends, and no idempotency key is remembered.
type Fence struct {
	Raise Epoch // by how much; FenceRaise
}

// FenceRaise is more than any employee's epoch has grown since any backup.
const FenceRaise Epoch = 1_000_000

// Expires implements Command.
func (Fence) Expires() Time { return 0 }

func (st *step) fence(c *Fence) error {
	if st.Version == 0 {
		return ErrNotFound
	}
	st.begin(true)
	st.Epoch = st.was.Epoch + c.Raise
	st.Keys = nil
	st.endAll(Ending{Reason: ReasonEnded}, "fence")
	return nil
}
