package access

import "sync"

// table finds keys by digest. It is sharded so that changing one key holds up few lookups; the keys' own digests spread them
// evenly.
type table struct{ shards [64]shard }

type shard struct {
	sync.RWMutex
	keys map[digest]*Key
}

func (t *table) shard(d digest) *shard { return &t.shards[d[0]%64] }

// find takes the same time for every key: a caller who does not know the server's secret can't choose digests that share
// bytes, so how far the map compares says nothing about a key.
func (t *table) find(d digest) *Key {
	s := t.shard(d)
	s.RLock()
	k := s.keys[d]
	s.RUnlock()
	return k
}

func (t *table) put(k *Key) {
	s := t.shard(k.hash)
	s.Lock()
	if s.keys == nil {
		s.keys = map[digest]*Key{}
	}
	s.keys[k.hash] = k
	s.Unlock()
}

// replace makes keys the whole content, shard by shard.
func (t *table) replace(keys []*Key) {
	var fresh [64]map[digest]*Key
	for _, k := range keys {
		i := k.hash[0] % 64
		if fresh[i] == nil {
			fresh[i] = map[digest]*Key{}
		}
		fresh[i][k.hash] = k
	}
	for i := range t.shards {
		t.shards[i].Lock()
		t.shards[i].keys = fresh[i]
		t.shards[i].Unlock()
	}
}
