package token

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/session"
)

func TestARefreshTokenIsDerivedAndSaysWhose(t *testing.T) {
	n := newNode(t, EdDSA, &keyStore{}, newClock())
	r := Refresh{Key: "ada", Session: session.ID{1}, Generation: 3}
	token := n.RefreshToken(r)
	require.Equal(t, token, n.RefreshToken(r), "the same generation gives the same token")
	got, err := n.ParseRefresh(token)
	require.NoError(t, err)
	require.Equal(t, r, got)
	r.Generation++
	require.NotEqual(t, token, n.RefreshToken(r))
}

func TestATicketIsGoodForItsWindow(t *testing.T) {
	n := newNode(t, EdDSA, &keyStore{}, newClock())
	s := n.seat()
	ticket := n.IssueTicket("Ada", s)
	require.NotEqual(t, ticket, n.IssueTicket("Ada", s))
	require.Regexp(t, `^[A-Za-z0-9_-]+$`, ticket, "it goes into a URL")
	n.clock.advance(session.TicketWindow)
	got, err := n.ParseTicket(ticket)
	require.NoError(t, err)
	require.Equal(t, session.EmployeeID("Ada"), got.Employee)
	require.Equal(t, s.ID, got.Session)
	require.Equal(t, s.Terminal, got.Terminal)
	require.Equal(t, s.Epoch, got.Epoch)
	require.Equal(t, n.clock.Now().Add(-session.TicketWindow), got.IssuedAt)
	n.clock.advance(time.Millisecond)
	_, err = n.ParseTicket(ticket)
	require.ErrorIs(t, err, session.ErrTicketSpent)
}

func TestSealedTextsThatWereTouchedAreRefused(t *testing.T) {
	n := newNode(t, EdDSA, &keyStore{}, newClock())
	other, err := New(Options{Keys: n.keys, Clock: n.clock, Issuer: issuer, Secret: []byte(strings.Repeat("x", 32))})
	require.NoError(t, err)
	refresh := n.RefreshToken(Refresh{Key: "ada", Session: session.ID{1}, Generation: 3})
	ticket := n.IssueTicket("ada", n.seat())
	for name, parse := range map[string]func(string) error{
		"refresh": func(s string) error { _, err := n.ParseRefresh(s); return err },
		"ticket":  func(s string) error { _, err := n.ParseTicket(s); return err },
	} {
		good := map[string]string{"refresh": refresh, "ticket": ticket}[name]
		require.NoError(t, parse(good))
		for i := range good {
			changed := []byte(good)
			changed[i] ^= 1
			require.ErrorIs(t, parse(string(changed)), ErrInvalid, "%s, byte %d", name, i)
		}
		for _, bad := range []string{
			"", "x", good[:len(good)-1], good + "A", good + "=", good[5:], strings.Repeat("A", maxSealed+1),
			refreshPrefix, ticketPrefix, refreshPrefix + "AAAA", ticketPrefix + "AAAA",
		} {
			require.ErrorIs(t, parse(bad), ErrInvalid, "%s: %q", name, bad)
		}
	}
	// One kind never passes for the other, nor another server's for ours.
	_, err = n.ParseTicket(ticketPrefix + refresh[len(refreshPrefix):])
	require.ErrorIs(t, err, ErrInvalid)
	_, err = n.ParseRefresh(refreshPrefix + ticket[len(ticketPrefix):])
	require.ErrorIs(t, err, ErrInvalid)
	_, err = other.ParseRefresh(refresh)
	require.ErrorIs(t, err, ErrInvalid)
	_, err = other.ParseTicket(ticket)
	require.ErrorIs(t, err, ErrInvalid)
}

func TestTheLongestIdsFitIntoATicketAndARefreshToken(t *testing.T) {
	n := newNode(t, EdDSA, &keyStore{}, newClock())
	employee := session.EmployeeID("a" + strings.Repeat("@", 127))
	s := n.seat()
	s.Terminal = session.TerminalID(strings.Repeat("t", 64))
	ticket, err := n.ParseTicket(n.IssueTicket(employee, s))
	require.NoError(t, err)
	require.Equal(t, employee, ticket.Employee)
	require.Equal(t, s.Terminal, ticket.Terminal)
	_, err = n.ParseRefresh(n.RefreshToken(Refresh{Key: employee.Key(), Session: s.ID, Generation: 1}))
	require.NoError(t, err)
}

func TestTokensNeedAnIssuerAndASecret(t *testing.T) {
	n := newNode(t, EdDSA, &keyStore{}, newClock())
	_, err := New(Options{Keys: n.keys, Clock: n.clock, Secret: []byte(secret)})
	require.ErrorContains(t, err, "issuer")
	_, err = New(Options{Keys: n.keys, Clock: n.clock, Issuer: issuer, Secret: []byte("short")})
	require.ErrorContains(t, err, "32")
	require.NotContains(t, err.Error(), "short")
}
