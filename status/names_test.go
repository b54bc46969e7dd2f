package status

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite golden files")

// field is a value as `| json` writes it.
type field struct {
	of, name, kind, options string
}

// fields reads the fields of all types of this package.
func fields(t *testing.T) (out []field) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, is := n.(*ast.TypeSpec); is {
				out = append(out, fieldsOf(t, spec)...)
			}
			return true
		})
	}
	return out
}

func fieldsOf(t *testing.T, spec *ast.TypeSpec) (out []field) {
	s, is := spec.Type.(*ast.StructType)
	if !is || !spec.Name.IsExported() {
		return nil
	}
	for _, f := range s.Fields.List {
		if f.Tag == nil {
			continue // it is not encoded
		}
		tag, err := strconv.Unquote(f.Tag.Value)
		if err != nil {
			t.Fatal(err)
		}
		name, options, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
		out = append(out, field{spec.Name.Name, name, types.ExprString(f.Type), options})
	}
	return out
}

// TestNamesStay: other programs read these names. The golden file is to be read beside docs/json.md, which says that
// names stay and new ones are added; -update rewrites it.
func TestNamesStay(t *testing.T) {
	var lines []string
	for _, f := range fields(t) {
		lines = append(lines, fmt.Sprintf("%s.%s %s\n", f.of, f.name, f.kind))
	}
	slices.Sort(lines)
	got := strings.Join(lines, "")
	const golden = "testdata/names.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the names are not those of %s:\n%s", golden, got)
	}
}

// TestNames: a name is in lower case, a duration has its unit, a list is never left out but where it was not asked for.
func TestNames(t *testing.T) {
	snake := regexp.MustCompile(`^[a-z0-9]+(_[a-z0-9]+)*$`)
	for _, f := range fields(t) {
		at := f.of + "." + f.name
		if !snake.MatchString(f.name) {
			t.Errorf("%s is not in lower case", at)
		}
		if f.kind == "time.Duration" {
			t.Errorf("%s is a duration without a unit", at)
		}
		asked := f.name == "level3_timers" || f.name == "m2pa_timers"
		if strings.HasPrefix(f.kind, "[]") && f.options != "" && !asked {
			t.Errorf("%s is a list that is left out when it is empty", at)
		}
	}
}
