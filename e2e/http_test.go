package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/stretchr/testify/require"
)

// The replies of the contract, as far as the tests look at them.
type (
	seat struct {
		SessionID  string    `json:"session_id"`
		EmployeeID string    `json:"employee_id"`
		TerminalID string    `json:"terminal_id"`
		DeviceName string    `json:"device_name"`
		UserAgent  string    `json:"user_agent"`
		Epoch      int       `json:"epoch"`
		CreatedAt  time.Time `json:"created_at"`
	}
	login struct {
		AccessToken  string `json:"access_token"`
		RefreshToken string `json:"refresh_token"`
		Session      seat   `json:"session"`
		Terminated   []struct {
			SessionID string `json:"session_id"`
			Delivery  string `json:"delivery"`
		} `json:"terminated"`
	}
	problem struct {
		Type        string  `json:"type"`
		Status      int     `json:"status"`
		Detail      string  `json:"detail"`
		Code        string  `json:"code"`
		RequestID   string  `json:"request_id"`
		Termination *notice `json:"termination"`
	}
)

// client keeps its connections, so that 50 requests at once need no more than 50 of them.
var client = &http.Client{
	Timeout:   40 * time.Second,
	Transport: &http.Transport{MaxIdleConnsPerHost: 100, DisableCompression: true},
}

// answer is a whole HTTP reply; err says that there was none.
type answer struct {
	status int
	header http.Header
	body   []byte
	err    error
}

func (a answer) problem() (p problem) {
	_ = json.Unmarshal(a.body, &p)
	return p
}

// send makes one request. A body that is a string goes out as it is, anything else as JSON.
func (s *server) send(method, path, bearer string, body any, headers ...string) answer {
	var reader io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		reader = bytes.NewReader([]byte(b))
	default:
		text, err := json.Marshal(b)
		if err != nil {
			return answer{err: err}
		}
		reader = bytes.NewReader(text)
	}
	request, err := http.NewRequest(method, "http://"+s.listen+path, reader)
	if err != nil {
		return answer{err: err}
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header[headers[i]] = []string{headers[i+1]}
	}
	request.Host = request.Header.Get("Host") // empty: that of the URL
	return receive(client.Do(request))
}

func receive(response *http.Response, err error) answer {
	if err != nil {
		return answer{err: err}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return answer{status: response.StatusCode, header: response.Header, body: body, err: err}
}

// object is a JSON object of a request.
type object map[string]any

// trusted logs in for a backend.
func (s *server) trusted(body object, headers ...string) answer {
	return s.send("POST", "/v1/sessions", serviceKey, body, headers...)
}

// mustLogin is trusted for a test that needs it to succeed.
func (s *server) mustLogin(employee, terminal string) login {
	s.t.Helper()
	return s.decodeLogin(s.trusted(object{"employee_id": employee, "terminal_id": terminal}))
}

func (s *server) decodeLogin(a answer) (l login) {
	s.t.Helper()
	require.NoError(s.t, a.err)
	require.Equal(s.t, http.StatusOK, a.status, "%s", a.body)
	require.NoError(s.t, json.Unmarshal(a.body, &l))
	return l
}

// addEmployee makes an employee with a password.
func (s *server) addEmployee(id, password string) {
	s.t.Helper()
	a := s.send("POST", "/v1/admin/employees", adminKey, object{"employee_id": id, "password": password})
	require.NoError(s.t, a.err)
	require.Equal(s.t, http.StatusCreated, a.status, "%s", a.body)
}

// active are the employee's sessions by the store's word.
func (s *server) active(employee string) []seat {
	s.t.Helper()
	a := s.send("GET", "/v1/admin/employees/"+employee+"/sessions", adminKey, nil)
	require.NoError(s.t, a.err)
	require.Equal(s.t, http.StatusOK, a.status, "%s", a.body)
	var list struct{ Sessions []seat }
	require.NoError(s.t, json.Unmarshal(a.body, &list))
	return list.Sessions
}

// strict asks whether a token is good, by the store's word.
func (s *server) strict(token string) answer {
	return s.send("GET", "/v1/authz?level=strict", token, nil)
}

// ready asks the probe of the operations listener.
func (s *server) ready() bool {
	a := s.probe("/readyz")
	return a.err == nil && a.status == http.StatusOK
}

func (s *server) probe(path string) answer {
	return receive(client.Get("http://" + s.ops + path))
}
