package token

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/hotseat-hub/hotseat/session"
)

// Refresh tokens and tickets say in clear whom they are for, so that the request finds the owner
// without a look-up, and carry an HMAC over it. A refresh token is derived: the same session and
// generation give the same token, so that a repeated refresh gets the same successor and no token
// needs to be stored.

const (
	refreshPrefix = "hsr1_"
	ticketPrefix  = "hst1_"
	maxSealed     = 512
)

// macs are the keys of the two kinds: one kind never passes for the other.
type macs struct{ refresh, ticket []byte }

func newMACs(secret []byte) macs {
	derive := func(purpose string) []byte {
		key, err := hkdf.Key(sha256.New, secret, nil, "hotseat "+purpose, 32)
		if err != nil {
			panic("token: derive key: " + err.Error()) // only for absurd lengths
		}
		return key
	}
	return macs{refresh: derive("refresh token"), ticket: derive("socket ticket")}
}

// Refresh is what a refresh token says.
type Refresh struct {
	Key        session.Key
	Session    session.ID
	Generation uint32
}

// RefreshToken writes r as a token.
func (t *Tokens) RefreshToken(r Refresh) string {
	b := append(make([]byte, 0, 64), r.Session[:]...)
	b = binary.BigEndian.AppendUint32(b, r.Generation)
	b = append(b, r.Key...)
	return seal(refreshPrefix, t.macs.refresh, b)
}

// ParseRefresh reads and checks a refresh token; ErrInvalid when it is not ours.
func (t *Tokens) ParseRefresh(token string) (Refresh, error) {
	b, err := unseal(refreshPrefix, t.macs.refresh, token, 16+4+1)
	if err != nil {
		return Refresh{}, err
	}
	return Refresh{Session: session.ID(b[:16]), Generation: binary.BigEndian.Uint32(b[16:20]), Key: session.Key(b[20:])}, nil
}

// Ticket is what a socket's single-use ticket says.
type Ticket struct {
	session.Ticket
	Employee session.EmployeeID
	Session  session.ID
	Terminal session.TerminalID
	Epoch    session.Epoch
}

// IssueTicket writes a new ticket for a session, issued now.
func (t *Tokens) IssueTicket(employee session.EmployeeID, s *session.Session) string {
	b := make([]byte, 16, 128)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program instead
	b = binary.BigEndian.AppendUint64(b, uint64(t.o.Clock.Now()))
	b = append(b, s.ID[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(s.Epoch))
	b = append(b, byte(len(s.Terminal)))
	b = append(b, s.Terminal...)
	b = append(b, employee...)
	return seal(ticketPrefix, t.macs.ticket, b)
}

// ParseTicket reads and checks a ticket: ErrInvalid when it is not ours, session.ErrTicketSpent
// when it has expired. Whether it was used before only the employee's owner knows.
func (t *Tokens) ParseTicket(ticket string) (Ticket, error) {
	const fixed = 16 + 8 + 16 + 8 + 1
	b, err := unseal(ticketPrefix, t.macs.ticket, ticket, fixed)
	if err != nil {
		return Ticket{}, err
	}
	end := fixed + int(b[fixed-1])
	if end >= len(b) {
		return Ticket{}, fmt.Errorf("malformed ticket: %w", ErrInvalid)
	}
	k := Ticket{
		Ticket: session.Ticket{
			Nonce: [16]byte(b[:16]), IssuedAt: session.Time(binary.BigEndian.Uint64(b[16:24])),
		},
		Session: session.ID(b[24:40]), Epoch: session.Epoch(binary.BigEndian.Uint64(b[40:48])),
		Terminal: session.TerminalID(b[fixed:end]), Employee: session.EmployeeID(b[end:]),
	}
	if t.o.Clock.Now().Sub(k.IssuedAt) > session.TicketWindow {
		return Ticket{}, session.ErrTicketSpent
	}
	return k, nil
}

func seal(prefix string, key, body []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write(body)
	return prefix + base64.RawURLEncoding.EncodeToString(mac.Sum(body))
}

// unseal returns the body of a sealed text if its seal is ours, compared in constant time.
func unseal(prefix string, key []byte, text string, least int) ([]byte, error) {
	encoded, ok := strings.CutPrefix(text, prefix)
	if !ok || len(text) > maxSealed {
		return nil, fmt.Errorf("malformed: %w", ErrInvalid)
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil || len(b) < least+sha256.Size {
		return nil, fmt.Errorf("malformed: %w", ErrInvalid)
	}
	body, seal := b[:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	mac := hmac.New(sha256.New, key)
	mac.Write(body)
	if !hmac.Equal(seal, mac.Sum(nil)) {
		return nil, fmt.Errorf("not made here: %w", ErrInvalid)
	}
	return body, nil
}
