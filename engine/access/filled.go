package access

import (
	"fmt"
	"strconv"
)

// Filled is a table of n keys in memory alone, for measuring Lookup by their number: it has no state behind it, is not to be
// closed, and takes no changes. secret gives the secret of the i-th key, 0 ≤ i < n.
func Filled(n int) (s *Store, secret func(i int) []byte) {
	s = &Store{keys: map[string]*held{}, names: map[string][]string{}}
	s.hasher.Store(newHasher([]byte("measured")))
	secret = func(i int) []byte { return strconv.AppendInt([]byte("sk-routor-measured-key-"), int64(i), 10) }
	for i := range n {
		s.put(&Key{ID: fmt.Sprintf("key_%09d", i), Name: strconv.Itoa(i), hash: s.hasher.Load().digest(secret(i))}, 1)
	}
	return s, secret
}
