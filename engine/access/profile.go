package access

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/routor/routor/engine/config"
	"github.com/routor/routor/engine/label"
	"github.com/routor/routor/engine/nearest"
)

// DefaultProfile is the profile of keys and callers that name none. If no such profile is written it bounds nothing.
const DefaultProfile = "default"

// Profile is what a caller may use and spend: a bound that a request can only narrow. The zero Profile bounds nothing.
type Profile struct {
	Name         string              `yaml:"-" json:"name"`
	Floor        *label.Tier         `yaml:"floor" json:"floor,omitempty" example:"SIMPLE" doc:"Lowest tier that its requests are routed at."`
	Ceiling      *label.Tier         `yaml:"ceiling" json:"ceiling,omitempty" example:"STANDARD" doc:"Highest tier that its requests are routed at."`
	MaxCostUSD   *float64            `yaml:"max_cost" json:"max_cost,omitempty" min:"0" example:"0.05" doc:"Most that one request may be expected to cost, USD."`
	BFCLMin      *float64            `yaml:"bfcl_min" json:"bfcl_min,omitempty" min:"0" max:"1" example:"0.7" doc:"Least tool-calling accuracy of a model; one whose accuracy is unknown does not pass."`
	Balance      *float64            `yaml:"balance" json:"balance,omitempty" min:"0" max:"1" example:"0.5" doc:"Quality against saving, 0 cheapest to 1 best, in place of the policy's."`
	Allow        []string            `yaml:"allow" json:"allow,omitempty" example:"[anthropic/*, openai/gpt-5.5]" doc:"Models that may be used; * stands for any text without a slash, and alone for all. Default: all."`
	Never        []string            `yaml:"never" json:"never,omitempty" example:"[xai/*]" doc:"Models that may not be used, whatever allow says."`
	NoTools      bool                `yaml:"no_tools" json:"no_tools,omitempty" default:"false" doc:"Requests with tools are refused."`
	NoImages     bool                `yaml:"no_images" json:"no_images,omitempty" default:"false" doc:"Requests with images are refused."`
	MaxPrompt    int                 `yaml:"max_prompt_tokens" json:"max_prompt_tokens,omitempty" min:"0" example:"100000" doc:"Longest prompt, in tokens as estimated; 0 = no limit."`
	Modes        []string            `yaml:"modes" json:"modes,omitempty" oneof:"auto,tier,direct" example:"[auto, tier]" doc:"How a request may choose: let Routor (auto), by tier, or by naming a model (direct). Default: all."`
	Models       map[string]string   `yaml:"models" json:"models,omitempty" example:"{\"claude-*\": auto}" doc:"Names that clients insist on, * for any text without a slash, to auto, auto/PROFILE or a model."`
	Fallbacks    map[string][]string `yaml:"fallbacks" json:"fallbacks,omitempty" example:"{openai/gpt-5.5: [anthropic/claude-opus-4.8]}" doc:"Models to go on with when a named model fails."`
	Override     string              `yaml:"override_model" json:"override_model,omitempty" example:"auto" doc:"Routes every request as this, whatever model it names."`
	OnFilter     string              `yaml:"on_filter" json:"on_filter,omitempty" oneof:"end,next" example:"next" doc:"When a provider's content filter refuses a request: end it with the provider's error, or ask the next provider. Default: end."`
	Continue     bool                `yaml:"continue" json:"continue,omitempty" default:"false" doc:"A stream that breaks after its first words is gone on with by a model that can continue a text (prefill in the catalog), in chat completions: never inside a tool call, structured output or reasoning."`
	Learn        bool                `yaml:"learn" json:"learn,omitempty" default:"false" doc:"Feedback on its requests, and what Routor itself sees of their answers, move what is expected of models for profiles that say so (see feedback.md)."`
	Timeouts     *config.Timeouts    `yaml:"timeouts" json:"timeouts,omitempty" inherit:"timeouts" doc:"In place of the general timeouts, one by one; total is the whole request's."`
	Limits       *Limits             `yaml:"limits" json:"limits,omitempty" doc:"How much all its callers together may use. Keys may have limits of their own; whichever is stricter counts."`
	Strict       bool                `yaml:"strict" json:"strict,omitempty" default:"false" doc:"A parameter that the chosen provider can't take is an error rather than dropped."`
	Store        string              `yaml:"store" json:"store,omitempty" oneof:"allow" example:"allow" doc:"allow: answers may be stored at the provider and gone on from, where a client of /v1/responses asks for it (store, previous_response_id, conversation, background). Default: they may not, and store is sent as false."`
	CodeQuality  *int                `yaml:"code_quality" json:"code_quality,omitempty" min:"0" max:"2" example:"2" doc:"For coding: 0 fast, 1 balanced, 2 best."`
	Prompts      string              `yaml:"prompts" json:"prompts,omitempty" oneof:"none,hash,features,text" example:"text" doc:"What the ledger keeps of prompts: nothing, a keyed hash, features (classification and facts, enough to try other rules), or the redacted text too (to try another classifier). Default: features."`
	PromptSample *float64            `yaml:"prompt_sample" json:"prompt_sample,omitempty" min:"0" max:"1" example:"0.1" doc:"With prompts: text, the share of requests whose text is kept; of the others features are. Default: all."`
	ChatQuality  *int                `yaml:"chat_quality" json:"chat_quality,omitempty" min:"0" max:"2" example:"1" doc:"For all else: 0 fast, 1 balanced, 2 best."`
}

