package api

import (
	"fmt"
	"net/netip"

	"github.com/hotseat-hub/hotseat/session"
)

// trustedRequest is the body of POST /v1/sessions.
type trustedRequest struct {
	EmployeeID string  `json:"employee_id"`
	IP         *string `json:"ip"`
	UserAgent  *string `json:"user_agent"`
	ExternalID *string `json:"external_id"`
	Override   bool    `json:"override"`
	seatRequest
}

// trustedLogin is POST /v1/sessions: a backend vouches for the employee, by its service key.
func (x *exchange) trustedLogin() error {
	err := x.vouchedLogin()
	x.count("trusted", err)
	return err
}

func (x *exchange) vouchedLogin() error {
	var req trustedRequest
	if err := x.decode(&req); err != nil {
		return err
	}
	employee, cmd, err := x.seat("sessions", req.EmployeeID, &req.seatRequest)
	if err != nil {
		return err
	}
	wait, err := x.patience()
	if err != nil {
		return err
	}
	if err := req.fill(&cmd); err != nil {
		return err
	}
	cmd.Client = x.key.name
	reply, err := x.do(employee.Key(), cmd)
	if err == nil && req.TerminalID == nil {
		err = x.keepTerminal(x.r.Context(), &reply)
	}
	if err != nil {
		return err
	}
	return x.welcome(&reply, wait)
}

// fill adds to the command what only a backend may say.
func (req *trustedRequest) fill(cmd *session.Login) error {
	cmd.Trusted, cmd.Override = true, req.Override
	if req.IP != nil && *req.IP != "" {
		addr, err := netip.ParseAddr(*req.IP)
		if err != nil || addr.Zone() != "" {
			return invalidRequest("ip must be an IPv4 or IPv6 address")
		}
		cmd.IP = addr.Unmap().String()
	}
	if req.UserAgent != nil {
		cmd.UserAgent = session.Clean(*req.UserAgent, session.MaxUserAgent)
	}
	if req.ExternalID != nil {
		cmd.ExternalID = session.Clean(*req.ExternalID, session.MaxExternalID)
	}
	cmd.Device = req.device(cmd.UserAgent)
	if cmd.Key != nil {
		more := fmt.Sprintf("%x %s %s %s %t", cmd.Key.Body, quoted(req.IP), quoted(req.UserAgent), quoted(req.ExternalID), req.Override)
		cmd.Key.Body = digest("trusted", more)
	}
	return nil
}
