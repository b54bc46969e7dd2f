package gostp

import (
	"bufio"
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// The measures of the house. CONTRIBUTING.md says more.
const (
	mostColumns = 120 // a tab counts as one
	mostLines   = 60  // of a function, tests apart
)

// allowedLocks are the rooms whose locks need no rank: none of them calls another room while it holds one. labs/attack
// is a program of its own, and internal/lock is what the ranks are made of.
var allowedLocks = []string{"capture", "cli", "internal/console", "internal/lock", "labs/attack"}

// finding is one place that breaks a measure.
type finding struct {
	measure, text string
}

func TestHouse(t *testing.T) {
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "bin"):
			return filepath.SkipDir
		case d.IsDir():
			return nil
		}
		found, err := inspect(path)
		for _, f := range found {
			t.Errorf("%s: %s", f.measure, f.text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// inspect measures one file.
func inspect(path string) ([]finding, error) {
	ext := filepath.Ext(path)
	if ext != ".go" && ext != ".sh" && ext != ".md" && path != ".ci/run" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return inspectText(path, text)
}

func inspectText(path string, text []byte) ([]finding, error) {
	found := longLines(path, text)
	if filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
		return found, nil
	}
	more, err := inspectGo(path, text)
	return append(found, more...), err
}

func longLines(path string, text []byte) (found []finding) {
	markdown := filepath.Ext(path) == ".md"
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		if markdown && (strings.HasPrefix(line, "|") || strings.Contains(line, "://")) {
			continue // a row of a table, or a link, cannot be broken
		}
		if columns := utf8.RuneCountInString(line); columns > mostColumns {
			at := fmt.Sprintf("%s:%d has %d columns, more than %d", path, n, columns, mostColumns)
			found = append(found, finding{"long-lines", at})
		}
	}
	return found
}

func inspectGo(path string, text []byte) (found []finding, err error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, text, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	line := func(p token.Pos) int { return files.Position(p).Line }
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if size := line(n.End()) - line(n.Pos()) + 1; size > mostLines {
				at := fmt.Sprintf("%s:%d: %s has %d lines, more than %d", path, line(n.Pos()), n.Name.Name, size, mostLines)
				found = append(found, finding{"long-functions", at})
			}
		case *ast.Field:
			found = append(found, unranked(path, line(n.Pos()), n.Names, n.Type)...)
		case *ast.ValueSpec:
			found = append(found, unranked(path, line(n.Pos()), n.Names, n.Type)...)
		}
		return true
	})
	return found, nil
}

// unranked finds a lock of package sync: one that takes part in no order that is written down.
func unranked(path string, line int, names []*ast.Ident, kind ast.Expr) []finding {
	if star, ok := kind.(*ast.StarExpr); ok {
		kind = star.X
	}
	s, ok := kind.(*ast.SelectorExpr)
	if !ok || s.Sel.Name != "Mutex" && s.Sel.Name != "RWMutex" || slices.Contains(allowedLocks, room(path)) {
		return nil
	}
	if of, ok := s.X.(*ast.Ident); !ok || of.Name != "sync" {
		return nil
	}
	name := "(embedded)"
	if len(names) > 0 {
		name = names[0].Name
	}
	at := fmt.Sprintf("%s:%d: the lock %s has no rank: it is a sync.%s", path, line, name, s.Sel.Name)
	return []finding{{"unranked-locks", at}}
}

func room(path string) string { return filepath.ToSlash(filepath.Dir(path)) }

// The measures find what breaks them, and nothing else.
func TestHouseFinds(t *testing.T) {
	long := strings.Repeat("x", mostColumns+1)
	body := strings.Repeat("\tf()\n", mostLines-1)
	for _, c := range []struct{ path, text, want string }{
		{"node/a.sh", long[1:] + "\n" + long, "long-lines"},
		{"node/a.md", "| " + long + "\n" + "See https://" + long, ""},
		{"node/a.md", long, "long-lines"},
		{"node/a_test.go", "package a\n// " + long, "long-lines"},
		{"node/a.go", "package a\nfunc f() {\n" + body + "}\n", "long-functions"},
		{"node/a.go", "package a\nfunc f() {\n" + strings.TrimPrefix(body, "\tf()\n") + "}\n", ""},
		{"node/a_test.go", "package a\nfunc f() {\n" + body + "}\n", ""},
		{"node/a.go", "package a\ntype t struct{ mu sync.Mutex }", "unranked-locks"},
		{"node/a.go", "package a\ntype t struct{ sync.RWMutex }", "unranked-locks"},
		{"node/a.go", "package a\ntype t struct{ mu *sync.Mutex }", "unranked-locks"},
		{"node/a.go", "package a\nvar mu sync.Mutex", "unranked-locks"},
		{"node/a.go", "package a\ntype t struct{ mu ranked.Mutex; once sync.Once }", ""},
		{"cli/a.go", "package a\ntype t struct{ mu sync.Mutex }", ""},
	} {
		found, err := inspectText(c.path, []byte(c.text))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range found {
			got = append(got, f.measure)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s %q: found %q, want %q", c.path, c.text, got, c.want)
		}
	}
}
