package config

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
)

// Clustered reports whether this node is one of several.
func (c *Config) Clustered() bool { return c.ClusterListen != "" }

// Node is the name of this node.
func (c *Config) Node() string {
	if c.NodeName != "" {
		return c.NodeName
	}
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "node"
	}
	_, port, _ := net.SplitHostPort(c.ClusterListen) // checked by its parser
	return host + "-" + port
}

func (c *Config) checkCluster() error {
	tls := 0
	for _, file := range []string{c.ClusterTLSCert, c.ClusterTLSKey, c.ClusterTLSCA} {
		if file != "" {
			tls++
		}
	}
	switch {
	case !c.Clustered():
		for _, name := range []string{"cluster-advertise", "node-name", "cluster-tls-cert", "cluster-tls-key", "cluster-tls-ca"} {
			if c.texts[name] != "" {
				return c.wrong(name, errors.New("it is for nodes of a cluster; give --cluster-listen too"))
			}
		}
		return nil
	case !strings.HasPrefix(c.Store, "postgres"):
		return c.wrong("cluster-listen", errors.New("the embedded store belongs to one process; a cluster needs --store postgres://…"))
	case len(c.ServiceKeys) == 0 || len(c.AdminKeys) == 0:
		return c.wrong("cluster-listen", errors.New("all nodes need the same keys; give --service-key and --admin-key"))
	case tls != 0 && tls != 3:
		return errors.New("--cluster-tls-cert, --cluster-tls-key and --cluster-tls-ca go together; one is missing")
	}
	return c.checkClusterAddresses(tls == 3)
}

func (c *Config) checkClusterAddresses(tls bool) error {
	for name, addr := range map[string]string{"cluster-listen": c.ClusterListen, "cluster-advertise": c.ClusterAdvertise} {
		if addr == "" {
			continue
		}
		if !tls && !IsLoopback(addr) {
			return c.wrong(name, fmt.Errorf("%s is open to others, and nodes know each other by certificates alone: give --cluster-tls-cert, --cluster-tls-key and --cluster-tls-ca, or use 127.0.0.1", addr))
		}
	}
	host, port, _ := net.SplitHostPort(c.ClusterListen)
	switch {
	case strings.HasSuffix(c.ClusterAdvertise, ":0"):
		return c.wrong("cluster-advertise", errors.New("port 0 is nowhere to be reached"))
	case c.ClusterAdvertise == "" && (host == "" || host == "0.0.0.0" || host == "::"):
		return c.wrong("cluster-listen", fmt.Errorf("%s is every address; say with --cluster-advertise which of them the other nodes are to use", c.ClusterListen))
	case port == "0" && c.NodeName == "":
		return c.wrong("cluster-listen", errors.New("with port 0 the node has no name of its own; give --node-name"))
	}
	return nil
}

func optionalAddress(field func(*Config) *string) parser {
	return func(c *Config, value string) error {
		if value == "" {
			return nil
		}
		return address(field)(c, value)
	}
}

func parseNodeName(c *Config, value string) error {
	if len(value) > 63 {
		return fmt.Errorf("%q is longer than 63 characters", value)
	}
	for i, r := range value {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', i > 0 && (r == '-' || r == '.' || r == '_'):
		default:
			return fmt.Errorf("%q has characters other than A-Z a-z 0-9 . _ -, or begins with one of the last three", value)
		}
	}
	c.NodeName = value
	return nil
}
