package hotseat_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/hotseat-hub/hotseat"

// A rule says which packages of this module the files under from may import. The first rule whose
// from matches a file counts. Tests may join parts that the program keeps apart, so rules are for
// the files that become the program, except where tests says so.
type rule struct {
	from    string // a path.Match pattern of the file, or a folder with all below it
	may     []string
	because string
	tests   bool
}

var rules = []rule{
	{
		from: "session", may: []string{"session"}, tests: true,
		because: "the rules are pure: whoever reads or replays them needs nothing but the standard library",
	},
	{
		from: "actors", may: []string{"session", "actors"},
		because: "an owner knows sockets and stores only by the small interfaces it declares, so that the simulator can be both",
	},
	{
		from: "hub", may: []string{"session", "hub"},
		because: "sockets are soft state: nothing durable and no decision belongs beside them",
	},
	{
		from: "persistence", may: []string{"session", "persistence"},
		because: "a store keeps rows and events; who asks for them is none of its business",
	},
	{
		from: "api/socket*.go", may: []string{"session", "api", "hub"},
		because: "the handshake is the one place where HTTP meets sockets: it answers hub.Request with hub.Verdict",
	},
	{
		from: "api/verify", may: nil, tests: true,
		because: "other people's services import it, and must not carry the hub with them",
	},
	{
		from: "api", may: []string{"session", "api"},
		because: "a route asks for what it needs by an interface of its own, so that every route is tested without a cluster",
	},
	{
		from: "cmd/hotseat/client", may: nil,
		because: "the commands speak to a running server over HTTP like any other client",
	},
	{
		from: "cmd/hotseat/serve*.go", may: []string{"session", "actors", "hub", "persistence", "api", "web/demo", "cmd/hotseat"},
		because: "serve joins all parts, and is the only file that knows every package",
	},
	{
		from: "cmd/hotseat/bench*.go", may: []string{"bench", "cmd/hotseat"},
		because: "the benchmark is a client like any other, and what it does is a library of its own",
	},
	{
		from: "cmd/hotseat", may: []string{"session", "persistence", "api", "bench", "cmd/hotseat"},
		because: "commands need the client, or the store when no server holds it; running parts are joined in serve.go alone",
	},
	{
		from: "web/demo", may: nil,
		because: "the page is built files, and whoever serves them reads them by io/fs",
	},
	{
		from: "e2e/faults", may: []string{"session", "persistence/pgtest", "bench/history", "bench/verify"}, tests: true,
		because: "the faults are seen from outside, by clients; what they saw is judged by the checker, in ids and epochs",
	},
	{
		from: "e2e", may: []string{"persistence/pgtest"}, tests: true,
		because: "these tests see the program as strangers do: its binary, its ports, its exit code",
	},
	{
		from: "bench/whole", may: []string{"session", "persistence", "bench/crowd", "bench/host", "bench/program", "bench/scenario"}, tests: true,
		because: "the figures are those of the binary, from outside; only the employees are written to the store beforehand",
	},
	{
		from: "bench/sockets", may: []string{"session", "hub"}, tests: true,
		because: "the figures are a hub's alone, with nobody behind it",
	},
	{
		from: "bench/history", may: []string{"session", "bench/history"}, tests: true,
		because: "a history says what clients saw, and its checker must share nothing with what it checks",
	},
	{
		from: "bench/verify", may: []string{"session", "bench/history", "bench/verify"}, tests: true,
		because: "a checker that shared code with the program would share its mistakes",
	},
	{
		from: "examples/go", may: []string{"api/verify"}, tests: true,
		because: "it is what somebody else would write",
	},
	{
		from: "examples/cluster", may: []string{"persistence/pgtest"}, tests: true,
		because: "it starts the binary as anybody would; only the database of the occasion is the tests' own",
	},
	{
		from: "bench/suite", may: []string{"session", "persistence", "bench"}, tests: true,
		because: "the figures are those of the binary, from outside; only the commit that they are compared with goes to the store itself",
	},
	{
		from: "bench", may: []string{"session", "actors", "persistence", "bench"},
		because: "the other benchmarks measure parts inside one process, without HTTP",
	},
}

func TestEveryPackageImportsOnlyWhatItsRuleAllows(t *testing.T) {
	for _, file := range goFiles(t) {
		r := ruleOf(file)
		if r == nil {
			if filepath.Dir(file) != "." {
				t.Errorf("%s: no rule says what this package may import; add one with its reason", file)
			}
			continue
		}
		if strings.HasSuffix(file, "_test.go") && !r.tests {
			continue
		}
		for _, imported := range imports(t, file) {
			inside, ours := strings.CutPrefix(imported, module+"/")
			switch {
			case ours && !slices.ContainsFunc(r.may, func(folder string) bool { return within(inside, folder) }):
				t.Errorf("%s imports %s, but %s", file, inside, r.because)
			case !ours && r.from == "session" && strings.Contains(imported, ".") && !strings.HasSuffix(file, "_test.go"):
				t.Errorf("%s imports %s, but %s", file, imported, r.because)
			}
		}
	}
}

