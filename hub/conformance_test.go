package hub_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/hotseat-hub/hotseat/hub/hubtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTheGoroutineEngineConforms(t *testing.T) { hubtest.Run(t, hubtest.Plain) }

func TestTheGoroutineEngineConformsUnderTLS(t *testing.T) { hubtest.Run(t, hubtest.Secure) }

func TestTheShardsConform(t *testing.T) { hubtest.Run(t, hubtest.Shared) }

func TestTheShardsConformWithConnectionsOfNetHTTP(t *testing.T) { hubtest.Run(t, hubtest.Hijacked) }

func TestAPortIsSharedWithNetHTTP(t *testing.T) { hubtest.RunPort(t) }
