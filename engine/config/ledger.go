package config

import "time"

// Ledger is how long records of decisions are kept, and how.
type Ledger struct {
	Enabled bool              `yaml:"enabled" flag:"ledger" default:"true" doc:"Keep a record of every request. Without it only the latest 1,000 are known, until the restart."`
	Age     time.Duration     `yaml:"age" flag:"ledger-age" default:"720h" min:"0" doc:"Records older than that go; 0 = none goes for its age. Sums per minute are kept for 2 days, per hour for 62, per day for 800."`
	Size    Size              `yaml:"size" flag:"ledger-size" default:"10GB" min:"0" doc:"The oldest records go when all together take more than that (a million take about 0.3 GB); 0 = no limit."`
	Buffer  Size              `yaml:"buffer" default:"64MB" min:"1MB" max:"4GB" doc:"Memory for records that wait to be written, as while NATS is away. What comes beyond it is dropped, and counted."`
	Sync    bool              `yaml:"sync" default:"false" doc:"Have records on the disk before they count as written. Without it a power cut loses the latest. It holds for a ledger that is made anew."`
	Redact  map[string]string `yaml:"redact" example:"{ticket: 'TCK-[0-9]+'}" doc:"Patterns (Go's regexp) by name, blackened where the text of prompts is kept, besides emails, payment cards, keys and passwords, which always are."`
}
