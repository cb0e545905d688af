package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
)

// Compat is the original's protocol. Nothing of it is in force unless On.
type Compat struct {
	On bool
	// SecretFile holds what signs the original's tokens; never empty while On.
	SecretFile string
	// UnsafeLogout: whoever knows a terminal's id logs out there.
	UnsafeLogout bool
}

// compatSecretFile is the secret's file in the data folder.
const compatSecretFile = "compat-pos.secret" // #nosec G101 -- a file name

var compatSettings = []Setting{
	{
		Name: "compat-pos", Default: "false", parse: boolean(func(c *Config) *bool { return &c.Compat.On }),
		Help: "speak the protocol of the original POS front end too; the id of a terminal is a credential then",
	},
	{
		Name: "compat-pos-secret-file", Value: "file", Note: "made at first start in the data folder: " + compatSecretFile,
		parse: text(func(c *Config) *string { return &c.Compat.SecretFile }),
		Help:  "secret of the original's tokens (HS256), shared with backends that check them and between nodes",
	},
	{
		Name: "compat-pos-unsafe-logout", Default: "false", parse: boolean(func(c *Config) *bool { return &c.Compat.UnsafeLogout }),
		Help: "let whoever knows a terminal's id log out there, without its token, as the original did",
	},
}

func boolean(field func(*Config) *bool) func(*Config, string) error {
	return func(c *Config, value string) (err error) {
		if *field(c), err = strconv.ParseBool(value); err != nil {
			return fmt.Errorf("%q is neither true nor false", value)
		}
		return nil
	}
}

// fillCompat sets what depends on the data folder.
func (c *Config) fillCompat() {
	if c.Compat.On && c.Compat.SecretFile == "" && !c.Clustered() {
		c.Compat.SecretFile = filepath.Join(c.dataDir, compatSecretFile)
	}
}

var errNoCompat = errors.New("it is a matter of --compat-pos, which is off")

// checkCompat refuses settings that would do nothing, and nodes that would not know each other's tokens.
func (c *Config) checkCompat() error {
	switch {
	case c.Compat.On && c.Compat.SecretFile == "":
		return c.wrong("compat-pos", errors.New("the nodes of a cluster need one secret: give all of them --compat-pos-secret-file"))
	case c.Compat.On:
		return nil
	}
	if c.Compat.UnsafeLogout {
		return c.wrong("compat-pos-unsafe-logout", errNoCompat)
	}
	if c.Compat.SecretFile != "" {
		return c.wrong("compat-pos-secret-file", errNoCompat)
	}
	return nil
}
