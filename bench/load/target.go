// Package load measures gateways side by side: a load generator with open and closed loop, the processes of the gateways
// with their processor time and memory, and the reports.
package load

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Target is a gateway, or the upstream itself.
type Target struct {
	Name    string            `yaml:"name"`
	URL     string            `yaml:"url"`     // of its chat completions
	Headers map[string]string `yaml:"headers"` // values may be ${VARIABLES}
	Model   string            `yaml:"model"`   // "" = as the workload has it
	PID     int               `yaml:"pid"`     // of its process, for processor time and memory; 0 = unknown
}

// Peers reads targets from YAML, a list:
//
//   - name: bifrost
//     url: http://127.0.0.1:8080/v1/chat/completions
//     headers: {Authorization: "Bearer ${BIFROST_KEY}"}
//     model: openai/gpt-4o-mini
//     pid: 4242
//
// Errors name the entry and what to write instead.
func Peers(r io.Reader) ([]Target, error) {
	d := yaml.NewDecoder(r)
	d.KnownFields(true)
	var list []Target
	if err := d.Decode(&list); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("peers: %w (each entry has name, url, headers, model, pid)", err)
	}
	for i := range list {
		t := &list[i]
		u, err := url.Parse(t.URL)
		switch {
		case t.Name == "":
			return nil, fmt.Errorf("peers: entry %d has no name", i+1)
		case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
			return nil, fmt.Errorf("peers: %s: url %q is none: write the whole address of its chat completions, such as http://127.0.0.1:8080/v1/chat/completions", t.Name, t.URL)
		case slices.ContainsFunc(list[:i], func(o Target) bool { return o.Name == t.Name }):
			return nil, fmt.Errorf("peers: %s is there twice", t.Name)
		}
		for k, v := range t.Headers {
			if strings.ContainsAny(k, "\r\n: ") || strings.ContainsAny(v, "\r\n") {
				return nil, fmt.Errorf("peers: %s: header %q holds what no header may", t.Name, k)
			}
			t.Headers[k] = os.ExpandEnv(v)
		}
	}
	return list, nil
}
