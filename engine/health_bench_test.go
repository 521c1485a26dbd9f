package engine

import (
	"testing"
	"time"
)

// BenchmarkMonitor is what health costs a request that is answered: the view that its decision reads, its place at the
// deployment, and the note of its success.
func BenchmarkMonitor(b *testing.B) {
	c := small(b)
	dep := c.Deployment("cedar/max")
	answered := func(m *Monitor, now time.Time) {
		_ = m.View(c)
		t, no := m.admit(dep, now, false)
		if no != admitted {
			b.Fatal(no)
		}
		m.Succeeded(dep, time.Second/2, true, now)
		t.leave()
	}
	b.Run("one", func(b *testing.B) {
		m := NewMonitor()
		b.ReportAllocs()
		for b.Loop() {
			answered(m, noon)
		}
	})
	b.Run("many", func(b *testing.B) {
		m := NewMonitor()
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				answered(m, noon)
			}
		})
	})
	b.Run("retry", func(b *testing.B) {
		m := NewMonitor()
		budget := &m.of(dep).host.budget
		b.ReportAllocs()
		for b.Loop() {
			budget.retry(noon, .2)
		}
	})
}