// Whoever wants to replace the actor library, or only to read the rest without knowing it, finds
// all of it in these two folders.
func TestTheActorLibraryStaysWhereItIsDriven(t *testing.T) {
	for _, file := range goFiles(t) {
		if within(file, "actors") || within(file, "hub/cluster") {
			continue
		}
		for _, imported := range imports(t, file) {
			if strings.HasPrefix(imported, "github.com/asynkron/") {
				t.Errorf("%s imports %s; protoactor types appear only in actors and hub/cluster", file, imported)
			}
		}
	}
}

// A doc.go is where a newcomer learns what a package is for without reading its code.
func TestEveryPackageButMainSaysWhatItIsForInDocGo(t *testing.T) {
	for folder, files := range packages(t) {
		name := packageName(t, filepath.Join(folder, files[0]))
		if name == "main" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(folder, "doc.go"))
		if err != nil {
			t.Errorf("package %s has no doc.go", folder)
			continue
		}
		for _, part := range []string{"// Package " + strings.TrimSuffix(name, "_test"), "\n// Promise", "\n// Next"} {
			if !strings.Contains(string(text), part) {
				t.Errorf("%s/doc.go has no paragraph that begins %q", folder, strings.TrimSpace(part))
			}
		}
	}
}

// Such names say that nobody decided where a thing belongs.
func TestNoPackageIsADrawerForTheRest(t *testing.T) {
	drawers := []string{"utils", "util", "common", "helpers", "helper", "models", "misc", "shared", "lib"}
	for folder := range packages(t) {
		if slices.Contains(drawers, filepath.Base(folder)) {
			t.Errorf("package %s: name it for what it does", folder)
		}
	}
}

// Past this length a file has more than one subject.
func TestNoGoFileIsLongerThanFourHundredLines(t *testing.T) {
	const most = 400
	for _, file := range goFiles(t) {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		if strings.HasPrefix(string(text), "// Code generated ") {
			continue // nobody reads it for its subject
		}
		if lines := strings.Count(string(text), "\n"); lines > most {
			t.Errorf("%s has %d lines, at most %d; split it by subject", file, lines, most)
		}
	}
}

// The tree must mean the same on every machine, and a lock file must work with any registry.
func TestNoFileNamesAMachineOrARegistry(t *testing.T) {
	forbidden := map[string]*regexp.Regexp{
		"a path of one machine": regexp.MustCompile(`(^|[^a-zA-Z0-9.])/(work|farm|home|root|Users|tmp/w)/`),
		"a registry's host":     regexp.MustCompile(`registry\.npmjs|proxy\.golang|deb\.debian|registry\.yarnpkg`),
	}
	walk(t, func(file string) {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		if slices.Contains(text, 0) || file == "structure_test.go" {
			return
		}
		for what, pattern := range forbidden {
			if at := pattern.FindIndex(text); at != nil {
				t.Errorf("%s:%d names %s: %q", file, 1+strings.Count(string(text[:at[0]]), "\n"), what, text[at[0]:at[1]])
			}
		}
	})
}

func ruleOf(file string) *rule {
	for i := range rules {
		if match, _ := filepath.Match(rules[i].from, file); match || within(file, rules[i].from) {
			return &rules[i]
		}
	}
	return nil
}

func within(path, folder string) bool { return path == folder || strings.HasPrefix(path, folder+"/") }

func imports(t *testing.T, file string) []string {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	require.NoError(t, err)
	var paths []string
	for _, spec := range parsed.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		require.NoError(t, err)
		paths = append(paths, path)
	}
	return paths
}

func packageName(t *testing.T, file string) string {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.PackageClauseOnly)
	require.NoError(t, err)
	return parsed.Name.Name
}

// packages maps folders to their Go files.
func packages(t *testing.T) map[string][]string {
	found := map[string][]string{}
	for _, file := range goFiles(t) {
		found[filepath.Dir(file)] = append(found[filepath.Dir(file)], filepath.Base(file))
	}
	return found
}

func goFiles(t *testing.T) []string {
	var files []string
	walk(t, func(file string) {
		if strings.HasSuffix(file, ".go") {
			files = append(files, file)
		}
	})
	require.NotEmpty(t, files)
	return files
}

// walk visits every file of the tree but what .gitignore names and what git keeps for itself.
func walk(t *testing.T, visit func(file string)) {
	leave := []string{".git", "node_modules", "bin", "hotseat-data", "hotseat-demo"}
	require.NoError(t, filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if slices.Contains(leave, entry.Name()) {
				return filepath.SkipDir
			}
			return nil
		}
		if entry.Type().IsRegular() && path != ".git" { // a file in a worktree of git
			visit(path)
		}
		return nil
	}))
}
