package access

import (
	"encoding/json"
	"fmt"
)

// The roles of the admin API.
const (
	RoleAdmin  = "admin"  // may change everything
	RoleViewer = "viewer" // may look
)

// Scope is what a key of the admin API may do there.
type Scope struct {
	Role        string `json:"role"`         // admin or viewer
	ReadPrompts bool   `json:"read_prompts"` // sees what is kept of prompts' words, which is apart from the role
}

// check says what is wrong with a scope; nil, a client's, is right.
func (s *Scope) check() error {
	if s != nil && s.Role != RoleAdmin && s.Role != RoleViewer {
		return fmt.Errorf("role: %q is none: there are %s and %s", s.Role, RoleAdmin, RoleViewer)
	}
	return nil
}

// prefix begins the secrets of a scope's keys.
func (s *Scope) prefix() string {
	if s != nil {
		return adminPrefix
	}
	return Prefix
}

// adminPrefix begins every secret of the admin API.
const adminPrefix = Prefix + "admin_"

// called is what a key's name is known by: a client's key and one of the admin API may have the same.
func (k *Key) called() string {
	if k.Admin != nil {
		return "\x00" + k.Name
	}
	return k.Name
}

// what is a key's word in the audit log.
func (k *Key) what() string {
	if k.Admin != nil {
		return "admin_key"
	}
	return "key"
}

// shown is what the audit log compares of a key: no secret, and no hash of one.
func (k *Key) shown() []byte {
	if k == nil {
		return nil
	}
	src, err := json.MarshalIndent(k, "", "  ")
	if err != nil {
		panic("BUG: encode a key: " + err.Error())
	}
	return append(src, '\n')
}

// LookupAdmin is the key of the admin API whose secret was sent. The error is ErrUnknown, ErrRevoked or ErrExpired.
func (s *Store) LookupAdmin(secret []byte) (*Key, error) { return s.lookup(secret, true) }

// Admins are all keys of the admin API in order of creation.
func (s *Store) Admins() []Key { return s.list(true) }

// Admin is a key of the admin API by id or by name, as Get.
func (s *Store) Admin(id string) (Key, bool) {
	for _, name := range [...]string{id, (&Key{Name: id, Admin: &Scope{}}).called()} {
		if k := s.find(name); k != nil && k.Admin != nil {
			return *k.Key, true
		}
	}
	return Key{}, false
}
