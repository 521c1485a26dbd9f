package chat

import "testing"

func TestUsageUpdate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		told, later Usage
		want        Usage
	}{
		{"nothing", Usage{Input: 1, Known: true}, Usage{}, Usage{Input: 1, Known: true}},
		{"first", Usage{}, Usage{Input: 1, Output: 2, Known: true}, Usage{Input: 1, Output: 2, Known: true}},
		{"what is left out stays", Usage{Input: 5, Output: 1, CachedRead: 3, Known: true}, Usage{Output: 9, Known: true},
			Usage{Input: 5, Output: 9, CachedRead: 3, Known: true}},
		{"a sum of writes for an hour", Usage{CacheWrite1h: 10, Known: true}, Usage{CacheWrite5m: 10, Known: true}, Usage{CacheWrite1h: 10, Known: true}},
		{"a sum of both that has grown", Usage{CacheWrite5m: 4, CacheWrite1h: 10, Known: true}, Usage{CacheWrite5m: 20, Known: true},
			Usage{CacheWrite5m: 10, CacheWrite1h: 10, Known: true}},
	} {
		if c.told.Update(c.later); c.told != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, c.told, c.want)
		}
	}
}
