package store

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// Kind is what a document is.
type Kind string

// The kinds of documents that make up what serves.
const (
	Policy     Kind = "policy"
	Catalog    Kind = "catalog"
	Profiles   Kind = "profiles"
	Classifier Kind = "classifier"
	Rollout    Kind = "rollout" // what is tried beside them
)

// Kinds are all kinds, in the order in which they are built: each is checked against those before it.
var Kinds = []Kind{Catalog, Profiles, Classifier, Policy, Rollout}

// Live is the name of the document that serves. Others may be kept under names of their own.
const Live = "live"

// The owners of a document: who may change it.
const (
	OwnerFile  = "file"
	OwnerStore = "store"
)

// Version is one version of a document. It never changes once it is published.
type Version struct {
	Kind   Kind      `json:"kind"`
	Name   string    `json:"name"`
	Number uint64    `json:"version"` // from 1, without gaps
	ID     string    `json:"id"`      // of this publish: tells it, sent twice, from another's
	Author string    `json:"author"`
	Note   string    `json:"note,omitempty"`
	Time   time.Time `json:"time"`
	Owner  string    `json:"owner"`              // file or store
	File   string    `json:"file,omitempty"`     // that it was read from
	Hash   string    `json:"hash"`               // SHA-256 of the content, hexadecimal
	Size   int       `json:"size"`               // of the content, bytes
	Object string    `json:"object,omitempty"`   // where the content is when it is not in the message
	Back   uint64    `json:"rollback,omitempty"` // the version whose content this brings back
	Adopts bool      `json:"adopts,omitempty"`   // the store takes over what a file owned
	Diff   string    `json:"diff,omitempty"`     // to the version before, for texts
	Title  string    `json:"title,omitempty"`    // what it calls itself: a module's name and version

	Content []byte `json:"-"` // nil when it is an object, until Fetch
	Seq     uint64 `json:"-"` // in the history's stream
}

// Hash is a content's SHA-256 as a Version has it.
func Hash(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

func newID() string {
	var b [12]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return hex.EncodeToString(b[:])
}

// Line is a version for people, on one line.
func (v *Version) Line() string {
	s := fmt.Sprintf("version %d of the %s, by %s on %s", v.Number, v.Kind, v.Author, v.Time.Format(time.RFC3339))
	if v.Note != "" {
		s += fmt.Sprintf(" (%q)", v.Note)
	}
	return s
}

// ErrConflict says that a document was changed since the version that a change was made to.
type ErrConflict struct {
	On    uint64   // what the change was made to
	Other *Version // what is there now; nil = nothing
}

func (e *ErrConflict) Error() string {
	if e.Other == nil {
		return fmt.Sprintf("the change was made to version %d, but nothing was published yet: the first one is made to version 0", e.On)
	}
	s := fmt.Sprintf("the change was made to version %d, but there is %s: look at what changed, and make it again", e.On, e.Other.Line())
	if e.Other.Diff != "" {
		s += "\n" + strings.TrimRight(e.Other.Diff, "\n")
	}
	return s
}

// ErrNoVersion says that a document has no such version.
var ErrNoVersion = errors.New("there is no such version")

// metaHeader holds a Version as JSON; the body of the message is its content as it is.
const metaHeader = "Routor"

func (v *Version) subject() string { return subject(v.Kind, v.Name) }

func subject(kind Kind, name string) string { return "history." + string(kind) + "." + Escape(name) }

func (v *Version) message() (*nats.Msg, error) {
	meta, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("BUG: encode a version: %w", err)
	}
	m := nats.NewMsg(v.subject())
	m.Header.Set(metaHeader, string(meta))
	if v.Object == "" {
		m.Data = v.Content
	}
	return m, nil
}

// parseVersion reads a message of the history.
func parseVersion(header nats.Header, data []byte, seq uint64) (*Version, error) {
	v := &Version{}
	if err := json.Unmarshal([]byte(header.Get(metaHeader)), v); err != nil {
		return nil, fmt.Errorf("state: message %d of the history is no version of a document: %w", seq, err)
	}
	if !slices.Contains(Kinds, v.Kind) || v.Number == 0 {
		return nil, fmt.Errorf("state: message %d of the history has kind %q and version %d, which this Routor does not know", seq, v.Kind, v.Number)
	}
	v.Seq = seq
	if v.Object == "" {
		v.Content = data
	}
	return v, nil
}
