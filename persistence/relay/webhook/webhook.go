package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/hotseat-hub/hotseat/persistence/relay"
	"github.com/hotseat-hub/hotseat/persistence/relay/outbound"
	"github.com/hotseat-hub/hotseat/persistence/relay/push"
)

// Protocol implements push.Protocol.
type Protocol struct {
	key   []byte
	types map[string]bool // nil: all
}

// secretPrefix marks a secret whose rest is base64.
const secretPrefix = "whsec_"

// New takes the secret that the receiver has too, and the types of events it wants; none: all.
func New(secret string, types []string) (*Protocol, error) {
	p := &Protocol{key: []byte(secret)}
	if encoded, marked := strings.CutPrefix(secret, secretPrefix); marked {
		key, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return nil, fmt.Errorf("webhook: the secret is not base64 behind %s", secretPrefix)
		}
		p.key = key
	}
	if len(types) > 0 {
		p.types = map[string]bool{}
		for _, t := range types {
			p.types[t] = true
		}
	}
	return p, nil
}

// Request implements push.Protocol.
func (p *Protocol) Request(e *relay.Event, now time.Time) (http.Header, []byte, bool, error) {
	if p.types != nil && !p.types[e.Type.String()] {
		return nil, nil, false, nil
	}
	body, id, at := e.Structured(), messageID(e), strconv.FormatInt(now.Unix(), 10)
	return http.Header{
		"Content-Type":      {"application/cloudevents+json; charset=utf-8"},
		"Webhook-Id":        {id},
		"Webhook-Timestamp": {at},
		"Webhook-Signature": {p.sign(id, at, body)},
	}, body, true, nil
}

// messageID is the event's id in other words: what is signed is joined by dots, which an employee's
// id may have.
func messageID(e *relay.Event) string {
	sum := sha256.Sum256([]byte(e.Source + "\x00" + e.ID))
	return "msg_" + hex.EncodeToString(sum[:16])
}

func (p *Protocol) sign(id, at string, body []byte) string {
	mac := hmac.New(sha256.New, p.key)
	fmt.Fprintf(mac, "%s.%s.", id, at)
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Refuses implements push.Protocol.
func (p *Protocol) Refuses(a *outbound.Answer) bool { return push.Permanent(a.Status) }
