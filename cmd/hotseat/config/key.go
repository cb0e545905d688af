package config

import (
	"fmt"
	"regexp"
	"strings"
)

// MinSecret is the least length of a service or admin key's secret.
const MinSecret = 16

var keyName = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)

func keys(unnamed string, field func(*Config) *[]Key) parser {
	return func(c *Config, value string) (err error) {
		*field(c), err = ParseKeys(value, unnamed)
		return err
	}
}

// ParseKeys reads NAME=SECRET or SECRET, several by comma; a secret without a name gets unnamed.
func ParseKeys(value, unnamed string) ([]Key, error) {
	var keys []Key
	if strings.TrimSpace(value) == "" {
		return nil, nil
	}
	for i, one := range strings.Split(value, ",") {
		name, secret, named := strings.Cut(strings.TrimSpace(one), "=")
		if !named {
			name, secret = unnamed, name
		}
		if err := checkKey(name, secret); err != nil {
			return nil, fmt.Errorf("key %d: %w", i+1, err)
		}
		for _, k := range keys {
			if k.Secret == secret {
				return nil, fmt.Errorf("key %d (%s) has the secret of %s", i+1, name, k.Name)
			}
		}
		keys = append(keys, Key{Name: name, Secret: secret})
	}
	return keys, nil
}

func checkKey(name, secret string) error {
	switch {
	case !keyName.MatchString(name):
		return fmt.Errorf("the name before '=' must be 1 to 32 of a-z, 0-9 and '-'; a secret itself may not contain '='")
	case strings.Contains(secret, "="):
		return fmt.Errorf("%s: a secret may not contain '=' (hex and unpadded base64 do not)", name)
	case len(secret) < MinSecret:
		return fmt.Errorf("%s: a secret of %d characters is weak, %d is the least; `openssl rand -hex 32` makes a good one", name, len(secret), MinSecret)
	case strings.ContainsFunc(secret, func(r rune) bool { return r <= ' ' || r > '~' }):
		return fmt.Errorf("%s: a secret may hold only printable ASCII without spaces", name)
	}
	return nil
}
