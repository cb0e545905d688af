package config

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/pflag"
)

// Load reads all settings: flags that were set are stronger than the environment, that is stronger
// than the file (flag --config, HOTSEAT_CONFIG), and what none of them has gets its default. Every
// error is the user's to mend and says how.
func Load(flags *pflag.FlagSet, environ []string) (Config, error) {
	env, err := readEnv(environ)
	if err != nil {
		return Config{}, err
	}
	path := env[configFile]
	delete(env, configFile)
	if f := flags.Lookup(configFile); f != nil && f.Changed {
		path = f.Value.String()
	}
	merged := layers{koanf: koanf.New("\x00"), origins: map[string]string{}}
	if path != "" {
		file, receivers, err := readFile(path)
		if err != nil {
			return Config{}, err
		}
		merged.receivers = receivers
		if err := merged.add(file, func(string) string { return path }); err != nil {
			return Config{}, err
		}
	}
	if err := merged.add(env, func(name string) string { return Lookup(name).Env() }); err != nil {
		return Config{}, err
	}
	if err := merged.add(readFlags(flags), func(name string) string { return "--" + name }); err != nil {
		return Config{}, err
	}
	return merged.config(environ)
}

// layers is what was read so far; a later layer is stronger.
type layers struct {
	koanf   *koanf.Koanf
	origins map[string]string // setting → where its value was written

	receivers []Receiver // of the file alone
}

func (l *layers) add(values map[string]string, origin func(name string) string) error {
	flat := make(map[string]any, len(values))
	for name, value := range values {
		flat[name] = value
		l.origins[name] = origin(name)
	}
	return l.koanf.Load(confmap.Provider(flat, ""), nil)
}

// config parses every setting, given or default, and checks them together.
func (l *layers) config(environ []string) (Config, error) {
	c := Config{texts: map[string]string{}, origins: l.origins}
	c.Events.Receivers = l.receivers
	for i := range Table {
		s := &Table[i]
		value := s.Default
		if l.koanf.Exists(s.Name) {
			value = l.koanf.String(s.Name)
		}
		err := s.checkChoice(value)
		if err == nil && (s.Name != "store" || l.koanf.Exists(s.Name)) {
			err = s.parse(&c, value)
		}
		if err != nil {
			return Config{}, c.wrong(s.Name, err)
		}
		c.texts[s.Name] = value
	}
	c.fillDefaults(environ)
	return c, c.check()
}

// wrong says which setting an error is about and where its value was written.
func (c *Config) wrong(name string, err error) error {
	where := c.origins[name]
	switch {
	case where == "", where == "--"+name:
		return fmt.Errorf("--%s: %w", name, err)
	case where == Lookup(name).Env():
		return fmt.Errorf("%s: %w", where, err)
	}
	return fmt.Errorf("%s: %s: %w", where, name, err)
}

// readEnv reads HOTSEAT_*; a secret may be in the file that its variable with _FILE names. An empty
// variable is one that is not set, as compose files and unit files write it.
func readEnv(environ []string) (map[string]string, error) {
	if err := CheckEnv(environ); err != nil {
		return nil, err
	}
	given := make(map[string]string)
	for _, one := range environ {
		if name, value, _ := strings.Cut(one, "="); value != "" {
			given[name] = value
		}
	}
	values := make(map[string]string)
	if path := given["HOTSEAT_CONFIG"]; path != "" {
		values[configFile] = path
	}
	for i := range Table {
		s := &Table[i]
		value, ok, err := s.fromEnv(given)
		if err != nil {
			return nil, err
		}
		if ok {
			values[s.Name] = value
		}
	}
	return values, nil
}

func (s *Setting) fromEnv(given map[string]string) (value string, ok bool, err error) {
	value, ok = given[s.Env()]
	path, filed := given[s.Env()+"_FILE"]
	if !s.Secret || !filed {
		return value, ok, nil
	}
	if ok {
		return "", false, fmt.Errorf("%s and %s_FILE are both set; use one", s.Env(), s.Env())
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return "", false, fmt.Errorf("%s_FILE: %w", s.Env(), err)
	}
	return strings.TrimSpace(string(b)), true, nil
}

// readFile reads a YAML mapping of settings; a list may be written as a sequence. Receivers are no
// setting, but in the file as well.
func readFile(path string) (values map[string]string, receivers []Receiver, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, fmt.Errorf("--%s: %w", configFile, err)
	}
	tree, err := yaml.Parser().Unmarshal(b)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %s", path, strings.ReplaceAll(err.Error(), "\n", " "))
	}
	values = make(map[string]string, len(tree))
	for name, raw := range tree {
		if name == receiversKey {
			if receivers, err = parseReceivers(raw); err != nil {
				return nil, nil, fmt.Errorf("%s: %s: %w", path, name, err)
			}
			continue
		}
		s := Lookup(name)
		if s == nil {
			return nil, nil, fmt.Errorf("%s: unknown key %q%s", path, name, DidYouMean("", name, append(names(), receiversKey)))
		}
		if values[name], err = s.scalar(raw); err != nil {
			return nil, nil, fmt.Errorf("%s: %s: %w", path, name, err)
		}
	}
	return values, receivers, nil
}

func (s *Setting) scalar(raw any) (string, error) {
	switch v := raw.(type) {
	case string, bool, int, float64:
		return fmt.Sprint(v), nil
	case []any:
		if !s.isList() {
			break
		}
		parts := make([]string, len(v))
		for i := range v {
			if parts[i], _ = v[i].(string); parts[i] == "" || strings.Contains(parts[i], ",") {
				return "", fmt.Errorf("item %d is not a text without commas", i+1)
			}
		}
		return strings.Join(parts, ","), nil
	}
	return "", errors.New("want one value (of type " + s.valueType() + ")")
}

func names() []string {
	all := make([]string, len(Table))
	for i := range Table {
		all[i] = Table[i].Name
	}
	return all
}
