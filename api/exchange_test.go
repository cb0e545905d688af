package api

import (
	"net/http"
	"testing"
)

func checkExchange(testing.TB, *http.Request, *http.Response, []byte) {}
