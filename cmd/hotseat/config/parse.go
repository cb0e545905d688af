package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/hotseat-hub/hotseat/session"
)

// The parsers of Table. Each checks what a value alone can tell; Config.check does the rest. Their
// errors do not repeat the value of a secret.

type (
	parser  = func(*Config, string) error
	seconds = time.Duration
)

func text(field func(*Config) *string) parser {
	return func(c *Config, value string) error {
		*field(c) = value
		return nil
	}
}

func word(field func(*Config) *string) parser {
	return func(c *Config, value string) error {
		if value == "" || strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
			return fmt.Errorf("%q is empty or has spaces", value)
		}
		*field(c) = value
		return nil
	}
}

// choice sets a field that takes one of the words of its Setting.Value, which Load checks.
func choice(field func(*Config) *string) parser { return text(field) }

func (s *Setting) checkChoice(value string) error {
	if !strings.Contains(s.Value, "|") {
		return nil
	}
	words := strings.Split(s.Value, "|")
	if slices.Contains(words, value) {
		return nil
	}
	return fmt.Errorf("%q is none of %s%s", value, strings.Join(words, ", "), DidYouMean("", value, words))
}

func duration(field func(*Config) *time.Duration) parser {
	return func(c *Config, value string) error {
		d, err := time.ParseDuration(value)
		if err != nil {
			return fmt.Errorf("%q is not a duration such as 90s, 15m or 12h", value)
		}
		if d < 0 {
			return fmt.Errorf("%s is negative", value)
		}
		*field(c) = d
		return nil
	}
}

func address(field func(*Config) *string) parser {
	return func(c *Config, value string) error {
		_, port, err := net.SplitHostPort(value)
		if err != nil {
			return fmt.Errorf("%q is not host:port, such as 127.0.0.1:8080", value)
		}
		if n, err := strconv.ParseUint(port, 10, 16); err != nil {
			return fmt.Errorf("port %q is not a number from 0 to 65535", port)
		} else if n == 0 && port != "0" {
			return fmt.Errorf("port %q is written strangely", port)
		}
		*field(c) = value
		return nil
	}
}

func parseStore(c *Config, value string) error {
	switch {
	case strings.HasPrefix(value, "embedded:"):
		if strings.TrimPrefix(value, "embedded:") == "" {
			return fmt.Errorf("embedded: needs a folder, such as embedded:./hotseat-data")
		}
	case strings.HasPrefix(value, "postgres://"), strings.HasPrefix(value, "postgresql://"):
		if _, err := url.Parse(value); err != nil {
			return fmt.Errorf("not a valid postgres:// URL; escape special characters of the password as %%XX")
		}
	default:
		return fmt.Errorf("a store is embedded:FOLDER or postgres://…")
	}
	c.Store = value
	return nil
}

func parsePublicURL(c *Config, value string) (err error) {
	if value != "" {
		c.PublicURL, err = origin(strings.TrimSuffix(value, "/"))
	}
	return err
}

func parseIssuer(c *Config, value string) error {
	if value == "" {
		return nil
	}
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("%q is not an http(s) URL without query and fragment", value)
	}
	c.Issuer = value
	return nil
}

func parseMaxSessions(c *Config, value string) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > session.MaxSeats {
		return fmt.Errorf("%q is not a number from 1 to %d", value, session.MaxSeats)
	}
	c.MaxSessions = n
	return nil
}

func parseMaxStrangers(c *Config, value string) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 {
		return fmt.Errorf("%q is not a number from 1 on", value)
	}
	c.MaxStrangers = n
	return nil
}

func parseOnLimit(c *Config, value string) error {
	c.OnLimit = session.Takeover
	if value == session.Deny.String() {
		c.OnLimit = session.Deny
	}
	return nil
}

func parseDemo(c *Config, value string) (err error) {
	if c.Demo, err = strconv.ParseBool(value); err != nil {
		return fmt.Errorf("%q is neither true nor false", value)
	}
	return nil
}

func parseOrigins(c *Config, value string) error {
	c.AllowedOrigins = nil
	for _, one := range list(value) {
		o, err := origin(one)
		if err != nil {
			return err
		}
		c.AllowedOrigins = append(c.AllowedOrigins, o)
	}
	return nil
}

// origin checks and normalizes scheme://host[:port] as browsers send it: lower case, no default port.
func origin(value string) (string, error) {
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" ||
		u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || strings.Contains(u.Host, "*") {
		return "", fmt.Errorf("%q is not an origin such as https://shop.example or http://localhost:5173", value)
	}
	host := strings.ToLower(u.Host)
	if port := u.Port(); port == "443" && u.Scheme == "https" || port == "80" && u.Scheme == "http" {
		host = strings.TrimSuffix(host, ":"+port)
	}
	return u.Scheme + "://" + strings.TrimSuffix(host, ":"), nil
}

func parseProxies(c *Config, value string) error {
	c.TrustedProxies = nil
	for _, one := range list(value) {
		prefix, err := netip.ParsePrefix(one)
		if err != nil {
			addr, err := netip.ParseAddr(one)
			if err != nil {
				return fmt.Errorf("%q is not an address or network such as 10.0.0.7 or 10.0.0.0/8", one)
			}
			prefix = netip.PrefixFrom(addr, addr.BitLen())
		}
		c.TrustedProxies = append(c.TrustedProxies, prefix.Masked())
	}
	return nil
}

// list splits at commas and white space.
func list(value string) []string {
	return strings.FieldsFunc(value, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
}
