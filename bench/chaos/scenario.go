package chaos

import (
	"fmt"
	"os"

	"github.com/routor/routor/engine/config"
	"github.com/routor/routor/providers/sim"
)

// ReadScenario reads a file of weather for the simulated providers.
func ReadScenario(file string) (*sim.Scenario, error) {
	src, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the scenario: %w", err)
	}
	return ParseScenario(file, src)
}

// ParseScenario reads weather for the simulated providers, strictly. The error is config.Errors: what is wrong, where, and what
// to write instead.
func ParseScenario(file string, src []byte) (*sim.Scenario, error) {
	s := &sim.Scenario{}
	if err := config.Decode(file, src, s); err != nil {
		return nil, err
	}
	var wrong config.Errors
	if len(s.Steps) == 0 {
		wrong = append(wrong, config.Error{File: file, Path: "steps", Message: "there are none", Hint: "write for instance steps: [{share: 0.1, do: {error: overloaded}}]"})
	}
	for _, p := range s.Check() {
		wrong = append(wrong, config.Error{Path: p.Path, Message: p.Message, Hint: p.Hint}.Place(file, src))
	}
	if wrong != nil {
		return nil, wrong
	}
	return s, nil
}
