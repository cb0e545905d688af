package api

import (
	"net/http"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

const till = "default-src 'none'; script-src 'self'; frame-ancestors 'none'"

// builtPage is what a build looks like.
func builtPage(o *Options) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	o.Page, o.PagePolicy = fstest.MapFS{
		"index.html":           file("<!doctype html><title>Till</title>"),
		"seat.svg":             file("<svg/>"),
		"assets/index-B3f.js":  file("export {}"),
		"assets/index-C4.css":  file("body {}"),
		"assets/more/deep.txt": file("not served"),
	}, till
}

func TestThePageIsItsFilesUnderItsPolicyAndOnlyNamedOnesAreKept(t *testing.T) {
	b := start(t, builtPage)
	for path, want := range map[string]struct{ kind, cache, text string }{
		"/":                    {"text/html; charset=utf-8", "no-cache", "<!doctype html><title>Till</title>"},
		"/seat.svg":            {"image/svg+xml", "no-cache", "<svg/>"},
		"/assets/index-B3f.js": {"text/javascript; charset=utf-8", "public, max-age=31536000, immutable", "export {}"},
		"/assets/index-C4.css": {"text/css; charset=utf-8", "public, max-age=31536000, immutable", "body {}"},
	} {
		a := b.get(path, "")
		require.Equal(t, 200, a.StatusCode, path)
		require.Equal(t, want.text, string(a.text))
		require.Equal(t, want.kind, a.Header.Get("Content-Type"))
		require.Equal(t, want.cache, a.Header.Get("Cache-Control"))
		require.Equal(t, till, a.Header.Get("Content-Security-Policy"))
		require.Equal(t, "nosniff", a.Header.Get("X-Content-Type-Options"))
		require.Equal(t, "no-referrer", a.Header.Get("Referrer-Policy"))

		head, err := http.Head(b.server.URL + path)
		require.NoError(t, err)
		require.NoError(t, head.Body.Close())
		require.Equal(t, 200, head.StatusCode)
		require.Equal(t, int64(len(want.text)), head.ContentLength)
		require.Equal(t, want.kind, head.Header.Get("Content-Type"))

		for tag, status := range map[string]int{a.Header.Get("Etag"): 304, `"x", W/` + a.Header.Get("Etag"): 304, `"x"`: 200} {
			again := b.send(request{path: path, header: http.Header{"If-None-Match": {tag}}})
			require.Equal(t, status, again.StatusCode, "%s with %s", path, tag)
			require.Equal(t, status == 304, len(again.text) == 0)
		}
	}
}

func TestWhatIsNoFileOfThePageIsNotThere(t *testing.T) {
	b := start(t, builtPage)
	for _, path := range []string{
		"/index.html", "/assets", "/assets/", "/assets/more", "/assets/more/deep.txt", "/assets/nothing.js",
		"/assets%2findex-B3f.js", "/assets/..%2fseat.svg", "/assets/../seat.svg", "/favicon.ico", "/seat.svg/",
	} {
		b.get(path, "").problem(404, "not_found")
	}
	plain := start(t, nil)
	plain.get("/seat.svg", "").problem(404, "not_found")
	plain.get("/assets/index-B3f.js", "").problem(404, "not_found")
}

func TestAPageWithoutAnIndexDoesNotStart(t *testing.T) {
	o := start(t, nil).api.o
	o.Registerer, o.Page = nil, fstest.MapFS{"seat.svg": {}}
	_, err := New(o)
	require.ErrorContains(t, err, "index.html")
}
