package hub

import (
	"errors"
	"net/http"

	"github.com/hotseat-hub/hotseat/session"
)

// CloseCode is the code of a close frame. This file is the one place that chooses them.
type CloseCode uint16

// The codes after which a client comes back.
const (
	CloseGoingAway     CloseCode = 1001
	CloseProtocolError CloseCode = 1002
	CloseUnsupported   CloseCode = 1003 // a binary message
	CloseNotUTF8       CloseCode = 1007
	ClosePolicy        CloseCode = 1008 // a message that the contract does not know
	CloseTooBig        CloseCode = 1009
	CloseInternal      CloseCode = 1011
	CloseDraining      CloseCode = 1012
	CloseTryLater      CloseCode = 1013 // an unknown signing key, or an owner or store that cannot be asked
	CloseNodeDead      CloseCode = 4001 // this node was marked dead and leaves
	CloseSlow          CloseCode = 4002 // a peer that does not read, or one socket too many
	CloseTokenExpired  CloseCode = 4003 // of a live session: refresh and come back
	CloseTicketSpent   CloseCode = 4004 // or expired: get another
	CloseRateLimited   CloseCode = 4029
)

// The codes after which a client stays away.
const (
	CloseNormal     CloseCode = 1000
	CloseNewLogin   CloseCode = 4510
	CloseAdmin      CloseCode = 4511
	CloseLogout     CloseCode = 4512
	CloseExpired    CloseCode = 4513
	CloseLocked     CloseCode = 4514
	CloseTokenReuse CloseCode = 4515
	CloseBadToken   CloseCode = 4520 // certainly bad
	CloseTerminal   CloseCode = 4521 // the token is another terminal's
	CloseOrigin     CloseCode = 4522
)

// codeOfReason is the code after a session_terminated. An ending so old that nobody knows its reason
// is a normal end: the client must stay away, and no other terminal code would be true.
func codeOfReason(r session.Reason) CloseCode {
	switch r {
	case session.ReasonNewLogin:
		return CloseNewLogin
	case session.ReasonLogout:
		return CloseLogout
	case session.ReasonAdmin:
		return CloseAdmin
	case session.ReasonExpired:
		return CloseExpired
	case session.ReasonLocked:
		return CloseLocked
	case session.ReasonTokenReuse:
		return CloseTokenReuse
	}
	return CloseNormal
}

// refusal is an `error` message and the code that follows it.
type refusal struct {
	close         CloseCode
	code, message string
}

// What a socket is refused for, beside what the Gate decides.
var (
	refuseUnknown   = refusal{ClosePolicy, "invalid_request", "not a message of this protocol"}
	refuseEarly     = refusal{ClosePolicy, "invalid_request", "the first message must be authenticate"}
	refuseTwice     = refusal{ClosePolicy, "invalid_request", "this socket is authenticated already"}
	refuseSilence   = refusal{CloseBadToken, "invalid_token", "no authenticate message came in time"}
	refuseFlood     = refusal{CloseRateLimited, "rate_limited", "too many messages"}
	refuseCrowd     = refusal{CloseRateLimited, "rate_limited", "too many connections of this address send no token"}
	refuseInternal  = refusal{CloseInternal, "internal", "something went wrong here; come back later"}
	refuseOwner     = refusal{CloseTryLater, "store_unavailable", "the session cannot be checked now"}
	refuseTicket    = refusal{CloseTicketSpent, "invalid_token", "the ticket has expired or was used"}
	refuseAhead     = refusal{CloseBadToken, "invalid_token", "the token is ahead of the store"}
	refuseSlow      = refusal{close: CloseSlow, message: "slow consumer"}
	refuseSurplus   = refusal{close: CloseSlow, message: "too many sockets of this session"}
	refuseDraining  = refusal{close: CloseDraining, message: "draining"}
	refuseGoingAway = refusal{close: CloseGoingAway, message: "shutting down"}
	refuseNodeDead  = refusal{close: CloseNodeDead, message: "this node leaves"}
)

// refusalOfAttach is what an owner's error means to a socket. A session that has ended is not among
// them: that is told, not refused.
func refusalOfAttach(err error) refusal {
	switch {
	case errors.Is(err, session.ErrTicketSpent):
		return refuseTicket
	case errors.Is(err, session.ErrEpochAhead):
		return refuseAhead
	}
	return refuseOwner
}

// refusalOfVerdict is what a Gate's Verdict means once the connection is a socket already.
func refusalOfVerdict(v Verdict) refusal {
	r := refusal{v.Close, v.Code, v.Message}
	if r.close != 0 {
		return r
	}
	switch {
	case v.Status == http.StatusTooManyRequests:
		r.close = CloseRateLimited
	case v.Status >= 500:
		r.close = CloseTryLater
	case v.Status >= 400:
		r.close = CloseBadToken
	default:
		return refuseInternal
	}
	if r.code == "" {
		r.code, r.message = "invalid_token", "the token was refused"
	}
	return r
}
