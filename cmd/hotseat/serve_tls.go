package main

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/hotseat-hub/hotseat/cmd/hotseat/config"
)

// certificateLook is how often the certificate's files are looked at, by the handshakes that come.
const certificateLook = time.Second

// certificate is that of the public listener. It is read again when its files have changed, so that
// whoever renews it need not restart the server and move its sockets. Any goroutine may call get.
type certificate struct {
	cert, key string // files
	log       *slog.Logger

	mu      sync.Mutex // of all below
	current *tls.Certificate
	changed [2]time.Time // when each file of current was written
	look    time.Time    // when to look again
}

// openCertificate reads the files that the settings name; nil without any.
func openCertificate(cfg *config.Config, log *slog.Logger) (*certificate, error) {
	if cfg.TLSCert == "" {
		return nil, nil
	}
	c := &certificate{cert: cfg.TLSCert, key: cfg.TLSKey, log: log}
	if err := c.read(); err != nil {
		return nil, fmt.Errorf("read the certificate --tls-cert %s with --tls-key %s: %w", c.cert, c.key, err)
	}
	return c, nil
}

// config is what the listener offers. Sockets and HTTP/2 do not go together here.
func (c *certificate) config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}, GetCertificate: c.get}
}

// get is the newest certificate that could be read: a half-written file costs a line in the log.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.After(c.look) {
		c.look = now.Add(certificateLook)
		if c.times() != c.changed {
			if err := c.read(); err != nil {
				c.log.Error("the new certificate cannot be used; the one before stays", "cert", c.cert, "key", c.key, "error", err)
			} else {
				c.log.Info("the certificate was read again", "cert", c.cert)
			}
		}
	}
	return c.current, nil
}

func (c *certificate) read() error {
	times := c.times()
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return err
	}
	c.current, c.changed = &pair, times
	return nil
}

// times are when the files were written; zero for one that is not there.
func (c *certificate) times() (at [2]time.Time) {
	for i, file := range []string{c.cert, c.key} {
		if info, err := os.Stat(file); err == nil {
			at[i] = info.ModTime()
		}
	}
	return at
}
