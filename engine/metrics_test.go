package engine

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/routor/routor/providers"
)

// TestMetricReference compares what is counted with what is documented, name by name and label by label.
func TestMetricReference(t *testing.T) {
	t.Parallel()
	w := engineOf(t, map[string][]act{"cedar": failing(providers.BadRequest, 400)}, Limits{})
	c, err := providers.Connect(providers.Options{Provider: w.e.Live.current.Load().Catalog.Provider("ash"), Key: func() string { return "sk-1234567890" }})
	if err != nil {
		t.Fatal(err)
	}
	w.e.connections = map[string]*providers.Connection{"ash": c}
	w.e.Metrics.spared("ash")
	rt, err := w.e.Route(read(t, streamedUsage), Caller{})
	if err != nil {
		t.Fatal(err)
	}
	outcomeOf(w.e.Dispatch(t.Context(), rt, nil))
	if _, err := w.e.Route(read(t, says("nobody", "x", "")), Caller{}); err == nil {
		t.Fatal("an unknown model is routed")
	}
	var b bytes.Buffer
	w.e.Metrics.WritePrometheus(&b)
	documented := map[string]string{}
	for _, m := range MetricReference() {
		documented[m.Name] = m.Labels
	}
	seen := map[string]bool{}
	line := regexp.MustCompile(`^([a-z_]+)(?:\{(.*)\})? \S+$`)
	labels := regexp.MustCompile(`([a-z]+)="[^"]*"`)
	for _, l := range strings.Split(strings.TrimSpace(b.String()), "\n") {
		m := line.FindStringSubmatch(l)
		if m == nil {
			t.Errorf("no metric: %s", l)
			continue
		}
		name := m[1]
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			if base, ok := strings.CutSuffix(name, suffix); ok {
				name = base
			}
		}
		var found []string
		for _, x := range labels.FindAllStringSubmatch(m[2], -1) {
			if x[1] != "vmrange" {
				found = append(found, x[1])
			}
		}
		want, ok := documented[name]
		if got := strings.Join(found, ", "); !ok || got != want {
			t.Errorf("%s is documented with labels %q (%v), not %q", name, want, ok, got)
		}
		seen[name] = true
	}
	for name := range documented {
		if !seen[name] {
			t.Errorf("%s is documented and not counted", name)
		}
	}
}
