// Package label holds the closed sets that every other room speaks in: difficulty tiers, task categories and knowledge
// domains. It knows of nothing else, so the request, the catalog, the classifier and the policy can all name them.
package label

import (
	"fmt"
	"strings"
)

// Tier is how strong a model a fully satisfying answer needs.
type Tier uint8

// The five tiers, easiest first. They compare with < and >.
const (
	Nano Tier = iota
	Simple
	Light
	Standard
	Complex
	NumTiers = 5
)

// Tiers are the tiers' names in order.
var Tiers = [NumTiers]string{"NANO", "SIMPLE", "LIGHT", "STANDARD", "COMPLEX"}

func (t Tier) String() string {
	if int(t) < len(Tiers) {
		return Tiers[t]
	}
	return "UNKNOWN"
}

// MarshalText writes the tier's name.
func (t Tier) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads a tier's name in any case.
func (t *Tier) UnmarshalText(text []byte) error {
	tier, ok := ParseTier(string(text))
	if !ok {
		return fmt.Errorf("%q is no tier: there are %s", text, strings.Join(Tiers[:], ", "))
	}
	*t = tier
	return nil
}

// ParseTier reads a tier's name in any case.
func ParseTier(s string) (Tier, bool) {
	for i, name := range Tiers {
		if strings.EqualFold(s, name) {
			return Tier(i), true
		}
	}
	return 0, false
}

// Category is what the request asks a model to do.
type Category uint8

// The 14 categories.
const (
	Coding Category = iota
	Math
	Reasoning
	Knowledge
	ClosedQA
	DataAnalysis
	ExtractClassify
	Summarization
	Translation
	Rewrite
	Writing
	BrainstormPlan
	ChatRoleplay
	ToolUse
	NumCategories = 14
)

// Categories are the categories' names in order.
var Categories = [NumCategories]string{
	"coding", "math", "reasoning", "knowledge", "closed_qa", "data_analysis", "extract_classify", "summarization",
	"translation", "rewrite", "writing", "brainstorm_plan", "chat_roleplay", "tool_use",
}

func (c Category) String() string {
	if int(c) < len(Categories) {
		return Categories[c]
	}
	return "unknown"
}

// MarshalText writes the category's name.
func (c Category) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// ParseCategory reads a category's name.
func ParseCategory(s string) (Category, bool) {
	i := index(Categories[:], s)
	return Category(max(i, 0)), i >= 0
}

// Domain is the field of knowledge that a request touches.
type Domain uint8

// NumDomains is how many domains there are; OtherDomain is everyday life, language, arts and small talk.
const (
	NumDomains         = 14
	OtherDomain Domain = 13
)

// Domains are the domains' names in order.
var Domains = [NumDomains]string{
	"math", "physics", "chemistry", "biology", "health", "law", "economics", "business", "psychology", "philosophy",
	"history", "engineering", "computer_science", "other",
}

func (d Domain) String() string {
	if int(d) < len(Domains) {
		return Domains[d]
	}
	return "unknown"
}

// MarshalText writes the domain's name.
func (d Domain) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// ParseDomain reads a domain's name.
func ParseDomain(s string) (Domain, bool) {
	i := index(Domains[:], s)
	return Domain(max(i, 0)), i >= 0
}

func index(names []string, s string) int {
	for i, n := range names {
		if n == s {
			return i
		}
	}
	return -1
}
