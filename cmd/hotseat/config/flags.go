package config

import (
	"strings"

	"github.com/spf13/pflag"
)

const configFile = "config"

// Bind adds --config and the flags of the named settings, or of all when none is named.
func Bind(flags *pflag.FlagSet, only ...string) {
	wanted := make(map[string]bool, len(only))
	for _, name := range only {
		wanted[name] = true
	}
	for i := range Table {
		s := &Table[i]
		if len(only) > 0 && !wanted[s.Name] {
			continue
		}
		f := flags.VarPF(&flagText{setting: s}, s.Name, "", s.usage())
		if s.isBool() {
			f.NoOptDefVal = "true"
		} else {
			f.NoOptDefVal = s.Bare
		}
	}
	flags.String(configFile, "", "YAML `file` with settings, keys named like the flags (env HOTSEAT_CONFIG)")
}

func (s *Setting) usage() string {
	usage := s.Help
	if def := s.DefaultText(); def != "" && !s.isBool() {
		usage += " (default " + def + ")"
	}
	return usage
}

// DefaultText says what applies when the setting is not given.
func (s *Setting) DefaultText() string {
	switch {
	case s.Note == "":
		return s.Default
	case s.Default == "":
		return s.Note
	}
	return s.Default + ": " + s.Note
}

func (s *Setting) valueType() string {
	if s.isBool() {
		return "bool"
	}
	return s.Value
}

// flagText keeps a flag as it was written: Load parses flags, environment and file alike.
type flagText struct {
	setting *Setting
	text    string
	given   bool
}

func (f *flagText) String() string { return f.text }
func (f *flagText) Type() string   { return f.setting.valueType() }

// Set replaces; a list that is given several times grows.
func (f *flagText) Set(text string) error {
	if f.setting.isList() && f.given {
		text = f.text + "," + text
	}
	f.text, f.given = text, true
	return nil
}

func readFlags(flags *pflag.FlagSet) map[string]string {
	values := make(map[string]string)
	flags.Visit(func(f *pflag.Flag) {
		if t, ok := f.Value.(*flagText); ok {
			values[t.setting.Name] = strings.TrimSpace(t.text)
		}
	})
	return values
}
