package config

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// receiversKey is the one key of the file that is no setting: a list of mappings.
const receiversKey = "receivers"

// The kinds of receivers.
const (
	Stdout      = "stdout"
	Webhook     = "webhook"
	CAEPPush    = "caep-push"
	CAEPPoll    = "caep-poll"
	BackChannel = "backchannel-logout"
)

var kinds = []string{Stdout, Webhook, CAEPPush, CAEPPoll, BackChannel}

// Receiver is somebody who gets events by HTTP.
type Receiver struct {
	Name string // of its mark, metrics and streams: [a-z0-9-]{1,32}
	Kind string
	URL  string // where it is called; of a poll none
	// Secret signs webhooks (whsec_… or text), is the Authorization header of pushes, or the bearer
	// token that a poll must show.
	Secret string
	// Audience is `aud` of security event and logout tokens: the receiver's name for itself, or its
	// client_id.
	Audience string
	// Events are the types to send; empty: all.
	Events []string
	// Networks that are not public and may be called all the same.
	Networks []netip.Prefix
	// GiveUp is the age of a failing event from which it becomes a dead letter.
	GiveUp time.Duration
	// ExternalSID puts the session's external_id, where it has one, into `sid` of logout tokens.
	ExternalSID bool
	// FromStart: begin with the oldest event there is, not with the present.
	FromStart bool
}

// String never shows the secret.
func (r Receiver) String() string { return r.Kind + " " + r.Name + " " + r.URL }

// GoString is String, for %#v.
func (r Receiver) GoString() string { return r.String() }

const defaultGiveUp = 72 * time.Hour

var receiverFields = map[string]func(*Receiver, any) error{
	"name":           func(r *Receiver, v any) error { return textInto(&r.Name, v) },
	"kind":           func(r *Receiver, v any) error { return textInto(&r.Kind, v) },
	"url":            func(r *Receiver, v any) error { return textInto(&r.URL, v) },
	"secret":         func(r *Receiver, v any) error { return textInto(&r.Secret, v) },
	"secret-file":    readSecretFile,
	"audience":       func(r *Receiver, v any) error { return textInto(&r.Audience, v) },
	"events":         parseEvents,
	"allow-networks": parseNetworks,
	"give-up":        parseGiveUp,
	"external-sid":   func(r *Receiver, v any) error { return boolInto(&r.ExternalSID, v) },
	"from-start":     func(r *Receiver, v any) error { return boolInto(&r.FromStart, v) },
}

// parseReceivers reads the file's list.
func parseReceivers(raw any) ([]Receiver, error) {
	items, ok := raw.([]any)
	if !ok {
		return nil, errors.New("want a list of receivers, each with name, kind and url")
	}
	var receivers []Receiver
	for i, item := range items {
		fields, ok := item.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("item %d is not a mapping of names to values", i+1)
		}
		r := Receiver{GiveUp: defaultGiveUp}
		for _, name := range sortedKeys(fields) { // secret before secret-file
			set, value := receiverFields[name], fields[name]
			if set == nil {
				return nil, fmt.Errorf("item %d: unknown key %q%s", i+1, name, DidYouMean("", name, sortedKeys(receiverFields)))
			}
			if err := set(&r, value); err != nil {
				return nil, fmt.Errorf("item %d: %s: %w", i+1, name, err)
			}
		}
		if err := r.check(); err != nil {
			return nil, fmt.Errorf("item %d (%s): %w", i+1, r.Name, err)
		}
		if slices.ContainsFunc(receivers, func(other Receiver) bool { return other.Name == r.Name }) {
			return nil, fmt.Errorf("item %d: %s is another receiver's name", i+1, r.Name)
		}
		receivers = append(receivers, r)
	}
	return receivers, nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

var receiverName = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)

// reserved are the names of the sinks that flags make.
var reserved = []string{"kafka", "pos"}

