//go:build !faults

package main

import (
	"github.com/hotseat-hub/hotseat/actors"
	"github.com/hotseat-hub/hotseat/api"
	"github.com/hotseat-hub/hotseat/persistence"
)

// In this binary, the one that is shipped, parts are what they are. The binary of the fault tests has
// serve_faults.go instead.

func faultyStore(s persistence.Store) persistence.Store { return s }
func faultyGateway(g actors.Gateway) actors.Gateway     { return g }
func faultyEmployees(e api.Employees) api.Employees     { return e }
func faultyRows(r api.Rows) api.Rows                    { return r }
