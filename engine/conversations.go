package engine

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/routor/routor/engine/chat"
)

const (
	// conversationLife is how long a conversation is remembered after its last turn.
	conversationLife = 6 * time.Hour
	// cacheLife is how long a provider is taken to keep a prompt prefix after its last use.
	cacheLife = 5 * time.Minute
	// firstBytes is how much of system prompt and first turn tells conversations apart.
	firstBytes = 16 << 10

	conversationShards = 16
)

// Conversations remembers what came before, by conversation: a bounded table in which the least recently used fall out,
// and entries expire. It is safe for concurrent use.
type Conversations struct {
	secret []byte
	shards [conversationShards]*lru.Cache[ConversationID, memory]
	hashes sync.Pool
}

// ConversationID is a conversation's identity: a keyed hash, so that it tells nothing of what it was made of. The zero ID
// is no conversation.
type ConversationID [16]byte

// String is the ID for records.
func (id ConversationID) String() string {
	if id == (ConversationID{}) {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(id[:])
}

// memory is what is kept of a conversation.
type memory struct {
	model  string // deployment id
	floor  float64
	cached int
	turns  int
	at     time.Time
}

// NewConversations makes a table of at most size conversations (0 = 100,000). The secret keys their identities: replicas
// that share conversations share it; nil = a random one.
func NewConversations(size int, secret []byte) *Conversations {
	if size <= 0 {
		size = 100_000
	}
	if secret == nil {
		secret = make([]byte, sha256.Size)
		rand.Read(secret)
	}
	c := &Conversations{secret: secret, hashes: sync.Pool{New: func() any { return sha256.New() }}}
	for i := range c.shards {
		c.shards[i], _ = lru.New[ConversationID, memory]((size + conversationShards - 1) / conversationShards)
	}
	return c
}

// Identify says which conversation a request belongs to: the one that the client names in its header, else the prompt
// cache key, else metadata.user_id, else that of the same system prompt and first user turn. Identities of different API
// keys never meet.
func (c *Conversations) Identify(keyID, header string, r *chat.Request) (id ConversationID) {
	h := c.hashes.Get().(hash.Hash)
	defer c.hashes.Put(h)
	h.Reset()
	h.Write(c.secret)
	part(h, keyID)
	switch {
	case header != "":
		part(h, "header")
		part(h, header)
	case r.PromptCacheKey != "":
		part(h, "prompt_cache_key")
		part(h, r.PromptCacheKey)
	case r.MetadataUserID != "":
		part(h, "user_id")
		part(h, r.MetadataUserID)
	case r.FirstUser == "" && r.System == "":
		return id
	default:
		part(h, "first turn")
		part(h, r.System[:min(len(r.System), firstBytes)])
		part(h, r.FirstUser[:min(len(r.FirstUser), firstBytes)])
	}
	var sum [sha256.Size]byte
	h.Sum(sum[:0])
	copy(id[:], sum[:])
	return id
}

// part hashes a string with its length before it, so that no two lists of parts look alike.
func part(h hash.Hash, s string) {
	var size [8]byte
	binary.LittleEndian.PutUint64(size[:], uint64(len(s)))
	h.Write(size[:])
	// hash.Hash takes no string; copying through a small buffer keeps the string from being copied to the heap.
	var buf [256]byte
	for len(s) > 0 {
		n := copy(buf[:], s)
		h.Write(buf[:n])
		s = s[n:]
	}
}

func (c *Conversations) shard(id ConversationID) *lru.Cache[ConversationID, memory] {
	return c.shards[id[0]%conversationShards]
}

// Get is what is known of a conversation at a time; the zero Conversation but for its ID where nothing is.
func (c *Conversations) Get(id ConversationID, now time.Time) Conversation {
	if id == (ConversationID{}) {
		return Conversation{}
	}
	m, ok := c.shard(id).Get(id)
	if !ok || now.Sub(m.at) > conversationLife {
		return Conversation{}
	}
	conv := Conversation{Model: m.model, Floor: m.floor, Turns: m.turns}
	if now.Sub(m.at) <= cacheLife {
		conv.Cached = m.cached
	}
	return conv
}

// Answered remembers a turn that was answered: by which deployment, how difficult it was, and how many tokens of prompt
// and answer the provider may have cached now. A bare continuation and a "thanks" say nothing new about the difficulty.
func (c *Conversations) Answered(id ConversationID, now time.Time, deployment string, difficulty float64, substantial bool, cached int) {
	if id == (ConversationID{}) {
		return
	}
	shard := c.shard(id)
	m, ok := shard.Get(id)
	if !ok || now.Sub(m.at) > conversationLife {
		m = memory{}
	}
	if substantial {
		m.floor = max(m.floor, difficulty)
	}
	m.model, m.cached, m.at = deployment, cached, now
	m.turns++
	shard.Add(id, m)
}

// Len is how many conversations are remembered.
func (c *Conversations) Len() (n int) {
	for _, s := range c.shards {
		n += s.Len()
	}
	return n
}
