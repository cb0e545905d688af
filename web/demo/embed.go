package demo

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var files embed.FS

// Policy is the Content-Security-Policy under which the page works: files of its own origin, and
// sockets to it, and nothing inline.
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// FS is the built page: index.html at the root and, under assets, files whose names change with
// their content and may be cached for ever.
func FS() fs.FS {
	built, err := fs.Sub(files, "dist")
	if err != nil {
		panic(err) // dist is part of this package
	}
	return built
}
