package config

import (
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/knadh/koanf/parsers/yaml"
)

// mask stands for a secret wherever settings are shown.
const mask = "********"

// Print writes the settings as a YAML file that says where each came from; secrets are masked.
func (c *Config) Print(w io.Writer) error {
	for i := range Table {
		s := &Table[i]
		value := c.texts[s.Name]
		if s.Secret {
			value = s.masked(value)
		}
		line, err := yaml.Parser().Marshal(map[string]any{s.Name: value})
		if err != nil {
			return fmt.Errorf("print %s: %w", s.Name, err)
		}
		from := c.origins[s.Name]
		if from == "" {
			from = "default"
			if s.Note != "" && value == "" {
				from += ": " + s.Note
			}
		}
		if _, err := fmt.Fprintf(w, "%s  # %s\n", strings.TrimSuffix(string(line), "\n"), from); err != nil {
			return err
		}
	}
	return nil
}

// masked keeps of a secret what is not: the names of keys, and a store's URL without its password.
func (s *Setting) masked(value string) string {
	if s.Name == "store" {
		return MaskURL(value)
	}
	parts := list(value)
	for i, one := range parts {
		if name, _, named := strings.Cut(one, "="); named {
			parts[i] = name + "=" + mask
		} else {
			parts[i] = mask
		}
	}
	return strings.Join(parts, ",")
}

// MaskURL hides the passwords in a store's URL; for logs and prints.
func MaskURL(store string) string {
	u, err := url.Parse(store)
	if err != nil || u.Scheme == "embedded" {
		return store
	}
	query := u.Query()
	for name := range query {
		if strings.Contains(name, "password") {
			query.Set(name, mask)
		}
	}
	u.RawQuery = query.Encode()
	if _, has := u.User.Password(); has {
		u.User = url.UserPassword(u.User.Username(), mask)
	}
	return strings.ReplaceAll(u.String(), url.QueryEscape(mask), mask)
}

// WriteReference writes the table of docs/configuration.md.
func WriteReference(w io.Writer) error {
	for i := range Table {
		s := &Table[i]
		env := "`" + s.Env() + "`"
		if s.Secret {
			env += ", `…_FILE`"
		}
		_, err := fmt.Fprintf(w, "| `--%s` | %s | %s | %s |\n", s.Name, env, cell(s.DefaultText()), cell(s.Help))
		if err != nil {
			return err
		}
	}
	return nil
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
