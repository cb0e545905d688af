package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// ServerEnv tells the commands that talk to a server where it is.
const ServerEnv = "HOTSEAT_SERVER"

// serviceLink matches what Kubernetes adds to every pod beside a Service named "hotseat".
var serviceLink = regexp.MustCompile(`^HOTSEAT_(SERVICE_(HOST|PORT)|PORT)(_|$)`)

// CheckEnv refuses HOTSEAT_* variables that nothing reads: they are misspelt settings. HOTSEAT_TEST_*
// belongs to tests.
func CheckEnv(environ []string) error {
	known := knownEnv()
	for _, one := range environ {
		name, _, _ := strings.Cut(one, "=")
		if !strings.HasPrefix(name, "HOTSEAT_") || strings.HasPrefix(name, "HOTSEAT_TEST_") || slices.Contains(known, name) {
			continue
		}
		if serviceLink.MatchString(name) {
			return fmt.Errorf("unknown environment variable %s: it looks like Kubernetes' for a Service named hotseat; set enableServiceLinks: false in the pod", name)
		}
		return fmt.Errorf("unknown environment variable %s%s", name, DidYouMean("", name, known))
	}
	return nil
}

func knownEnv() []string {
	known := []string{ServerEnv, "HOTSEAT_CONFIG"}
	for i := range Table {
		s := &Table[i]
		known = append(known, s.Env())
		if s.Secret {
			known = append(known, s.Env()+"_FILE")
		}
	}
	return known
}
