package engine

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"
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
	secret  []byte
	shards  [conversationShards]*lru.Cache[ConversationID, memory]
	buffers sync.Pool
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
	mixed  bool // more than one provider has answered
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
	key := sha256.Sum256(secret)
	c := &Conversations{secret: key[:], buffers: sync.Pool{New: func() any { return new([]byte) }}}
	for i := range c.shards {
		c.shards[i], _ = lru.New[ConversationID, memory]((size + conversationShards - 1) / conversationShards)
	}
	return c
}

// Identify says which conversation a request belongs to: the one that the client names in its header, else the prompt
// cache key, else metadata.user_id, else that of the same system prompt and first user turn. Identities of different API
// keys never meet.
func (c *Conversations) Identify(keyID, header string, r *chat.Request) (id ConversationID) {
	buf := c.buffers.Get().(*[]byte)
	b := part(append((*buf)[:0], c.secret...), keyID)
	switch {
	case header != "":
		b = part(part(b, "header"), header)
	case r.PromptCacheKey != "":
		b = part(part(b, "prompt_cache_key"), r.PromptCacheKey)
	case r.MetadataUserID != "":
		b = part(part(b, "user_id"), r.MetadataUserID)
	case r.FirstUser == "" && r.System == "":
		c.buffers.Put(buf)
		return id
	default:
		b = part(part(b, "first turn"), r.System[:min(len(r.System), firstBytes)])
		b = part(b, r.FirstUser[:min(len(r.FirstUser), firstBytes)])
	}
	sum := sha256.Sum256(b)
	copy(id[:], sum[:])
	*buf = b
	c.buffers.Put(buf)
	return id
}

// part appends a string with its length before it, so that no two lists of parts look alike.
func part(b []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint64(b, uint64(len(s))), s...)
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
	m.mixed = m.mixed || m.model != "" && providerOf(m.model) != providerOf(deployment)
	m.model, m.cached, m.at = deployment, cached, now
	m.turns++
	shard.Add(id, m)
}

// Mixed is whether more than one provider has answered in a conversation, as far as is known.
func (c *Conversations) Mixed(id ConversationID) bool {
	if id == (ConversationID{}) {
		return false
	}
	m, ok := c.shard(id).Peek(id)
	return ok && m.mixed
}

// providerOf is the provider in a deployment's id.
func providerOf(deployment string) string {
	provider, _, _ := strings.Cut(deployment, "/")
	return provider
}

// Len is how many conversations are remembered.
func (c *Conversations) Len() (n int) {
	for _, s := range c.shards {
		n += s.Len()
	}
	return n
}
