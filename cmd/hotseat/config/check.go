package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"time"
)

// Folders of the store and the keys, below the working directory.
const (
	DefaultDir = "hotseat-data"
	DemoDir    = "hotseat-demo"
)

// fillDefaults sets what depends on other settings and on the environment.
func (c *Config) fillDefaults(environ []string) {
	c.dataDir = "./" + DefaultDir
	if dir := StateDirectory(environ); dir != "" {
		c.dataDir = dir
	}
	if c.Demo {
		c.dataDir = "./" + DemoDir
		if c.origins["drain-delay"] == "" {
			c.texts["drain-delay"] = "0"
			c.DrainDelay = 0
		}
	}
	if c.Store == "" {
		c.Store = "embedded:" + c.dataDir
		c.texts["store"] = c.Store
	}
	if dir, ok := strings.CutPrefix(c.Store, "embedded:"); ok {
		c.dataDir = dir
	}
	c.fillCompat()
}

// StateDirectory is the folder that systemd gives a service (StateDirectory=), or "".
func StateDirectory(environ []string) string {
	for _, one := range environ {
		if value, ok := strings.CutPrefix(one, "STATE_DIRECTORY="); ok {
			first, _, _ := strings.Cut(value, ":")
			return first
		}
	}
	return ""
}

// check refuses values that are right alone and wrong together.
func (c *Config) check() error {
	return errors.Join(c.checkListeners(), c.checkLifetimes(), c.checkKeys(), c.checkCluster(), c.checkEvents(), c.checkCompat(), c.checkDemo())
}

func (c *Config) checkListeners() error {
	if c.Listen == c.OpsListen && !strings.HasSuffix(c.Listen, ":0") {
		return c.wrong("ops-listen", fmt.Errorf("%s is --listen's too; the two need different ports", c.OpsListen))
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return errors.New("--tls-cert and --tls-key go together; one is missing")
	}
	return nil
}

func (c *Config) checkLifetimes() error {
	for name, d := range map[string]time.Duration{
		"access-token-lifetime": c.AccessTokenLifetime,
		"session-lifetime":      c.SessionLifetime,
		"max-staleness":         c.MaxStaleness,
	} {
		if d < time.Second {
			return c.wrong(name, fmt.Errorf("%s is too short; 1s is the least", d))
		}
	}
	if c.AccessTokenLifetime > c.SessionLifetime {
		return c.wrong("access-token-lifetime", fmt.Errorf("%s is longer than --session-lifetime %s", c.AccessTokenLifetime, c.SessionLifetime))
	}
	if c.SessionIdle != 0 && c.SessionIdle <= c.AccessTokenLifetime {
		return c.wrong("session-idle", fmt.Errorf("%s is not longer than --access-token-lifetime %s, so sessions would end before their first refresh", c.SessionIdle, c.AccessTokenLifetime))
	}
	if c.HistoryRetention < c.SessionLifetime {
		return c.wrong("history-retention", fmt.Errorf("%s is shorter than --session-lifetime %s; expiry needs the events of living sessions", c.HistoryRetention, c.SessionLifetime))
	}
	return nil
}

func (c *Config) checkKeys() error {
	for _, a := range c.AdminKeys {
		for _, s := range c.ServiceKeys {
			if a.Secret == s.Secret {
				return fmt.Errorf("--admin-key %s and --service-key %s are the same secret; make two", a.Name, s.Name)
			}
		}
	}
	return nil
}

func (c *Config) checkDemo() error {
	if !c.Demo {
		return nil
	}
	dir, embedded := strings.CutPrefix(c.Store, "embedded:")
	if !embedded || filepath.Clean(dir) != DemoDir {
		return c.wrong("store", fmt.Errorf("--demo uses only its own store, embedded:./%s; leave one of the two out", DemoDir))
	}
	for name, addr := range map[string]string{"listen": c.Listen, "ops-listen": c.OpsListen} {
		if !IsLoopback(addr) {
			return c.wrong(name, fmt.Errorf("%s is open to others, and the passwords of --demo are public: use 127.0.0.1, or no --demo", addr))
		}
	}
	return nil
}

// IsLoopback reports whether only this machine can connect to host:port.
func IsLoopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}
