// Package access is who may call: keys and profiles, and the bounds that a profile sets. Keys live in keys.json of the data
// directory, profiles in profiles.yaml beside it or in routor.yaml.
package access

import "time"

// Key is an API key's record. The key itself is never kept, only its HMAC-SHA-256, which never leaves keys.json.
type Key struct {
	ID      string    `json:"id"` // public, "key_…"; shown in lists, used to revoke
	Last4   string    `json:"last4"`
	Name    string    `json:"name"`
	Team    string    `json:"team,omitempty"`
	Owner   string    `json:"owner,omitempty"`
	Tags    []string  `json:"tags,omitempty"`
	Profile string    `json:"profile,omitempty"`  // "" = default
	Also    []string  `json:"profiles,omitempty"` // other profiles a request may ask for with routor_profile
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires,omitzero"`
	Revoked time.Time `json:"revoked,omitzero"`
	Limits  *Limits   `json:"limits,omitempty"` // of this key alone; those of its profile count too
	Admin   *Scope    `json:"admin,omitempty"`  // of a key of the admin API, which calls no model; nil = it is a client's

	hash digest
}

// State is active, expired or revoked.
func (k *Key) State(now time.Time) string {
	switch {
	case !k.Revoked.IsZero():
		return "revoked"
	case k.expired(now):
		return "expired"
	}
	return "active"
}

func (k *Key) expired(now time.Time) bool { return !k.Expires.IsZero() && !now.Before(k.Expires) }

// ProfileName is the profile that the key's requests have when they ask for none.
func (k *Key) ProfileName() string {
	if k.Profile == "" {
		return DefaultProfile
	}
	return k.Profile
}
