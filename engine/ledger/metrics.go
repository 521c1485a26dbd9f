package ledger

import (
	"sync/atomic"

	"github.com/VictoriaMetrics/metrics"
)

// MetricReference are the ledger's metrics: name, type, labels and what they tell.
func MetricReference() [][4]string {
	return [][4]string{
		{"routor_ledger_records_total", "counter", "", "Records that were put into blocks."},
		{"routor_ledger_dropped_total", "counter", "reason", "Records that were lost: buffer_full (they come faster than they can be written), state_away (NATS is away, and ledger.buffer is full), too_large (the state does not take the block), closed (after the shutdown)."},
		{"routor_ledger_blocks_total", "counter", "", "Blocks that were made."},
		{"routor_ledger_bytes_total", "counter", "", "Bytes of those blocks."},
		{"routor_ledger_retries_total", "counter", "", "Times that a block could not be written at once."},
		{"routor_ledger_damaged_blocks_total", "counter", "", "Blocks of the state that could not be read, and were left out."},
		{"routor_ledger_waiting_records", "gauge", "", "Records that are not in the state yet."},
		{"routor_ledger_buffer_bytes", "gauge", "", "Memory that they take."},
		{"routor_ledger_records", "gauge", "", "Records that can be asked for."},
	}
}

// counts are the ledger's counters.
type counts struct {
	records, blocks, bytes, retries, damaged *metrics.Counter
	drops                                    map[string]*metrics.Counter
	lost                                     atomic.Uint64
}

func (c *counts) register(set *metrics.Set, l *Ledger) {
	if set == nil {
		set = metrics.NewSet()
	}
	c.records = set.GetOrCreateCounter("routor_ledger_records_total")
	c.blocks = set.GetOrCreateCounter("routor_ledger_blocks_total")
	c.bytes = set.GetOrCreateCounter("routor_ledger_bytes_total")
	c.retries = set.GetOrCreateCounter("routor_ledger_retries_total")
	c.damaged = set.GetOrCreateCounter("routor_ledger_damaged_blocks_total")
	c.drops = map[string]*metrics.Counter{}
	for _, reason := range []string{dropFull, dropAway, dropClosed, dropLarge} {
		c.drops[reason] = set.GetOrCreateCounter(`routor_ledger_dropped_total{reason="` + reason + `"}`)
	}
	set.GetOrCreateGauge("routor_ledger_waiting_records", func() float64 { return float64(l.intake.waiting()) })
	set.GetOrCreateGauge("routor_ledger_buffer_bytes", func() float64 { return float64(l.intake.used.Load()) })
	set.GetOrCreateGauge("routor_ledger_records", func() float64 { return float64(l.Len()) })
}

func (c *counts) drop(reason string) { c.dropMany(reason, 1) }

func (c *counts) dropMany(reason string, n int) {
	c.drops[reason].Add(n)
	c.lost.Add(uint64(n))
}

func (c *counts) dropped() uint64 { return c.lost.Load() }

func (c *counts) written(records, bytes int) {
	c.records.Add(records)
	c.blocks.Inc()
	c.bytes.Add(bytes)
}

func (c *counts) retried() { c.retries.Inc() }
