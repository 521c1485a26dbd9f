package engine

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/routor/routor/engine/store"
	"github.com/routor/routor/providers"
)

// TestFactsReachOtherReplicas has one replica publish through the state what another then has.
func TestFactsReachOtherReplicas(t *testing.T) {
	state, err := store.Open(t.Context(), store.Options{Dir: t.TempDir(), Log: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	defer state.Close()
	f := &Facts{state: state, self: "a", out: make(chan Fact, 1)}
	if !f.open(t.Context()) {
		t.Fatal("no stream")
	}
	go f.send(t.Context())
	got := make(chan sharedFact, 1)
	go state.Watch(t.Context(), store.Watch{Stream: factsStream, Subjects: []string{"facts.>"}, Each: func(m store.Message) {
		var fact sharedFact
		if err := json.Unmarshal(m.Data, &fact); err != nil {
			t.Error(err)
		}
		got <- fact
	}})
	until := time.Now().Add(time.Minute).Truncate(time.Second).UTC()
	f.Publish(Fact{Provider: "openai", Key: "k.1", Health: Health{State: providers.Limited, Until: until, Why: "429"}})
	select {
	case fact := <-got:
		if fact.From != "a" || fact.Provider != "openai" || fact.Key != "k.1" || fact.State != providers.Limited || !fact.Until.Equal(until) {
			t.Errorf("%+v", fact)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the fact did not come")
	}
}
