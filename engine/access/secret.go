package access

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// Prefix begins every API key, so that scanners for leaked secrets can know one.
const Prefix = "rtr_"

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// randomWord is n letters of base 62; 43 of them hold 256 bits.
func randomWord(n int) string {
	word, pool := make([]byte, 0, n), make([]byte, 2*n)
	for len(word) < n {
		rand.Read(pool) // never fails: crypto/rand ends the program instead
		for _, b := range pool {
			if b < 248 && len(word) < n { // 248 = 4 × 62: a larger byte would favour some letters
				word = append(word, base62[b%62])
			}
		}
	}
	return string(word)
}

// digest is the HMAC-SHA-256 of a key.
type digest [sha256.Size]byte

func (d digest) String() string { return base64.RawURLEncoding.EncodeToString(d[:]) }

func parseDigest(s string) (d digest, err error) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) != len(d) {
		return d, errors.New("is not a SHA-256")
	}
	return digest(b), nil
}

// hasher makes digests under one server secret, without allocation.
type hasher struct{ pool sync.Pool }

type mac struct {
	hash.Hash
	sum digest
}

func newHasher(secret []byte) *hasher {
	return &hasher{pool: sync.Pool{New: func() any { return &mac{Hash: hmac.New(sha256.New, secret)} }}}
}

func (h *hasher) digest(key []byte) digest {
	m := h.pool.Get().(*mac)
	m.Reset()
	m.Write(key)
	m.Sum(m.sum[:0])
	d := m.sum
	h.pool.Put(m)
	return d
}

// keptSecret reads a secret from a file that only we may read, or makes it there. made says which.
func keptSecret(file, prefix string) (secret string, made bool, err error) {
	src, err := os.ReadFile(file)
	switch {
	case err == nil:
		secret = strings.TrimSpace(string(src))
		if len(secret) < 16 {
			return "", false, fmt.Errorf("%s holds no secret of 16 characters or more: remove it, and a new one is made", file)
		}
		return secret, false, nil
	case !errors.Is(err, fs.ErrNotExist):
		return "", false, fmt.Errorf("read a secret: %w", err)
	}
	secret = prefix + randomWord(43)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return "", false, fmt.Errorf("make the data directory: %w", err)
	}
	// O_EXCL: of two servers that start at once only one makes it, and the other reads that one.
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return keptSecret(file, prefix)
	}
	if err != nil {
		return "", false, fmt.Errorf("keep a secret: %w", err)
	}
	_, err = f.WriteString(secret + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		os.Remove(file)
		return "", false, fmt.Errorf("keep a secret: %w", err)
	}
	return secret, true, nil
}

// AdminKeyFile is the name of the file in the data directory that holds a generated admin key.
const AdminKeyFile = "admin.key"

// AdminKey is the key of the admin API: the one given, else the one kept in dir, else a new one that is kept there with
// mode 0600 (generated is then true).
func AdminKey(dir, given string) (key string, generated bool, err error) {
	if given != "" {
		return given, false, nil
	}
	return keptSecret(filepath.Join(dir, AdminKeyFile), "rtr_admin_")
}
