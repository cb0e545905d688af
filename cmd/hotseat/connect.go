package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/hotseat-hub/hotseat/cmd/hotseat/client"
	"github.com/hotseat-hub/hotseat/cmd/hotseat/config"
	"github.com/hotseat-hub/hotseat/session"
)

const defaultServer = "http://127.0.0.1:8080"

// connection is how a command finds its server and the key for it.
type connection struct {
	program
	server string
}

// connecting adds --server to a command that talks to one.
func connecting(cmd *cobra.Command, p program) *connection {
	c := &connection{program: p}
	cmd.Flags().StringVar(&c.server, "server", "", "`URL` of the server (env HOTSEAT_SERVER; default "+defaultServer+")")
	return c
}

// open gives a client without keys, for what an employee may do.
func (c *connection) open() (*client.Client, error) { return c.client(nil) }

// openAdmin gives a client with the admin keys: those of HOTSEAT_ADMIN_KEY, else those that servers
// started here have made.
func (c *connection) openAdmin() (*client.Client, error) {
	secrets, err := c.secrets(adminKeyFile, "admin", func(s *config.Config) []config.Key { return s.AdminKeys })
	if err != nil {
		return nil, err
	}
	return c.client(secrets)
}

// secrets are the keys of a kind that the environment gives, else those that servers started here
// have made.
func (c *connection) secrets(file, kind string, given func(*config.Config) []config.Key) ([]string, error) {
	settings, err := config.Load(pflag.NewFlagSet("", pflag.ContinueOnError), c.environ)
	if err != nil {
		return nil, &usageError{err}
	}
	found := given(&settings)
	if len(found) == 0 {
		if found, err = keysOfFolders(file, kind, settings.DataDir(), config.DefaultDir, config.DemoDir); err != nil {
			return nil, err
		}
	}
	var secrets []string
	for _, k := range found {
		secrets = append(secrets, k.Secret)
	}
	return secrets, nil
}

func (c *connection) client(keys []string) (*client.Client, error) {
	if err := config.CheckEnv(c.environ); err != nil {
		return nil, &usageError{err}
	}
	server := c.server
	if server == "" {
		server = defaultServer
		if given := getenv(c.environ, config.ServerEnv); given != "" {
			server = given
		}
	}
	opened, err := client.New(client.Options{Server: server, Keys: keys})
	if err != nil {
		return nil, usagef("--server: %w", err)
	}
	return opened, nil
}

func keysOfFolders(file, kind string, folders ...string) ([]config.Key, error) {
	var found []config.Key
	for i := range folders {
		folders[i] = filepath.Clean(folders[i])
	}
	for i, dir := range folders {
		if slices.Contains(folders[:i], dir) {
			continue
		}
		keys, err := readKeys(filepath.Join(dir, file), kind)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		found = append(found, keys...)
	}
	return found, nil
}

func getenv(environ []string, name string) string {
	for _, one := range environ {
		if value, ok := strings.CutPrefix(one, name+"="); ok {
			return value
		}
	}
	return ""
}

// employeeID checks an argument before anything is asked.
func employeeID(arg string) (string, error) {
	id, err := session.ParseEmployeeID(arg)
	if err != nil {
		return "", usagef("%q: %w", arg, err)
	}
	return string(id), nil
}

func terminalID(arg string) (string, error) {
	id, err := session.ParseTerminalID(arg)
	if err != nil {
		return "", usagef("%q: %w", arg, err)
	}
	return string(id), nil
}

// readSecret reads the file of a password or token, "-" being standard input, without its line end.
func (p program) readSecret(path string) (string, error) {
	var b []byte
	var err error
	if path == "-" {
		b, err = readAll(p.in)
	} else {
		b, err = os.ReadFile(path)
	}
	if err != nil {
		return "", fmt.Errorf("read secret: %w", err)
	}
	return strings.TrimRight(string(b), "\r\n"), nil
}
