package engine

import (
	"testing"
	"time"
)

// BenchmarkMonitor is what health costs a request that is answered: the view that its decision reads, and the note of its
// success.
func BenchmarkMonitor(b *testing.B) {
	c := small(b)
	dep := c.Deployment("cedar/max")
	b.Run("one", func(b *testing.B) {
		m := NewMonitor()
		m.Succeeded(dep, time.Second/2, true, noon)
		b.ReportAllocs()
		for b.Loop() {
			_ = m.View(c)
			m.Succeeded(dep, time.Second/2, true, noon)
		}
	})
	b.Run("many", func(b *testing.B) {
		m := NewMonitor()
		m.Succeeded(dep, time.Second/2, true, noon)
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				_ = m.View(c)
				m.Succeeded(dep, time.Second/2, true, noon)
			}
		})
	})
}
