package api

import (
	"net/http"

	"github.com/hotseat-hub/hotseat/session"
)

// rotateRequest is the optional body of the rotation.
type rotateRequest struct {
	Compromised bool `json:"compromised"`
}

// rotateKeys is POST /v1/admin/keys/rotate.
func (x *exchange) rotateKeys() error {
	var req rotateRequest
	if err := x.decodeOptional(&req); err != nil {
		return err
	}
	made, err := x.o.Keys.Rotate(x.r.Context(), req.Compromised)
	if err != nil {
		return err
	}
	x.o.Log.Warn("signing keys rotated", "kid", made.KID, "retired", made.Retired, "compromised", req.Compromised, "by", x.key.name)
	return x.reply(http.StatusOK, struct {
		KID       string       `json:"kid"`
		Alg       string       `json:"alg"`
		SignsFrom session.Time `json:"signs_from"`
		Retired   []string     `json:"retired"`
	}{made.KID, made.Alg, made.SignsFrom, append([]string{}, made.Retired...)})
}
