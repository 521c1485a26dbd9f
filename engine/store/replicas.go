package store

import (
	"errors"

	"github.com/nats-io/nats.go/jetstream"
)

// wanted is how many servers of a cluster should hold each message: with three, one may be lost, and two still agree.
const wanted = 3

// What a server answers that can't place a stream on so many (JetStream API error codes).
const (
	codeNoPeers          = 10005 // no suitable peers for placement
	codeNoResources      = 10023 // insufficient resources
	codeReplicasNotTaken = 10074 // replicas > 1 not supported in non-clustered mode
)

// Replicas is on how many servers each message is held; 0 = not found out yet, because nobody has answered.
func (s *Store) Replicas() int {
	if s.embedded != nil {
		return 1
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.replicas
}

// replicated calls f with the number of copies: as told, else three, else one if the cluster has no three servers. Whether it
// has is asked by trying, which is the only answer that counts.
func (s *Store) replicated(f func(replicas int) error) error {
	n := s.Replicas()
	if n == 0 {
		n = s.options.Replicas
	}
	if n > 0 {
		err := f(n)
		if err == nil {
			s.found(n)
		}
		return err
	}
	err := f(wanted)
	if err == nil {
		s.found(wanted)
		return nil
	}
	var api jetstream.JetStreamError
	if !errors.As(err, &api) || api.APIError() == nil {
		return err
	}
	switch api.APIError().ErrorCode {
	case codeNoPeers, codeNoResources, codeReplicasNotTaken:
	default:
		return err
	}
	if err := f(1); err != nil {
		return err
	}
	s.found(1)
	return nil
}

func (s *Store) found(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replicas = n
	if n == 1 && s.embedded == nil && s.options.Replicas == 0 && !s.warned {
		s.warned = true
		s.options.Log("warning: the NATS cluster has no three servers that could hold the state: it is kept once, and lost with the server that holds it")
	}
}
