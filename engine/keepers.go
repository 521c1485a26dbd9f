package engine

import (
	"strings"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/routor/routor/engine/chat"
)

// Keepers remember which provider keeps an answer that a client may go on from, by the answer's id: a bounded table in which
// the least recently used fall out. It is safe for concurrent use.
type Keepers struct {
	table *lru.Cache[keptKey, string]
}

// keptKey is whose answer it is: a caller never goes on from another's.
type keptKey struct{ key, id string }

const mostKept = 100_000

// NewKeepers makes an empty table.
func NewKeepers() *Keepers {
	table, _ := lru.New[keptKey, string](mostKept)
	return &Keepers{table}
}

// Put remembers that a provider keeps an answer. An id beyond what providers give out is not remembered.
func (k *Keepers) Put(key, id, provider string) {
	if id != "" && len(id) <= 256 {
		k.table.Add(keptKey{key, strings.Clone(id)}, provider)
	}
}

// Of is who keeps an answer; "" = nobody knows.
func (k *Keepers) Of(key, id string) string {
	provider, _ := k.table.Get(keptKey{key, id})
	return provider
}

// stores is whether the profile lets the answer be kept at the provider.
func (rt *Routed) stores() bool {
	b := rt.Snapshot.bounds[rt.Decision.Profile]
	return b != nil && b.stores()
}

// storing is whether the current candidate keeps its answer.
func (x *exchange) storing() bool {
	return x.rt.Request.Facts.Store && x.sent.speaks == chat.Responses && x.rt.stores()
}

// stored remembers that the current candidate keeps the answer with the id.
func (x *exchange) stored(id string) {
	x.e.Kept.Put(x.rt.keyID(), id, x.current.Deployment.Provider)
}
