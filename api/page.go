package api

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

// pageFile is one file of the page as it is answered. It is shared by all answers; never modified.
type pageFile struct {
	header http.Header
	etag   string
	body   []byte
}

// page is the files of `/`, by their path below it; the first one is named by nothing. Read once, at
// the start, so that a request opens no file.
type page map[string]*pageFile

const (
	pageIndex  = "index.html"
	pageAssets = "assets" // names in it change with their content
)

// plainPolicy allows nothing, and is the policy of the page that has nothing.
const plainPolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// newPage reads the files at the root of from and in its assets; nil is the plain page alone.
func newPage(from fs.FS, policy string) (page, error) {
	if from == nil {
		return page{"": newPageFile(pageIndex, plainPolicy, welcomePage)}, nil
	}
	p := page{}
	for _, folder := range []string{".", pageAssets} {
		files, err := fs.ReadDir(from, folder)
		if err != nil && folder == "." {
			return nil, fmt.Errorf("page: %w", err)
		}
		for _, file := range files {
			if !file.Type().IsRegular() {
				continue
			}
			name := path.Join(folder, file.Name())
			body, err := fs.ReadFile(from, name)
			if err != nil {
				return nil, fmt.Errorf("page: %w", err)
			}
			p[strings.TrimSuffix(name, pageIndex)] = newPageFile(name, policy, body)
		}
	}
	if p[""] == nil {
		return nil, fmt.Errorf("page: there is no %s", pageIndex)
	}
	return p, nil
}

func newPageFile(name, policy string, body []byte) *pageFile {
	sum := sha256.Sum256(body)
	f := &pageFile{header: http.Header{}, etag: `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`, body: body}
	kind, ok := pageTypes[path.Ext(name)]
	if !ok {
		kind = "application/octet-stream"
	}
	f.header.Set("Content-Type", kind)
	f.header.Set("Content-Security-Policy", policy)
	f.header.Set("Referrer-Policy", "no-referrer")
	f.header.Set("Etag", f.etag)
	f.header.Set("Cache-Control", "no-cache")
	if path.Dir(name) == pageAssets {
		f.header.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	return f
}

// pageTypes are written down because what the system's own list says differs between systems.
var pageTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/x-icon", ".woff2": "font/woff2",
	".json": "application/json", ".webmanifest": "application/manifest+json", ".txt": "text/plain; charset=utf-8",
}

// showPage is `/` and the files beside it.
func (x *exchange) showPage() error { return x.pageFile("") }

// showAsset is /assets/{file}.
func (x *exchange) showAsset() error { return x.pageFile(pageAssets + "/") }

func (x *exchange) pageFile(folder string) error {
	name := x.r.PathValue("file")
	f := x.page[folder+name]
	if f == nil || strings.Contains(name, "/") { // a slash that was escaped
		return errNoPath
	}
	h := x.w.Header()
	for name, values := range f.header {
		h[name] = values
	}
	for _, sent := range strings.Split(x.r.Header.Get("If-None-Match"), ",") {
		if strings.TrimPrefix(strings.TrimSpace(sent), "W/") == f.etag {
			x.w.WriteHeader(http.StatusNotModified)
			return nil
		}
	}
	x.w.WriteHeader(http.StatusOK)
	_, _ = x.w.Write(f.body) // a client that is gone needs no answer
	return nil
}
