package token

import (
	"context"
	"fmt"

	"github.com/hotseat-hub/hotseat/session"
)

// withdrawnAt is the RetiredAt of a key that must not be believed any more, whatever it signed and
// when.
const withdrawnAt session.Time = 1

// Rotation says what Rotate did.
type Rotation struct {
	KID       string
	Alg       string
	SignsFrom session.Time
	// Retired sign until then, or, compromised, are not believed any more.
	Retired []string
}

// Rotate makes a new key. It signs after its lead, and the others stop then; their tokens are good
// until they expire, so that no session notices. When the old keys are compromised, the new one
// signs at once and nothing that the old ones signed is believed: every terminal has to refresh,
// and other nodes answer 503 for the few moments until they have read the new key.
func (k *Keys) Rotate(ctx context.Context, compromised bool) (Rotation, error) {
	if err := k.Reload(ctx); err != nil {
		return Rotation{}, err
	}
	now := k.o.Clock.Now()
	from := now.Add(PublicationLead)
	if compromised {
		from = now
	}
	// The new key first: a crash in between leaves two that are good, not none.
	fresh, err := k.add(ctx, now, from)
	if err != nil {
		return Rotation{}, err
	}
	done := Rotation{KID: fresh.KID, Alg: fresh.Alg, SignsFrom: from}
	until := from
	if compromised {
		until = withdrawnAt
	}
	if done.Retired, err = k.retire(ctx, fresh.KID, until); err != nil {
		return done, err
	}
	return done, k.Reload(ctx)
}

// add makes a key and publishes it.
func (k *Keys) add(ctx context.Context, now, signsFrom session.Time) (Key, error) {
	key, err := NewKey(k.o.Alg, now, signsFrom)
	if err != nil {
		return key, err
	}
	if err := k.o.Store.AddSigningKey(ctx, k.o.KEKs.encrypted(key)); err != nil {
		return key, fmt.Errorf("publish signing key %s: %w", key.KID, err)
	}
	return key, nil
}

// retire lets every key of the ring but one sign until a time, if it did not stop before.
func (k *Keys) retire(ctx context.Context, but string, until session.Time) (retired []string, err error) {
	for _, pair := range k.ring.Load().order {
		if pair.KID == but || pair.RetiredAt != 0 && pair.RetiredAt <= until {
			continue
		}
		key := pair.Key
		key.RetiredAt = until
		if err := k.o.Store.AddSigningKey(ctx, k.o.KEKs.encrypted(key)); err != nil {
			return retired, fmt.Errorf("retire signing key %s: %w", key.KID, err)
		}
		retired = append(retired, key.KID)
	}
	return retired, nil
}

// rewrap encrypts under today's key-encryption key what is in clear or under an older one.
func (k *Keys) rewrap(ctx context.Context) error {
	if k.o.KEKs == nil {
		return nil
	}
	stored, err := k.o.Store.SigningKeys(ctx)
	if err != nil {
		return fmt.Errorf("read signing keys: %w", err)
	}
	for _, key := range stored {
		if key.KEKID == k.o.KEKs.id() {
			continue
		}
		plain, err := k.o.KEKs.decrypted(key)
		if err != nil {
			return err
		}
		if err := k.o.Store.AddSigningKey(ctx, k.o.KEKs.encrypted(plain)); err != nil {
			return fmt.Errorf("encrypt signing key %s: %w", key.KID, err)
		}
	}
	return nil
}