// ParseProfiles reads a file of profiles: a mapping of names. The error is config.Errors.
func ParseProfiles(file string, src []byte) (map[string]*Profile, error) {
	read := map[string]Profile{}
	if err := config.Decode(file, src, &read); err != nil {
		return nil, err
	}
	return checked(file, src, "", read)
}

// ReadProfiles reads the profiles that the configuration holds or names; none if it does neither.
func ReadProfiles(s config.Section) (map[string]*Profile, error) {
	switch {
	case s.File != "":
		src, err := os.ReadFile(string(s.File))
		if err != nil {
			return nil, fmt.Errorf("read the profiles: %w", err)
		}
		return ParseProfiles(string(s.File), src)
	case s.Node != nil:
		read := map[string]Profile{}
		if err := config.DecodeNode(s.In, "profiles", s.Node, &read); err != nil {
			return nil, err
		}
		src, err := sectionSource(s.Node)
		if err != nil {
			return nil, err
		}
		return checked(s.In, src, "profiles.", read)
	}
	return map[string]*Profile{}, nil
}

func sectionSource(n *yaml.Node) ([]byte, error) {
	var b bytes.Buffer
	err := yaml.NewEncoder(&b).Encode(map[string]*yaml.Node{"profiles": n})
	return b.Bytes(), err
}

var profileName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

func checked(file string, src []byte, prefix string, read map[string]Profile) (map[string]*Profile, error) {
	var wrong config.Errors
	profiles := make(map[string]*Profile, len(read))
	for name := range read {
		profiles[name] = new(read[name])
	}
	for name, p := range profiles {
		p.Name = name
		fail := func(path, hint, format string, args ...any) {
			if path != "" {
				path = "." + path
			}
			e := config.Error{File: file, Path: prefix + name + path, Message: fmt.Sprintf(format, args...), Hint: hint}
			if prefix == "" { // an inline section was written anew and has lost its lines
				e = e.Place(file, src)
			}
			wrong = append(wrong, e)
		}
		if !profileName.MatchString(name) {
			fail("", "use letters, digits, dot, - and _", "is not a name")
		}
		if p.Floor != nil && p.Ceiling != nil && *p.Floor > *p.Ceiling {
			fail("floor", "", "%s is above the ceiling %s", *p.Floor, *p.Ceiling)
		}
		targets := map[string]string{"override_model": p.Override}
		for from, to := range p.Models {
			targets["models."+from] = to
		}
		for path, to := range targets {
			if other, ok := strings.CutPrefix(to, "auto/"); ok && profiles[other] == nil && other != DefaultProfile {
				fail(path, nearest.Hint(other, names(profiles)), "there is no profile %q", other)
			}
		}
	}
	if len(wrong) > 0 {
		slices.SortFunc(wrong, func(a, b config.Error) int { return strings.Compare(a.Path, b.Path) })
		return nil, wrong
	}
	return profiles, nil
}

func names(profiles map[string]*Profile) []string {
	list := make([]string, 0, len(profiles))
	for name := range profiles {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}
