package main

import "github.com/routor/routor/engine"

// openLearner begins to follow the fleet's feedback. A server without a ledger does not know what feedback is about.
func (s *service) openLearner() {
	if s.c.Ledger.Enabled {
		s.learner = engine.OpenLearner(engine.LearnerOptions{State: s.state, Name: s.replica()})
		s.assembly.parts.Learned = s.learner.At
	}
}
