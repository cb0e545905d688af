package e2e

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/pgtest"
)

const identity = "X-Employee-Id"

// seen is what the application behind a gateway saw of a request.
type seen struct {
	Method string
	Header http.Header
}

// application answers with what it saw, or with the status that the path asks for.
func application(t *testing.T) (address string) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/broken":
			w.WriteHeader(http.StatusInternalServerError)
		case "/away":
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_ = json.NewEncoder(w).Encode(seen{r.Method, r.Header})
	}))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// gateways are the proxies of deploy/ that ask Hotseat about an application's requests.
var gateways = map[string]func(t *testing.T, s *server, application string) *front{"nginx": nginx, "caddy": caddy}

func onEachGateway(t *testing.T, test func(t *testing.T, run func(store string) (*server, *front))) {
	for name, gateway := range gateways {
		t.Run(name, func(t *testing.T) {
			test(t, func(store string) (*server, *front) {
				s := start(t, store, "--max-staleness", "4s", "--trusted-proxies", "127.0.0.1", "--public-url", "https://"+seatHost)
				return s, gateway(t, s, application(t))
			})
		})
	}
}

// nginx runs deploy/nginx.conf; what a distribution's own nginx.conf has around it is made here.
func nginx(t *testing.T, s *server, application string) *front {
	f := newFront(t)
	f.write("hotseat.conf", f.config("nginx.conf", "listen 443 ", "listen "+f.address+" ", "/etc/ssl/hotseat/", f.folder+"/",
		"/var/log/nginx/", f.folder+"/", "127.0.0.1:8080", s.listen, "127.0.0.1:8000", application))
	temporary := ""
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		temporary += kind + "_temp_path " + filepath.Join(f.folder, kind) + ";\n"
	}
	config := f.write("nginx.conf", "daemon off;\nworker_processes 2;\npid nginx.pid;\nevents {}\nhttp {\naccess_log off;\n"+
		temporary+"include "+f.folder+"/hotseat.conf;\n}\n")
	f.run([]string{f.address}, "/usr/sbin/nginx", "-p", f.folder, "-e", "stderr", "-c", config)
	return f
}

// caddy runs deploy/Caddyfile, with the certificate that Caddy would have got for itself.
func caddy(t *testing.T, s *server, application string) *front {
	f := newFront(t)
	_, port, _ := strings.Cut(f.address, ":")
	tls := ":" + port + " {\n\tbind 127.0.0.1\n\ttls " + f.folder + "/fullchain.pem " + f.folder + "/privkey.pem\n"
	config := f.write("Caddyfile", "{\n\tadmin off\n\tauto_https off\n}\n"+
		f.config("Caddyfile", seatHost+" {\n", seatHost+tls, appHost+" {\n", appHost+tls, "127.0.0.1:8080", s.listen, "127.0.0.1:8000", application))
	program(t, f.said, []string{"XDG_DATA_HOME=" + f.folder, "XDG_CONFIG_HOME=" + f.folder}, []string{f.address},
		"caddy", "run", "--adapter", "caddyfile", "--config", config)
	return f
}

func TestAGatewayLetsThroughWhoSitsAndNobodyElse(t *testing.T) {
	onEachGateway(t, func(t *testing.T, run func(store string) (*server, *front)) {
		s, f := run(embedded(t))
		c := f.http()
		ada := s.mustLogin("ada", "till-1")
		forged := []string{identity, "mallory", "X_Employee_Id", "mallory", "X-Employee_Id", "mallory", "X-Session-Id", "forged", "X-Session-Epoch", "99", "X-Terminal-Id", "forged"}

		a := f.ask(c, "GET", "https://"+appHost+"/orders", ada.AccessToken, forged...)
		require.Equal(t, http.StatusOK, a.status, "%s", a.body)
		got := a.seen(t)
		require.Equal(t, []string{"ada"}, got.Header[identity])
		require.Equal(t, []string{ada.Session.SessionID}, got.Header["X-Session-Id"])
		require.Equal(t, []string{"1"}, got.Header["X-Session-Epoch"])
		require.Equal(t, []string{"till-1"}, got.Header["X-Terminal-Id"])
		got.underscoreless(t)
		require.Equal(t, "POST", f.ask(c, "POST", "https://"+appHost+"/orders", ada.AccessToken).seen(t).Method)

		nobody := f.ask(c, "GET", "https://"+appHost+"/orders", "", forged...)
		require.Equal(t, http.StatusUnauthorized, nobody.status)
		require.Equal(t, "Bearer", nobody.header.Get("WWW-Authenticate"))
		require.NotContains(t, string(nobody.body), "mallory", "the application was not asked")

		s.mustLogin("ada", "till-2")
		ended := f.ask(c, "GET", "https://"+appHost+"/orders", ada.AccessToken)
		require.Equal(t, http.StatusUnauthorized, ended.status)
		require.Contains(t, ended.header.Get("WWW-Authenticate"), `error_description="session_terminated"`)
	})
}

// underscoreless fails where a name came through that WSGI, CGI and their like take for one with hyphens.
func (got seen) underscoreless(t *testing.T) {
	t.Helper()
	for name := range got.Header {
		require.NotContains(t, name, "_", "the application may read it as %s", strings.ReplaceAll(name, "_", "-"))
	}
}

// seen decodes what the application answered.
func (a answer) seen(t *testing.T) (got seen) {
	t.Helper()
	require.NoError(t, json.Unmarshal(a.body, &got), "%d %s", a.status, a.body)
	return got
}

