package verify_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A check that nothing planted sets off may be one that cannot fail.
func TestEveryCheckHasAPlantedViolation(t *testing.T) {
	var found []string
	for _, p := range plants() {
		if v := first(check(t, p.header, p.options, p.ops...), p.wanted); v != nil {
			found = append(found, v.Says)
		}
	}
	checks := sentences(t)
	require.Greater(t, len(checks), 15, "the source was read")
	for at, says := range checks {
		require.Regexp(t, says, strings.Join(found, "\n"), "%s: no planted violation is found by this check", at)
	}
}

func TestTheGuaranteesListEveryPlantedViolation(t *testing.T) {
	text, err := os.ReadFile("../../docs/GUARANTEES.md")
	require.NoError(t, err)
	for name := range plants() {
		require.True(t, strings.Contains(string(text), name), "docs/GUARANTEES.md does not say that %q is found", name)
	}
}

// sentences are what the checks of this package say, as expressions for whole lines, by where they say it.
func sentences(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	fset, all := token.NewFileSet(), map[string]string{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, name, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if method, ok := call.Fun.(*ast.SelectorExpr); ok && method.Sel.Name == "violated" {
				if says := sentence(call.Args[2]); says != "" {
					all[fset.Position(call.Pos()).String()] = "(?m)^" + says + "$"
				}
			}
			return true
		})
	}
	return all
}

// sentence turns what is said into an expression; empty: it is passed on from another call.
func sentence(said ast.Expr) string {
	switch said := said.(type) {
	case *ast.BasicLit:
		text, _ := strconv.Unquote(said.Value) // the compiler has read it
		return regexp.MustCompile(`%[a-z]`).ReplaceAllString(strings.ReplaceAll(regexp.QuoteMeta(text), "%%", "%"), ".*")
	case *ast.CallExpr:
		if len(said.Args) > 0 {
			return sentence(said.Args[0]) // of a format
		}
		return "event id .*" // an error: only ids are parsed
	case *ast.Ident:
		if said.Name == "what" {
			return "session .* was accepted .* after .*"
		}
	}
	return ""
}
