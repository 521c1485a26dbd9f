package api

import "github.com/routor/routor/engine/ledger"

// keep takes a record for a request that asks for an answer.
func (c *call) keep() {
	if c.s.Ledger == nil {
		return
	}
	switch c.route {
	case "chat", "messages", "responses", "embeddings":
		c.kept = ledger.NewRecord()
	}
}

// settle gives the ledger the record of a call that is over, with what only the end of it knows.
func (c *call) settle() {
	k, r := c.kept, &c.record
	if k == nil {
		return
	}
	c.kept = nil
	k.Request, k.Time, k.Took = r.id, r.start.UTC(), ledger.Since(r.took)
	k.Dialect, k.Stream = c.route, r.stream
	k.Status, k.Outcome = r.status, r.outcome()
	k.Demo = c.s.Demo != nil
	if r.code == codeRateLimit || r.code == codeBudget {
		k.Limit = r.code
	}
	if k.Asked == "" {
		k.Asked = r.asked
	}
	if key := r.key; key != nil && k.Who.Key == "" {
		k.Who.Key, k.Who.Name, k.Who.Team = key.ID, key.Name, key.Team
	}
	c.s.Ledger.Put(k)
}