func TestAPreflightPassesAGatewayForNobody(t *testing.T) {
	onEachGateway(t, func(t *testing.T, run func(store string) (*server, *front)) {
		_, f := run(embedded(t))
		for _, path := range []string{"/orders", "/v1/session"} {
			a := f.ask(f.http(), "OPTIONS", "https://"+appHost+path, "", identity, "mallory", "X_Employee_Id", "mallory",
				"Origin", "https://shop.example.com", "Access-Control-Request-Method", "GET")
			require.Equal(t, http.StatusOK, a.status, "%s", a.body)
			require.Equal(t, "OPTIONS", a.seen(t).Method)
			require.NotContains(t, a.seen(t).Header, identity)
			a.seen(t).underscoreless(t)
		}
	})
}

func TestAGatewayTellsNotKnowingFromNotSitting(t *testing.T) {
	onEachGateway(t, func(t *testing.T, run func(store string) (*server, *front)) {
		database := pgtest.NewServer(t, pgtest.Options{})
		s, f := run(database.URL(t))
		c := f.http()
		ada := s.mustLogin("ada", "till-1")
		ask := func(path string) answer { return f.ask(c, "GET", "https://"+appHost+path, ada.AccessToken) }
		require.Equal(t, http.StatusInternalServerError, ask("/broken").status)
		require.Equal(t, "ada", ask("/broken").seen(t).Header.Get(identity), "the application's own words")
		require.Equal(t, http.StatusServiceUnavailable, ask("/away").status)
		require.Equal(t, "ada", ask("/away").seen(t).Header.Get(identity))

		database.Stop(t)
		require.Eventually(t, func() bool { return ask("/orders").status != http.StatusOK }, patience, 20*time.Millisecond)
		undecided := ask("/orders")
		require.Equal(t, http.StatusServiceUnavailable, undecided.status, "%s", undecided.body)
		require.Equal(t, "stale_view", undecided.problem().Code)
		require.NotEmpty(t, undecided.header.Get("Retry-After"))

		database.Start(t)
		require.Eventually(t, func() bool { return ask("/orders").status == http.StatusOK }, patience, 20*time.Millisecond)

		s.Kill(func() {})
		gone := ask("/orders")
		require.Contains(t, []int{http.StatusServiceUnavailable, http.StatusBadGateway}, gone.status, "closed, and no logout")
	})
}

// The socket, its ticket and the client's address go through every proxy of deploy/.
func TestASocketGoesThroughEveryProxy(t *testing.T) {
	proxies := map[string]func(t *testing.T, s *server) *front{
		"nginx":   func(t *testing.T, s *server) *front { return nginx(t, s, application(t)) },
		"caddy":   func(t *testing.T, s *server) *front { return caddy(t, s, application(t)) },
		"haproxy": func(t *testing.T, s *server) *front { f, _ := haproxy(t, s.listen, s.listen); return f },
	}
	for name, run := range proxies {
		t.Run(name, func(t *testing.T) {
			s := start(t, embedded(t), "--trusted-proxies", "127.0.0.1", "--public-url", "https://"+seatHost)
			f := run(t, s)
			c := f.http()
			s.addEmployee("ada", "correct horse")
			ada := s.loginThrough(f, c, "till-1")
			ticket := struct{ Ticket string }{}
			require.NoError(t, json.Unmarshal(f.ask(c, "POST", "https://"+seatHost+"/v1/ws-ticket", ada.AccessToken).body, &ticket))
			older := openWith(t, f, "till-1", "?ticket="+ticket.Ticket, nil)
			require.Equal(t, "session_established", older.next(t).Type)
			for range 100 { // the pool of kept connections has some of its own
				require.Equal(t, http.StatusOK, f.ask(c, "GET", "https://"+seatHost+"/v1/session", ada.AccessToken).status)
			}

			s.loginThrough(f, c, "till-2")

			require.Equal(t, "new_login", older.next(t).Reason)
			older.conn.CloseNow()
			logs := func() string {
				log, _ := os.ReadFile(filepath.Join(f.folder, "hotseat.log"))
				return string(log) + f.said.String()
			}
			if name != "caddy" { // which keeps no log of requests unless it is told to
				line := regexp.MustCompile(`GET /ws/session/till-1/\S* 101`)
				require.Eventually(t, func() bool { return line.MatchString(logs()) }, patience, 10*time.Millisecond, "the socket is not in the log:\n%s", logs())
			}
			require.NotContains(t, logs()+s.log.String(), ticket.Ticket, "a ticket is a secret")
		})
	}
}

// loginThrough logs ada in through a proxy, as a client that lies about its address.
func (s *server) loginThrough(f *front, c *http.Client, terminal string) (l login) {
	s.t.Helper()
	body := `{"employee_id":"ada","password":"correct horse","terminal_id":"` + terminal + `"}`
	request, err := http.NewRequest("POST", "https://"+seatHost+"/v1/login", strings.NewReader(body))
	require.NoError(s.t, err)
	request.Header = http.Header{"Content-Type": {"application/json"}, "X-Forwarded-For": {"192.0.2.66"}, "Origin": {"https://" + seatHost}}
	a := receive(c.Do(request))
	require.NotContains(s.t, string(a.body), "192.0.2.66", "the address is the proxy's word, not the client's")
	require.Contains(s.t, string(a.body), `"ip":"127.0.0.1"`)
	return s.decodeLogin(a)
}
