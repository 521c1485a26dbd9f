package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/perf/benchfmt"
)

// yardstick is the benchmark that all others are measured by.
const yardstick = "BareProxy/plain150B"

// suite is what is measured: benchmarks by package, and how many operations a round. A number, and no time: on a busy machine
// a time would measure how processes start. Those of the first package take the whole way over sockets.
var suite = []struct {
	pkg, count string
	names      []string
}{
	{"bench", "3000x", []string{"BareProxy", "Routor"}},
	{"engine/api", "2000x", []string{"Handle"}},
	{"engine/ledger", "8192x", []string{"Pack"}},
	{"bench/guard", "1000x", []string{"Read", "Classify", "Decide", "Request", "Stream"}},
}

// figures are what was measured: of each benchmark and unit one value a round.
type figures struct {
	of  map[string]map[string][]float64
	raw bytes.Buffer
}

func build(dir string) error {
	for _, s := range suite {
		c := exec.Command("go", "test", "-c", "-o", binary(dir, s.pkg), "./"+s.pkg)
		c.Stderr = os.Stderr
		if err := c.Run(); err != nil {
			return fmt.Errorf("build the benchmarks of %s: %w", s.pkg, err)
		}
	}
	return nil
}

func binary(dir, pkg string) string {
	name, _ := filepath.Abs(filepath.Join(dir, strings.ReplaceAll(pkg, "/", "-")+".test"))
	return name
}

// measure runs the suite, or those of it that only names, with the yardstick in every round.
func measure(dir string, rounds int, only []string) (*figures, error) {
	f := &figures{}
	for range rounds {
		for _, s := range suite {
			names := s.names
			if only != nil {
				names = slices.DeleteFunc(slices.Clone(names), func(name string) bool {
					return !strings.HasPrefix(yardstick, name+"/") && !slices.ContainsFunc(only, func(o string) bool { return o == name || strings.HasPrefix(o, name+"/") })
				})
			}
			if len(names) == 0 {
				continue
			}
			c := exec.Command(binary(dir, s.pkg), "-test.run", "^$", "-test.bench", "^Benchmark("+strings.Join(names, "|")+")$", "-test.benchmem", "-test.benchtime", s.count)
			c.Dir = s.pkg
			// Two processors, so that machines are alike in what runs at the same time; no collector, which empties pools when it likes.
			c.Env = append(os.Environ(), "GOMAXPROCS=2", "GOGC=off")
			out, err := c.CombinedOutput()
			if err != nil {
				return nil, fmt.Errorf("benchmarks of %s: %w\n%s", s.pkg, err, out)
			}
			f.raw.Write(out)
		}
	}
	var err error
	f.of, err = parse("what was measured", f.raw.Bytes())
	return f, err
}

// parse reads benchmarks' output, by name without the number of processors and by unit.
func parse(name string, out []byte) (map[string]map[string][]float64, error) {
	all := map[string]map[string][]float64{}
	r := benchfmt.NewReader(bytes.NewReader(out), name)
	for r.Scan() {
		switch rec := r.Result().(type) {
		case *benchfmt.SyntaxError:
			return nil, rec
		case *benchfmt.Result:
			of := processors.ReplaceAllString(rec.Name.String(), "")
			if all[of] == nil {
				all[of] = map[string][]float64{}
			}
			for _, v := range rec.Values {
				unit, value := v.Unit, v.Value
				if v.OrigUnit != "" {
					unit, value = v.OrigUnit, v.OrigValue
				}
				all[of][unit] = append(all[of][unit], value)
			}
		}
	}
	return all, r.Err()
}

var processors = regexp.MustCompile(`-\d+$`)

func (f *figures) write(file string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, f.raw.Bytes(), 0o644)
}

func readFigures(file string) (*figures, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	all, err := parse(file, b)
	return &figures{of: all}, err
}

// benchstat prints the two measurements side by side; it is for people, and its absence fails nothing.
func benchstat(before, now string) {
	c := exec.Command("go", "tool", "benchstat", "-filter", ".unit:(cpu-sec/op OR B/op OR allocs/op)", "before="+before, "now="+now)
	c.Stdout = os.Stdout
	_ = c.Run()
}
