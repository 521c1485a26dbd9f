package access

import (
	"bytes"
	"fmt"

	"go.yaml.in/yaml/v3"

	"github.com/routor/routor/engine/nearest"
)

// WithLimits is a file of profiles in which one profile has these limits in place of its own; nil = none. Comments and the rest
// stay as they are. A default profile that is not written yet is added, another is an error.
func WithLimits(src []byte, profile string, limits *Limits) ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(src, &doc); err != nil {
		return nil, fmt.Errorf("read the profiles: %w", err)
	}
	if doc.Kind == 0 {
		doc = yaml.Node{Kind: yaml.DocumentNode, Content: []*yaml.Node{{Kind: yaml.MappingNode}}}
	}
	root := doc.Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		*root = yaml.Node{Kind: yaml.MappingNode, HeadComment: root.HeadComment}
	}
	if root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("line %d: profiles are a mapping of names", root.Line)
	}
	of := member(root, profile)
	if of == nil {
		if profile != DefaultProfile {
			var known []string
			for i := 0; i < len(root.Content); i += 2 {
				known = append(known, root.Content[i].Value)
			}
			hint := nearest.Hint(profile, known)
			if hint != "" {
				hint = ": " + hint
			}
			return nil, fmt.Errorf("there is no profile %q%s", profile, hint)
		}
		of = &yaml.Node{Kind: yaml.MappingNode}
		root.Content = append(root.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: profile}, of)
	}
	if of.Kind == yaml.ScalarNode && of.Tag == "!!null" {
		*of = yaml.Node{Kind: yaml.MappingNode}
	}
	if of.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("line %d: profile %q is no mapping", of.Line, profile)
	}
	setLimits(of, limits)
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	if err := e.Encode(&doc); err != nil {
		return nil, fmt.Errorf("write the profiles: %w", err)
	}
	return out.Bytes(), nil
}

func setLimits(of *yaml.Node, limits *Limits) {
	const name = "limits"
	for i := 0; i < len(of.Content); i += 2 {
		if of.Content[i].Value == name {
			of.Content = append(of.Content[:i], of.Content[i+2:]...)
			break
		}
	}
	if !limits.Any() {
		return
	}
	value := &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle}
	add := func(key, text string) {
		value.Content = append(value.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, &yaml.Node{Kind: yaml.ScalarNode, Value: text})
	}
	if limits.Requests > 0 {
		add(LimitRequests, fmt.Sprint(limits.Requests))
	}
	if limits.Tokens > 0 {
		add(LimitTokens, fmt.Sprint(limits.Tokens))
	}
	if limits.DayUSD != nil {
		add(LimitDay, decimal(*limits.DayUSD))
	}
	if limits.MonthUSD != nil {
		add(LimitMonth, decimal(*limits.MonthUSD))
	}
	of.Content = append(of.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: name}, value)
}

// member is the value of a mapping's key, nil = it has none.
func member(of *yaml.Node, key string) *yaml.Node {
	for i := 0; i < len(of.Content); i += 2 {
		if of.Content[i].Value == key {
			return of.Content[i+1]
		}
	}
	return nil
}