func (r *Receiver) check() error {
	if !receiverName.MatchString(r.Name) || slices.Contains(reserved, r.Name) {
		return fmt.Errorf("name %q must be 1 to 32 of a-z, 0-9 and '-', and not %s", r.Name, strings.Join(reserved, " or "))
	}
	if !slices.Contains(kinds, r.Kind) {
		return fmt.Errorf("kind %q is none of %s%s", r.Kind, strings.Join(kinds, ", "), DidYouMean("", r.Kind, kinds))
	}
	called := r.Kind == Webhook || r.Kind == CAEPPush || r.Kind == BackChannel
	switch {
	case called && r.URL == "":
		return errors.New("url is missing")
	case !called && r.URL != "":
		return fmt.Errorf("a %s receiver has no url", r.Kind)
	case (r.Kind == Webhook || r.Kind == CAEPPoll) && len(r.Secret) < MinSecret:
		return fmt.Errorf("secret or secret-file with at least %d characters is missing; `openssl rand -base64 32` makes a good one", MinSecret)
	case (r.Kind == CAEPPush || r.Kind == CAEPPoll || r.Kind == BackChannel) && r.Audience == "":
		return errors.New("audience is missing: what the receiver calls itself, or its client_id")
	case len(r.Events) > 0 && r.Kind != Webhook && r.Kind != Stdout:
		return fmt.Errorf("a %s receiver gets the ends of sessions; events cannot be chosen", r.Kind)
	}
	return r.checkURL()
}

// checkURL wants https unless the receiver is in a network that was allowed by name.
func (r *Receiver) checkURL() error {
	if r.URL == "" {
		return nil
	}
	u, err := url.Parse(r.URL)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
		return errors.New("url is not an https URL without user and fragment")
	}
	if u.Scheme == "http" && len(r.Networks) == 0 {
		return errors.New("url is plain http; use https, or allow-networks for a receiver nearby")
	}
	return nil
}

func textInto(field *string, v any) error {
	s, ok := v.(string)
	if !ok || s == "" {
		return errors.New("want a text")
	}
	*field = s
	return nil
}

func boolInto(field *bool, v any) error {
	b, ok := v.(bool)
	if !ok {
		return errors.New("want true or false")
	}
	*field = b
	return nil
}

func readSecretFile(r *Receiver, v any) error {
	var path string
	if err := textInto(&path, v); err != nil {
		return err
	}
	if r.Secret != "" {
		return errors.New("secret is given as well; use one")
	}
	b, err := os.ReadFile(path)
	r.Secret = strings.TrimSpace(string(b))
	return err
}

func texts(v any) ([]string, error) {
	items, ok := v.([]any)
	if !ok {
		return nil, errors.New("want a list of texts")
	}
	found := make([]string, len(items))
	for i := range items {
		if err := textInto(&found[i], items[i]); err != nil {
			return nil, fmt.Errorf("item %d: %w", i+1, err)
		}
	}
	return found, nil
}

func parseEvents(r *Receiver, v any) (err error) {
	if r.Events, err = texts(v); err != nil {
		return err
	}
	var known []string
	for t := session.Started; t <= session.EmployeeUnlocked; t++ {
		known = append(known, t.String())
	}
	for _, name := range r.Events {
		if !slices.Contains(known, name) {
			return fmt.Errorf("%q is no type of events%s", name, DidYouMean("", name, known))
		}
	}
	return nil
}

func parseNetworks(r *Receiver, v any) error {
	names, err := texts(v)
	for _, name := range names {
		prefix, err := netip.ParsePrefix(name)
		if err != nil {
			addr, err := netip.ParseAddr(name)
			if err != nil {
				return fmt.Errorf("%q is not an address or network such as 10.0.0.7 or 10.0.0.0/8", name)
			}
			prefix = netip.PrefixFrom(addr, addr.BitLen())
		}
		r.Networks = append(r.Networks, prefix.Masked())
	}
	return err
}

func parseGiveUp(r *Receiver, v any) (err error) {
	var s string
	if err := textInto(&s, v); err != nil {
		return err
	}
	if r.GiveUp, err = time.ParseDuration(s); err != nil || r.GiveUp < time.Minute {
		return fmt.Errorf("%q is not a duration of a minute or more, such as 72h", s)
	}
	return nil
}
