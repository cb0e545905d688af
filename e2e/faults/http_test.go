package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// The replies of the contract, as far as a history needs them.
type (
	seat struct {
		SessionID  session.ID    `json:"session_id"`
		TerminalID string        `json:"terminal_id"`
		Epoch      session.Epoch `json:"epoch"`
		CreatedAt  time.Time     `json:"created_at"`
		ExpiresAt  time.Time     `json:"expires_at"`
	}
	granted struct {
		AccessToken  string `json:"access_token"`
		RefreshToken string `json:"refresh_token"`
		Session      seat   `json:"session"`
		Terminated   []seat `json:"terminated"`
	}
	problem struct {
		Code        string `json:"code"`
		Detail      string `json:"detail"`
		Termination struct {
			Reason string        `json:"reason"`
			Epoch  session.Epoch `json:"epoch"`
		} `json:"termination"`
	}
)

// callTimeout is longer than the server's own deadline for a login, so that its answer is heard.
const callTimeout = 12 * time.Second

// client keeps connections as a backend does, and notices a peer that is gone without a word.
var client = &http.Client{
	Timeout:   callTimeout,
	Transport: &http.Transport{MaxIdleConnsPerHost: 200, IdleConnTimeout: 5 * time.Second, DisableCompression: true},
}

// answer is a whole reply; status 0 says that there was none.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) problem() (p problem) {
	_ = json.Unmarshal(a.body, &p)
	return p
}

// object is a JSON object of a request.
type object map[string]any

func call(url, method, path, bearer string, body any) answer {
	return callWithin(context.Background(), url, method, path, bearer, body)
}

func callWithin(ctx context.Context, url, method, path, bearer string, body any) answer {
	var reader io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return answer{}
		}
		reader = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, url+path, reader)
	if err != nil {
		return answer{}
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	request.Header.Set("Authorization", "Bearer "+bearer)
	reply, err := client.Do(request)
	if err != nil {
		return answer{}
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil {
		return answer{}
	}
	return answer{reply.StatusCode, reply.Header, text}
}
