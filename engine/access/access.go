// Package access is who may call: keys and profiles, and the bounds that a profile sets.
package access

import (
	"time"

	"github.com/routor/routor/engine/label"
)

// Key is an API key's record. The key itself is never kept, only its HMAC-SHA-256.
type Key struct {
	ID      string    `json:"id"` // public, "key_…"; shown in lists, used to revoke
	Hash    string    `json:"hash"`
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
}

// Profile is what a caller may use and spend: a bound that a request can only narrow. The zero Profile bounds nothing.
type Profile struct {
	Name        string              `yaml:"-" json:"name"`
	Floor       *label.Tier         `yaml:"floor" json:"floor,omitempty"`
	Ceiling     *label.Tier         `yaml:"ceiling" json:"ceiling,omitempty"`
	MaxCostUSD  *float64            `yaml:"max_cost" json:"max_cost,omitempty"` // per request
	BFCLMin     *float64            `yaml:"bfcl_min" json:"bfcl_min,omitempty"`
	Balance     *float64            `yaml:"balance" json:"balance,omitempty"` // 0 cheapest … 1 best
	Allow       []string            `yaml:"allow" json:"allow,omitempty"`     // model, provider/* or * globs; empty = all
	Never       []string            `yaml:"never" json:"never,omitempty"`
	NoTools     bool                `yaml:"no_tools" json:"no_tools,omitempty"`
	NoImages    bool                `yaml:"no_images" json:"no_images,omitempty"`
	MaxPrompt   int                 `yaml:"max_prompt_tokens" json:"max_prompt_tokens,omitempty"`
	Modes       []string            `yaml:"modes" json:"modes,omitempty"`   // auto, tier, direct; empty = all
	Models      map[string]string   `yaml:"models" json:"models,omitempty"` // alias or glob → auto, auto/PROFILE, model id
	Fallbacks   map[string][]string `yaml:"fallbacks" json:"fallbacks,omitempty"`
	Override    string              `yaml:"override_model" json:"override_model,omitempty"`
	Strict      bool                `yaml:"strict" json:"strict,omitempty"`
	CodeQuality *int                `yaml:"code_quality" json:"code_quality,omitempty"`
	ChatQuality *int                `yaml:"chat_quality" json:"chat_quality,omitempty"`
}
