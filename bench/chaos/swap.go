package chaos

import (
	"context"
	"fmt"
	"sync"
	"time"

	builtin "github.com/routor/routor/classifiers/default"
)

// keyRing is the keys that clients have. One that is about to be revoked is given to nobody and revoked when nobody uses it any
// more.
type keyRing struct {
	mu   sync.Mutex
	keys []*clientKey
	next int
}

type clientKey struct {
	id, secret string
	users      sync.WaitGroup
}

func (k *keyRing) take() (secret string, done func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.next++
	key := k.keys[k.next%len(k.keys)]
	key.users.Add(1)
	return key.secret, key.users.Done
}

// fill makes keys until there are n.
func (k *keyRing) fill(ctx context.Context, r *run, n int) error {
	for len(k.keys) < n {
		var made struct {
			Secret string `json:"secret"`
			ID     string `json:"id"`
		}
		if err := r.admin(ctx, "POST", "/admin/keys", map[string]any{"name": fmt.Sprintf("client-%d-%d", n, time.Now().UnixNano()), "profiles": []string{"go-on"}}, &made); err != nil {
			return err
		}
		k.mu.Lock()
		k.keys = append(k.keys, &clientKey{id: made.ID, secret: made.Secret})
		k.mu.Unlock()
	}
	return nil
}

// each calls f so often until the run is over, and counts.
func (r *run) each(ctx context.Context, d time.Duration, what string, f func(n int) error) {
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-time.After(d):
		}
		err := f(n)
		if ended(ctx, err) {
			return
		}
		r.mu.Lock()
		if err != nil {
			r.report.wrong("swapping "+what, "%v", err)
		}
		r.report.Swaps[what]++
		r.mu.Unlock()
	}
}

func (r *run) swapKeys(ctx context.Context) {
	r.each(ctx, 400*time.Millisecond, "keys", func(int) error {
		if err := r.keys.fill(ctx, r, 9); err != nil {
			return err
		}
		r.keys.mu.Lock()
		old := r.keys.keys[0]
		r.keys.keys = r.keys.keys[1:]
		r.keys.mu.Unlock()
		go func() {
			old.users.Wait()
			_ = r.admin(ctx, "DELETE", "/admin/keys/"+old.id, nil, nil)
		}()
		return nil
	})
}

// policy is another one each time: with another balance, and a rule that moves what is asked of whom.
const policy = `name: chaos
# version %d
value: {balance: %g}
rules:
  - name: one or the other
    when: category == "coding"
    prefer: 'provider == "%s" ? 0.1 : 0.0'
`

func (r *run) swapPolicies(ctx context.Context) {
	r.each(ctx, time.Second, "policies", func(n int) error {
		source := fmt.Sprintf(policy, n, []float64{0.3, 0.5, 0.7}[n%3], []string{"mistral", "openai", "google"}[n%3])
		return r.admin(ctx, "POST", "/admin/documents/policy", map[string]any{"source": source}, nil)
	})
}

func (r *run) swapClassifiers(ctx context.Context) {
	r.each(ctx, 5*time.Second, "classifiers", func(n int) error {
		if n%2 == 0 {
			return r.admin(ctx, "POST", "/admin/classifier", builtin.Module, nil)
		}
		return r.admin(ctx, "POST", "/admin/classifier?builtin=true", nil, nil)
	})
}
