package classifiers

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/routor/routor/engine/label"
)

// Card is what a module says of itself, as JSON in its custom section "routor.meta" or, where a toolchain can't write
// sections, as the answer of routor_info():
//
//	{"name": "support", "version": "3", "description": "…",
//	 "heads": [{"name": "category", "labels": ["coding", …]}, {"name": "domain", "labels": […]},
//	           {"name": "intent", "labels": ["billing", "technical", "sales"]}],
//	 "languages": ["en", "de"], "trained_on": ["routerbench 0.1"], "licences": ["MIT"],
//	 "figures": {"category_accuracy": 0.71}, "weights_sha256": "…"}
//
// name, version and the head "category" are required; category must list the 14 labels of package label and domain, if there,
// its 14, each in any order. Fields that are not known are ignored.
type Card struct {
	Name        string     `json:"name"`
	Version     string     `json:"version"`
	Description string     `json:"description,omitempty"`
	Heads       []HeadCard `json:"heads"` // in the order of the result
	Languages   []string   `json:"languages,omitempty"`
	TrainedOn   []string   `json:"trained_on,omitempty"`
	Licences    []string   `json:"licences,omitempty"`
	// Figures are measurements by name, such as "category_accuracy" (0..1).
	Figures       map[string]float64 `json:"figures,omitempty"`
	WeightsSHA256 string             `json:"weights_sha256,omitempty"` // hex, of the baked weights
}

// HeadCard is one head and its labels, in the order of its probabilities.
type HeadCard struct {
	Name   string   `json:"name"`
	Labels []string `json:"labels"`
	// order maps position i of the module's labels to a position in label.Categories or label.Domains; nil = as they are.
	order []uint8
}

const (
	headCategory = "category"
	headDomain   = "domain"

	// MetaSection is the custom section that holds the card.
	MetaSection = "routor.meta"

	maxCardBytes = 1 << 20
	maxHeads     = 32
	maxLabels    = 4096 // of one head
	maxNameBytes = 128
)

// ErrCard marks a card that is missing or wrong.
var ErrCard = errors.New("card")

// ParseCard reads and checks a card's JSON.
func ParseCard(src []byte) (Card, error) {
	if len(src) > maxCardBytes {
		return Card{}, fmt.Errorf("%w: %d bytes, at most %d are read", ErrCard, len(src), maxCardBytes)
	}
	var c Card
	if err := json.Unmarshal(src, &c); err != nil {
		return Card{}, fmt.Errorf("%w: section %s or routor_info() is not a card's JSON: %w", ErrCard, MetaSection, err)
	}
	if err := c.check(); err != nil {
		return Card{}, fmt.Errorf("%w: %w", ErrCard, err)
	}
	return c, nil
}

// String is the module's name and version, as results name it.
func (c Card) String() string { return c.Name + " " + c.Version }

// Head finds a head by name; nil = there is none.
func (c Card) Head(name string) *HeadCard {
	for i := range c.Heads {
		if c.Heads[i].Name == name {
			return &c.Heads[i]
		}
	}
	return nil
}

func (c *Card) check() error {
	if err := named("name", c.Name); err != nil {
		return err
	}
	if err := named("version", c.Version); err != nil {
		return err
	}
	if len(c.Heads) > maxHeads {
		return fmt.Errorf("%d heads, at most %d are allowed", len(c.Heads), maxHeads)
	}
	seen := map[string]bool{}
	for i := range c.Heads {
		h := &c.Heads[i]
		if err := named(fmt.Sprintf("heads[%d].name", i), h.Name); err != nil {
			return err
		}
		if seen[h.Name] {
			return fmt.Errorf("head %q is listed twice", h.Name)
		}
		seen[h.Name] = true
		if err := h.check(); err != nil {
			return fmt.Errorf("head %q: %w", h.Name, err)
		}
	}
	if !seen[headCategory] {
		return fmt.Errorf("head %q is missing; it must list the labels %s", headCategory, strings.Join(label.Categories[:], ", "))
	}
	return nil
}

func (h *HeadCard) check() error {
	if len(h.Labels) == 0 || len(h.Labels) > maxLabels {
		return fmt.Errorf("%d labels, must be 1 to %d", len(h.Labels), maxLabels)
	}
	seen := make(map[string]bool, len(h.Labels))
	for i, l := range h.Labels {
		if err := named(fmt.Sprintf("labels[%d]", i), l); err != nil {
			return err
		}
		if seen[l] {
			return fmt.Errorf("label %q is listed twice", l)
		}
		seen[l] = true
	}
	switch h.Name {
	case headCategory:
		return h.mapTo(label.Categories[:])
	case headDomain:
		return h.mapTo(label.Domains[:])
	}
	return nil
}

// mapTo notes where each label lies in the closed set, which the labels must cover.
func (h *HeadCard) mapTo(set []string) error {
	h.order = make([]uint8, len(h.Labels))
	for i, l := range h.Labels {
		at := slices.Index(set, l)
		if at < 0 {
			return fmt.Errorf("unknown label %q; the labels are %s", l, strings.Join(set, ", "))
		}
		h.order[i] = uint8(at)
	}
	if len(h.Labels) != len(set) {
		return fmt.Errorf("%d labels, must be all %d: %s", len(h.Labels), len(set), strings.Join(set, ", "))
	}
	return nil
}

func named(field, s string) error {
	if s == "" || len(s) > maxNameBytes {
		return fmt.Errorf("%s is %d bytes long, must be 1 to %d", field, len(s), maxNameBytes)
	}
	return nil
}
