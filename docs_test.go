package hotseat_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The tables of ARCHITECTURE.md name files and functions; a reader must find them there.
func TestTheArchitectureNamesOnlyWhatIsThere(t *testing.T) {
	row := regexp.MustCompile("(?m)^\\| `([^`]+\\.go)` \\| `([^`]+)` \\|")
	rows := row.FindAllStringSubmatch(read(t, "docs/ARCHITECTURE.md"), -1)
	require.Greater(t, len(rows), 15, "the tables were not recognised")
	for _, r := range rows {
		file, name := r[1], r[2]
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Errorf("docs/ARCHITECTURE.md: %v", err)
			continue
		}
		if !slices.Contains(declared(parsed), name) {
			t.Errorf("docs/ARCHITECTURE.md: %s declares no %s", file, name)
		}
	}
}

// declared are the names of a file's functions, methods and types.
func declared(file *ast.File) (names []string) {
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			names = append(names, d.Name.Name)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if s, ok := spec.(*ast.TypeSpec); ok {
					names = append(names, s.Name.Name)
				}
			}
		}
	}
	return names
}

// A path in a document that leads nowhere costs its reader more than no path.
func TestEveryPathInTheDocumentsExists(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:]+)[^):]*\)`)
	path := regexp.MustCompile("`((?:[a-z0-9_-]+/)+|(?:[a-z0-9_-]+/)*[a-zA-Z_-]+\\.(?:go|md|sh|json))`")
	documents := []string{"README.md", "CHANGELOG.md"}
	more, err := filepath.Glob("docs/*.md")
	require.NoError(t, err)
	decisions, err := filepath.Glob("docs/decisions/*.md")
	require.NoError(t, err)
	require.NotEmpty(t, decisions)
	for _, document := range slices.Concat(documents, more, decisions) {
		text := read(t, document)
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if !exists(filepath.Join(filepath.Dir(document), m[1])) {
				t.Errorf("%s links to %s, which is not there", document, m[1])
			}
		}
		for _, m := range path.FindAllStringSubmatch(text, -1) {
			if !exists(m[1]) && !exists(filepath.Join(filepath.Dir(document), m[1])) && !exists(filepath.Join("cmd/hotseat", m[1])) {
				t.Errorf("%s names %s, which is not there", document, m[1])
			}
		}
	}
}

// A decision without drawbacks was not one.
func TestEveryDecisionSaysWhyAndWhatItCosts(t *testing.T) {
	files, err := filepath.Glob("docs/decisions/*.md")
	require.NoError(t, err)
	for i, file := range files { // in order, by their names
		text := read(t, file)
		require.Contains(t, text, "# "+strconv.Itoa(i+1)+". ", "%s: a number of its own, the next is %d", file, i+1)
		require.Contains(t, text, "**Summary.**", file)
		for _, part := range []string{"Why", "Design", "Drawbacks", "Alternatives"} {
			_, body, found := strings.Cut(text, "\n## "+part+"\n")
			body, _, _ = strings.Cut(body, "\n## ")
			if !found || len(strings.TrimSpace(body)) < 40 {
				t.Errorf("%s has no part %q, or says nothing in it", file, part)
			}
		}
	}
}

func read(t *testing.T, file string) string {
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(text)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
