package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// serverMetadata is RFC 8414's. There is no authorization or token endpoint: logins are not OAuth's.
type serverMetadata struct {
	Issuer                string   `json:"issuer"`
	JWKS                  string   `json:"jwks_uri"`
	Introspection         string   `json:"introspection_endpoint"`
	IntrospectionMethods  []string `json:"introspection_endpoint_auth_methods_supported"`
	Revocation            string   `json:"revocation_endpoint"`
	RevocationMethods     []string `json:"revocation_endpoint_auth_methods_supported"`
	Scopes                []string `json:"scopes_supported"`
	ResponseTypes         []string `json:"response_types_supported"`
	GrantTypes            []string `json:"grant_types_supported"`
	ServiceDocumentation  string   `json:"service_documentation"`
	RevocationsEndpoint   string   `json:"hotseat_revocations_endpoint"`
	AccessTokenSigningAlg []string `json:"hotseat_access_token_signing_alg_values_supported"`
}

// metadata is GET /.well-known/oauth-authorization-server.
func (x *exchange) metadata() error {
	base := x.o.PublicURL
	if base == "" {
		base = x.o.Tokens.Issuer()
	}
	base = strings.TrimRight(base, "/")
	methods := []string{"client_secret_basic"}
	b, err := json.Marshal(serverMetadata{
		Issuer: x.o.Tokens.Issuer(), JWKS: base + "/.well-known/jwks.json",
		Introspection: base + "/oauth2/introspect", IntrospectionMethods: methods,
		Revocation: base + "/oauth2/revoke", RevocationMethods: methods,
		Scopes: []string{tokenScope}, ResponseTypes: []string{}, GrantTypes: []string{},
		ServiceDocumentation: base + "/openapi.json", RevocationsEndpoint: base + "/v1/revocations",
		AccessTokenSigningAlg: x.o.Keys.Algs(),
	})
	if err != nil {
		return fmt.Errorf("encode metadata: %w", err)
	}
	h := x.w.Header()
	h["Content-Type"] = jsonType
	h["Cache-Control"] = []string{"public, max-age=300"}
	x.w.WriteHeader(http.StatusOK)
	_, _ = x.w.Write(b) // a client that is gone needs no answer
	return nil
}
