package api

import (
	_ "embed" // the documents
	"net/http"
)

// The documents are kept by hand and held against the routes and their answers by tests.
var (
	//go:embed openapi.json
	openAPI []byte
	//go:embed asyncapi.json
	asyncAPI []byte
	//go:embed page.html
	welcomePage []byte
)

func (x *exchange) openAPI() error  { return x.document(openAPI) }
func (x *exchange) asyncAPI() error { return x.document(asyncAPI) }

func (x *exchange) document(text []byte) error {
	h := x.w.Header()
	h["Content-Type"] = jsonType
	h.Set("Cache-Control", "no-cache")
	x.w.WriteHeader(http.StatusOK)
	_, _ = x.w.Write(text) // a client that is gone needs no answer
	return nil
}
