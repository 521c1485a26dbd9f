package api

import (
	"testing"

	"github.com/routor/routor/engine/ledger"
)

func TestEmbeddingsAreRecorded(t *testing.T) {
	t.Parallel()
	r, l, flush := recorded(t, setup{})
	if a := r.do("POST", "/v1/embeddings", `{"model":"openai/text-embedding-3-small","input":"hi"}`, "X-Request-Id: good"); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	r.do("POST", "/v1/embeddings", `{"model":"no-such-model","input":"hi"}`, "X-Request-Id: bad")
	flush()
	good, err := l.Get(t.Context(), "good")
	if err != nil {
		t.Fatal(err)
	}
	if good.Dialect != "embeddings" || good.Outcome != "ok" || good.Provider != "openai" || good.Asked != "openai/text-embedding-3-small" || len(good.Attempts) != 1 ||
		good.Tokens.Prompt == 0 || good.Decision != nil || good.Prompt != (ledger.Prompt{}) || good.Took <= 0 {
		t.Errorf("%+v", good)
	}
	bad, err := l.Get(t.Context(), "bad")
	if err != nil || bad.Status != 404 || bad.Outcome != "model_not_found" || len(bad.Attempts) != 0 {
		t.Errorf("%v %+v", err, bad)
	}
	if a := r.do("GET", "/admin/decisions/good", "", asAdmin); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
}
