package engine

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/routor/routor/engine/access"
)

// TestEmbeddingsFailOver goes between the places that serve a model, never to another.
func TestEmbeddingsFailOver(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(c string) string {
		c = strings.Replace(c, "models:\n", "models:\n  oak/emb: {context: 8000, input: [text], output: [text]}\n", 1)
		return c + "  oak/emb-1: {model: oak/emb, surface: embeddings, prices: {input: 1}}\n  oak/emb-2: {model: oak/emb, surface: embeddings, prices: {input: 2}}\n"
	})
	down := map[string]bool{}
	say := func(path, body string) (int, string) {
		for name := range down {
			if strings.Contains(body, `"model":"`+name+`"`) {
				return 503, `{"error":{"message":"down"}}`
			}
		}
		if path != "/v1/embeddings" || strings.Contains(body, "routor_") {
			return 404, `{}`
		}
		return 200, `{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5]}],"model":"m","usage":{"prompt_tokens":1000,"total_tokens":1000}}`
	}
	h.oak.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		status, text := say(r.URL.Path, string(body))
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		io.WriteString(w, text)
	})
	const ask = `{"model":"oak/emb","routor_profile":"x","input":"hi"}`
	for _, c := range []struct {
		down, by string
		cost     int64
		status   int
	}{
		{"", "oak/emb-1", 1_000_000, 0},
		{"emb-1", "oak/emb-2", 2_000_000, 0},
		{"emb-1 emb-2", "", 0, 429},
	} {
		clear(down)
		for _, name := range strings.Fields(c.down) {
			down[name] = true
		}
		var need access.Need
		got, failed := h.Embed(context.Background(), Embedding{Model: "oak/emb", Body: []byte(ask), Admit: func(_ *access.Profile, n access.Need) error { need = n; return nil }})
		switch {
		case c.status != 0:
			if failed == nil || failed.Status != c.status {
				t.Errorf("%q down: %+v, %+v", c.down, got, failed)
			}
		case failed != nil || got.Deployment != c.by || int64(got.Spent.Cost) != c.cost || got.Spent.Tokens != 1000:
			t.Errorf("%q down: %+v, %v", c.down, got, failed)
		}
		if need.Tokens == 0 {
			t.Errorf("%q down: nothing was reserved", c.down)
		}
	}
}
