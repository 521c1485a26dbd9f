package engine

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/engine/label"
	"github.com/routor/routor/providers"
)

const plainPolicy = "name: plain\nvalue: {baseline: cedar/max}\n"

func tier(t label.Tier) *label.Tier { return &t }
func ptr[T any](v T) *T             { return &v }

// TestDecide is what Decide promises, a line a promise.
func TestDecide(t *testing.T) {
	t.Parallel()
	image := `{"model":"MODEL","messages":[{"role":"user","content":[{"type":"text","text":"what is it"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}]}`
	for name, c := range map[string]struct {
		setup setup
		body  string
		world World
		first string // deployment asked first; "" = not checked
		tier  string
		// chained must, absent must not be in the chain.
		chained, absent []string
		status          int // of the error; 0 = none
		code            string
		says            string // in the error, or among the notes
		rule            string
	}{
		"a greeting costs little":       {body: says("auto", "hi", ""), world: World{Classification: easy}, first: "birch/mid", tier: "NANO"},
		"a proof gets the strongest":    {body: says("auto", "prove it", ""), world: World{Classification: hard}, first: "cedar/max", tier: "COMPLEX"},
		"auto takes only active models": {body: says("auto", "prove it", ""), world: World{Classification: hard}, absent: []string{"cedar/next", "cedar/old", "ash/ghost"}},
		"a preview may be named":        {body: says("cedar/next", "hi", ""), world: World{Classification: easy}, first: "cedar/next"},
		"unsure is the default tier":    {body: says("auto", "hm", ""), world: World{Classification: class(label.Coding, .01, .1)}, tier: "LIGHT"},
		"unsure never lowers":           {body: says("auto", "hm", ""), world: World{Classification: class(label.Coding, .9, .1)}, tier: "COMPLEX"},
		"no answer is the default tier": {body: says("auto", "hm", ""), world: World{Classification: class(label.Coding, .9, 0)}, tier: "LIGHT"},
		"no classifier at all":          {body: says("auto", "hm", ""), tier: "LIGHT"},

		"images never go to text-only": {body: strings.Replace(image, "MODEL", "auto", 1), world: World{Classification: easy}, absent: []string{"ash/mini"}, chained: []string{"birch/mid"}},
		"nor when it is named":         {body: strings.Replace(image, "MODEL", "ash/mini", 1), world: World{Classification: easy}, status: 422, code: CodeNotCapable, says: "takes no images"},
		"tools need a model that calls them": {body: says("auto", "hi", `,"tools":[{"type":"function","function":{"name":"f"}}]`),
			world: World{Classification: easy}, absent: []string{"ash/mini"}},
		"schemas need a model that follows them": {body: says("auto", "hi", `,"response_format":{"type":"json_schema","json_schema":{"name":"x","schema":{}}}`),
			world: World{Classification: easy}, absent: []string{"ash/mini", "birch/eye"}},
		"logprobs":          {body: says("auto", "hi", `,"logprobs":true`), world: World{Classification: easy}, first: "cedar/max", absent: []string{"ash/mini", "birch/mid", "birch/eye"}},
		"length of answer":  {body: says("auto", "hi", `,"max_tokens":20000`), world: World{Classification: easy}, first: "cedar/max", absent: []string{"ash/mini", "birch/mid", "birch/eye"}},
		"length of prompt":  {body: says("auto", strings.Repeat("many words here ", 30000), ""), world: World{Classification: easy}, absent: []string{"ash/mini", "birch/eye"}},
		"nobody can do it":  {body: says("auto", strings.Repeat("many words here ", 200000), ""), world: World{Classification: easy}, status: 422, code: CodeNoEligible, says: "length"},
		"video":             {body: strings.Replace(strings.Replace(image, "MODEL", "auto", 1), `"image_url","image_url":{"url":"data:image/png;base64,AAAA"}`, `"video_url","video_url":{"url":"https://x.example/v"}`, 1), world: World{Classification: easy}, first: "birch/eye"},
		"the end continued": {body: `{"model":"auto","messages":[{"role":"user","content":"a"},{"role":"assistant","content":"once"}]}`, world: World{Classification: easy}, first: "cedar/max"},

		"a named model is used as named":     {body: says("ash/mini", "prove it", ""), world: World{Classification: hard}, first: "ash/mini", absent: []string{"cedar/max"}},
		"by its alias":                       {body: says("mid", "hi", ""), world: World{Classification: easy}, first: "birch/mid"},
		"by its bare id":                     {body: says("max", "hi", ""), world: World{Classification: easy}, first: "cedar/max", chained: []string{"relay/cedar-max"}},
		"by a deployment's id":               {body: says("relay/cedar-max", "hi", ""), world: World{Classification: easy}, first: "relay/cedar-max", chained: []string{"cedar/max"}},
		"fallbacks of the request":           {body: says("ash/mini", "hi", `,"models":["cedar/max"]`), world: World{Classification: easy}, first: "ash/mini", chained: []string{"cedar/max", "relay/cedar-max"}, absent: []string{"birch/mid"}},
		"fallbacks of the profile":           {setup: setup{profiles: map[string]*access.Profile{"default": {Fallbacks: map[string][]string{"ash/mini": {"mid"}}}}}, body: says("mini", "hi", ""), world: World{Classification: easy}, first: "ash/mini", chained: []string{"birch/mid"}},
		"an unknown model":                   {body: says("ash/minu", "hi", ""), status: 404, code: CodeModelNotFound, says: "ash/mini"},
		"a retired model":                    {body: says("cedar/old", "hi", ""), status: 404, code: CodeModelNotFound, says: "cedar/max"},
		"an unknown fallback":                {body: says("ash/mini", "hi", `,"models":["nobody"]`), status: 404, code: CodeModelNotFound, says: "nobody"},
		"a model whose provider is absent":   {setup: setup{absent: "ash"}, body: says("ash/mini", "hi", ""), status: 503, code: CodeNotConnected, says: "ASH_KEY"},
		"an absent provider is no candidate": {setup: setup{absent: "cedar"}, body: says("auto", "prove", ""), world: World{Classification: hard}, first: "relay/cedar-max", absent: []string{"cedar/max"}},

		"an alias of the profile": {setup: setup{profiles: map[string]*access.Profile{"default": {Models: map[string]string{"claude-*": "auto", "claude-x": "ash/mini"}}}},
			body: says("claude-opus", "prove it", ""), world: World{Classification: hard}, first: "cedar/max"},
		"an exact alias goes before a pattern": {setup: setup{profiles: map[string]*access.Profile{"default": {Models: map[string]string{"claude-*": "auto", "claude-x": "ash/mini"}}}},
			body: says("claude-x", "prove it", ""), world: World{Classification: hard}, first: "ash/mini"},
		"override_model": {setup: setup{profiles: map[string]*access.Profile{"default": {Override: "auto"}}},
			body: says("ash/mini", "prove it", ""), world: World{Classification: hard}, first: "cedar/max"},
		"auto/PROFILE": {setup: setup{profiles: map[string]*access.Profile{"cheap": {Allow: []string{"ash/*"}}}},
			body: says("auto/cheap", "prove it", ""), world: World{Classification: hard}, first: "ash/mini", absent: []string{"cedar/max", "birch/mid"}},
		"a profile that the key does not list": {setup: setup{profiles: map[string]*access.Profile{"cheap": {}}},
			body: says("auto/cheap", "hi", ""), world: World{Key: &access.Key{ID: "k"}}, status: 403, code: CodeBeyondProfile, says: "cheap"},
		"a key whose profile is gone": {body: says("auto", "hi", ""), world: World{Key: &access.Key{ID: "k", Profile: "gone"}}, status: 403, code: CodeProfileUnknown, says: "gone"},

		"a profile allows": {setup: setup{profiles: map[string]*access.Profile{"default": {Never: []string{"cedar/*"}}}},
			body: says("auto", "prove it", ""), world: World{Classification: hard}, first: "birch/mid", absent: []string{"cedar/max", "relay/cedar-max"}},
		"a profile binds named models": {setup: setup{profiles: map[string]*access.Profile{"default": {Never: []string{"cedar/*"}}}},
			body: says("cedar/max", "prove it", ""), world: World{Classification: hard}, status: 403, code: CodeBeyondProfile},
		"a profile's ceiling": {setup: setup{profiles: map[string]*access.Profile{"default": {Ceiling: tier(label.Light)}}},
			body: says("auto", "prove it", ""), world: World{Classification: hard}, tier: "LIGHT", says: "lowered to LIGHT"},
		"a profile's floor": {setup: setup{profiles: map[string]*access.Profile{"default": {Floor: tier(label.Standard)}}},
			body: says("auto", "hi", ""), world: World{Classification: easy}, tier: "STANDARD"},
		"beyond the ceiling": {setup: setup{profiles: map[string]*access.Profile{"default": {Ceiling: tier(label.Light)}}},
			body: says("auto", "hi", `,"routor_tier_floor":"COMPLEX"`), world: World{Classification: easy}, status: 403, code: CodeBeyondProfile, says: "ceiling"},
		"beyond the cost cap": {setup: setup{profiles: map[string]*access.Profile{"default": {MaxCostUSD: ptr(.01)}}},
			body: says("auto", "hi", `,"routor_max_cost":0.02`), world: World{Classification: easy}, status: 403, code: CodeBeyondProfile, says: "max_cost"},
		"no tools": {setup: setup{profiles: map[string]*access.Profile{"default": {NoTools: true}}},
			body: says("auto", "hi", `,"tools":[{"type":"function","function":{"name":"f"}}]`), status: 403, code: CodeBeyondProfile, says: "no_tools"},
		"modes": {setup: setup{profiles: map[string]*access.Profile{"default": {Modes: []string{"auto"}}}},
			body: says("ash/mini", "hi", ""), status: 403, code: CodeBeyondProfile, says: "direct"},

		"a stated tier":                       {body: says("auto", "hi", `,"routor_tier":"COMPLEX"`), world: World{Classification: easy}, tier: "COMPLEX", first: "cedar/max"},
		"floor and ceiling of the request":    {body: says("auto", "hi", `,"routor_tier_floor":"COMPLEX","routor_tier_ceiling":"LIGHT"`), status: 400, code: CodeBoundsConflict, says: "routor_tier_ceiling"},
		"a request's ceiling":                 {body: says("auto", "prove", `,"routor_tier_ceiling":"SIMPLE"`), world: World{Classification: hard}, tier: "SIMPLE"},
		"max cost":                            {body: says("auto", "prove", `,"routor_max_cost":0.01`), world: World{Classification: hard}, first: "birch/mid", absent: []string{"cedar/max", "relay/cedar-max"}},
		"max cost binds named models":         {body: says("cedar/max", "prove", `,"routor_max_cost":0.0001`), world: World{Classification: hard}, status: 422, code: CodeNoEligible, says: "routor_max_cost"},
		"unknown accuracy passes no floor":    {body: says("auto", "hi", `,"routor_bfcl_min":0.1`), world: World{Classification: easy}, absent: []string{"ash/mini", "birch/eye"}},
		"accuracy":                            {body: says("auto", "hi", `,"routor_bfcl_min":0.8`), world: World{Classification: easy}, first: "cedar/max", absent: []string{"birch/mid"}},
		"best quality":                        {body: says("auto", "q", `,"routor_code_quality":2`), world: World{Classification: light}, first: "cedar/max"},
		"fast":                                {body: says("auto", "q", `,"routor_code_quality":0`), world: World{Classification: light}, first: "birch/mid"},
		"chat quality is not about code":      {body: says("auto", "q", `,"routor_chat_quality":2`), world: World{Classification: light}, absent: nil},
		"an effort that the client asks for":  {body: says("cedar/max", "q", `,"reasoning_effort":"high"`), world: World{Classification: easy}, first: "cedar/max"},
		"direct without a name":               {body: says("auto", "q", `,"routor_mode":"direct"`), status: 400, code: CodeInvalidField},
		"tier without a tier":                 {body: says("auto", "q", `,"routor_mode":"tier"`), status: 400, code: CodeInvalidField, says: "routor_tier"},
		"a named model routed all the same":   {body: says("ash/mini", "prove", `,"routor_mode":"auto"`), world: World{Classification: hard}, first: "cedar/max"},
		"a tool loop stays with its model":    {body: `{"model":"auto","messages":[{"role":"user","content":"go"},{"role":"assistant","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"1","content":"ok"}],"tools":[{"type":"function","function":{"name":"f"}}]}`, world: World{Classification: easy, Conversation: Conversation{Model: "relay/cedar-max"}}, first: "relay/cedar-max"},
		"unless it is down":                   {body: `{"model":"auto","messages":[{"role":"user","content":"go"},{"role":"assistant","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"1","content":"ok"}],"tools":[{"type":"function","function":{"name":"f"}}]}`, world: World{Classification: easy, Conversation: Conversation{Model: "relay/cedar-max"}, Health: sickOf("relay")}, absent: []string{"relay/cedar-max"}},
		"a bare continuation keeps the floor": {body: `{"model":"auto","messages":[{"role":"user","content":"plan it"},{"role":"assistant","content":"so"},{"role":"user","content":"ok, do it"}]}`, world: World{Classification: easy, Conversation: Conversation{Floor: .8}}, tier: "COMPLEX"},
		"thanks are NANO whatever went on":    {body: `{"model":"auto","messages":[{"role":"user","content":"plan it"},{"role":"assistant","content":"so"},{"role":"user","content":"thanks!"}]}`, world: World{Classification: hard, Conversation: Conversation{Floor: .8}}, tier: "NANO"},

		"what is down is not asked":        {body: says("auto", "prove", ""), world: World{Classification: hard, Health: sickOf("cedar")}, first: "relay/cedar-max", absent: []string{"cedar/max"}},
		"a cooldown ends":                  {body: says("auto", "prove", ""), world: World{Now: noon.Add(2 * time.Hour), Classification: hard, Health: sickOf("cedar")}, first: "cedar/max"},
		"the last deployment is asked":     {body: says("ash/mini", "hi", ""), world: World{Classification: easy, Health: sickOf("ash")}, first: "ash/mini", says: "cooling down"},
		"but not without credit":           {body: says("ash/mini", "hi", ""), world: World{Classification: easy, Health: []Health{{}, {State: providers.OutOfCredit}, {}, {}, {}, {}, {}, {}}}, status: 503, code: CodeNoHealthy},
		"a rate limit says when to return": {body: says("ash/mini", "hi", ""), world: World{Classification: easy, Health: []Health{{}, {State: providers.Limited, Until: noon.Add(time.Minute)}, {}, {}, {}, {}, {}, {}}}, status: 429, code: CodeNoHealthy},

		"only":             {setup: setup{policy: plainPolicy + "rules: [{name: r, only: 'provider == \"birch\"'}]"}, body: says("auto", "prove", ""), world: World{Classification: hard}, first: "birch/mid", absent: []string{"ash/mini", "cedar/max", "relay/cedar-max"}},
		"only binds names": {setup: setup{policy: plainPolicy + "rules: [{name: r, only: 'provider == \"birch\"'}]"}, body: says("ash/mini", "hi", `,"models":["cedar/max"]`), world: World{Classification: easy}, status: 422, code: CodeNoEligible, says: `"r"`, rule: "r"},
		"only binds fallbacks": {setup: setup{policy: plainPolicy + "rules: [{name: r, only: 'provider == \"birch\"'}]"}, body: says("ash/mini", "hi", `,"models":["cedar/max","mid"]`), world: World{Classification: easy},
			first: "birch/mid", absent: []string{"ash/mini", "cedar/max", "relay/cedar-max"}},
		"never binds the safety net":         {setup: setup{policy: plainPolicy + "rules: [{name: r, never: 'model == \"cedar/max\"'}]"}, body: says("auto", "prove", ""), world: World{Classification: hard}, absent: []string{"cedar/max", "relay/cedar-max"}},
		"away is not forbidden":              {setup: setup{policy: plainPolicy + "rules: [{name: r, only: 'provider == \"birch\"'}]"}, body: says("auto", "hi", ""), world: World{Classification: easy, Health: outOfCredit("birch")}, status: 503, code: CodeNoHealthy},
		"a soft rule yields when it empties": {setup: setup{policy: plainPolicy + "rules: [{name: r, only: 'provider == \"birch\"', soft: true}]"}, body: says("auto", "hi", ""), world: World{Classification: easy, Health: outOfCredit("birch")}, absent: []string{"birch/mid"}},
		"deny":                               {setup: setup{policy: plainPolicy + "rules: [{name: r, when: tier == NANO, deny: no small talk}]"}, body: says("auto", "hi", ""), world: World{Classification: easy}, status: 403, code: CodeDenied, says: "no small talk", rule: "r"},
		"deny binds named models":            {setup: setup{policy: plainPolicy + "rules: [{name: r, deny: closed}]"}, body: says("ash/mini", "hi", ""), world: World{Classification: easy}, status: 403, code: CodeDenied},
		"use":                                {setup: setup{policy: plainPolicy + "rules: [{name: r, use: [birch/eye, ash/mini]}]"}, body: says("auto", "prove", ""), world: World{Classification: hard}, first: "birch/eye", chained: []string{"ash/mini", "cedar/max"}},
		"use is no command to what is down":  {setup: setup{policy: plainPolicy + "rules: [{name: r, use: [cedar/max, ash/mini]}]"}, body: says("auto", "prove", ""), world: World{Classification: hard, Health: outOfCredit("cedar", "relay")}, first: "ash/mini"},
		"a rule's ceiling":                   {setup: setup{policy: plainPolicy + "rules: [{name: r, ceiling: SIMPLE}]"}, body: says("auto", "prove", ""), world: World{Classification: hard}, tier: "SIMPLE"},
		"a client's floor above it":          {setup: setup{policy: plainPolicy + "rules: [{name: r, ceiling: SIMPLE}]"}, body: says("auto", "prove", `,"routor_tier_floor":"LIGHT"`), world: World{Classification: hard}, status: 400, code: CodeBoundsConflict, says: `rule 1 "r"`},
		"a rule's floor above a ceiling":     {setup: setup{policy: plainPolicy + "rules: [{name: f, floor: COMPLEX}, {name: c, ceiling: SIMPLE}]"}, body: says("auto", "prove", ""), world: World{Classification: hard}, tier: "SIMPLE", says: "the ceiling counts"},
		"prefer":                             {setup: setup{policy: plainPolicy + "rules: [{name: r, prefer: 'provider == \"birch\" ? 0.9 : 0.0'}]"}, body: says("auto", "prove", ""), world: World{Classification: hard, Health: nil}, absent: nil},
		"a split that takes all":             {setup: setup{policy: plainPolicy + "rules: [{name: r, split: {birch/eye: 100%}}]"}, body: says("auto", "prove", ""), world: World{Classification: hard}, first: "birch/eye"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.setup.policy == "" {
				c.setup.policy = plainPolicy
			}
			s := c.setup.snapshot(t)
			d, err := decide(t, s, c.body, c.world)
			if c.status != 0 {
				var e *DecideError
				if !errors.As(err, &e) {
					t.Fatalf("no error, but %v", chain(d))
				}
				if e.Status != c.status || e.Code != c.code || !strings.Contains(e.Message, c.says) || c.rule != "" && e.Rule != c.rule {
					t.Errorf("got %d %s %q (rule %q), want %d %s %q (rule %q)", e.Status, e.Code, e.Message, e.Rule, c.status, c.code, c.says, c.rule)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			ids := chain(d)
			if c.first != "" && ids[0] != c.first {
				t.Errorf("first is %s, want %s\n%s", ids[0], c.first, d.AppendJSON(nil))
			}
			if c.tier != "" && d.Tier.String() != c.tier {
				t.Errorf("tier %s, want %s", d.Tier, c.tier)
			}
			for _, id := range c.chained {
				if !slices.Contains(ids, id) {
					t.Errorf("%s is not in the chain %v", id, ids)
				}
			}
			for _, id := range c.absent {
				if slices.Contains(ids, id) {
					t.Errorf("%s is in the chain %v", id, ids)
				} else if x := d.of(id); x != nil && x.Out == "" && d.Method != MethodDirect {
					t.Errorf("%s is out without a reason", id)
				}
			}
			if c.says != "" && !strings.Contains(strings.Join(d.Notes, "\n"), c.says) {
				t.Errorf("notes %q do not say %q", d.Notes, c.says)
			}
		})
	}
}

// sickOf is the small catalog's health with some providers down for an hour.
func sickOf(names ...string) []Health { return state(providers.Down, noon.Add(time.Hour), names) }

func outOfCredit(names ...string) []Health { return state(providers.OutOfCredit, time.Time{}, names) }

func state(s providers.State, until time.Time, names []string) []Health {
	order := []string{"ash", "ash", "birch", "birch", "cedar", "cedar", "cedar", "relay"} // deployments by id
	health := make([]Health, len(order))
	for i, p := range order {
		if slices.Contains(names, p) {
			health[i] = Health{State: s, Until: until}
		}
	}
	return health
}

// TestChain says how fallbacks stand in line.
func TestChain(t *testing.T) {
	t.Parallel()
	s := setup{policy: plainPolicy}.snapshot(t)
	for _, c := range []*classifiers.Result{easy, light, hard} {
		d, err := decide(t, s, says("auto", "x", ""), World{Classification: c})
		if err != nil {
			t.Fatal(err)
		}
		ids := chain(d)
		if len(ids) != 5 {
			t.Errorf("chain %v: all five candidates fit in six places", ids)
		}
		strongest := d.of("cedar/max")
		if !strongest.SafetyNet {
			t.Errorf("%v: the strongest is not the safety net", ids)
		}
		if last := ids[len(ids)-1]; ids[0] != "cedar/max" && last != "cedar/max" && last != "relay/cedar-max" {
			t.Errorf("%v does not end with the strongest", ids)
		}
		for i := 1; i < len(ids); i++ {
			if a, b := d.Candidates[d.Chain[i-1]].Deployment.Provider, d.Candidates[d.Chain[i]].Deployment.Provider; a == b {
				t.Errorf("%v: two entries of %s in a row", ids, a)
			}
		}
	}
}

// TestCacheAffinity lets a long conversation stay on its model while the cache makes that the better value.
func TestCacheAffinity(t *testing.T) {
	t.Parallel()
	s := setup{policy: plainPolicy}.snapshot(t)
	long := says("auto", strings.Repeat("some words of a long conversation ", 4000), "")
	cold, err := decide(t, s, long, World{Classification: light})
	if err != nil {
		t.Fatal(err)
	}
	warm, err := decide(t, s, long, World{Classification: light, Conversation: Conversation{Model: "birch/mid", Cached: 1 << 20}})
	if err != nil {
		t.Fatal(err)
	}
	if !warm.Affinity || warm.of("birch/mid").Cost >= cold.of("birch/mid").Cost {
		t.Error("the cached prompt is not cheaper")
	}
	if loss := warm.of("cedar/max").CacheLoss; loss <= 0 || warm.of("cedar/max").Cost != cold.of("cedar/max").Cost+loss {
		t.Errorf("leaving costs %v", loss)
	}
	if warm.of("birch/mid").CacheLoss != 0 {
		t.Error("staying costs a cache")
	}
}

// TestPure decides the same from many goroutines, with Decisions that were used for something else before.
func TestPure(t *testing.T) {
	t.Parallel()
	s := setup{policy: plainPolicy + "rules: [{name: a, prefer: 'provider == \"ash\" ? 0.1 : 0.0'}, {name: b, when: tier >= STANDARD, avoid: 'cost > 0.1 ? 0.01 : 0.0'}]"}.snapshot(t)
	bodies := []string{says("auto", "hi", ""), says("ash/mini", "hi", `,"models":["mid"]`), says("auto", "prove", `,"routor_max_cost":1`), says("nobody", "x", "")}
	classes := []*classifiers.Result{easy, light, hard}
	var want [][]byte
	for i := range 12 {
		d, _ := decide(t, s, bodies[i%4], World{Classification: classes[i%3]})
		want = append(want, d.AppendJSON(nil))
	}
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for i := range 200 {
				i = (i*7 + g) % 12
				d := NewDecision()
				w := World{Now: noon, Classification: classes[i%3]}
				_ = Decide(s, read(t, bodies[i%4]), &w, d)
				if got := d.AppendJSON(nil); !reflect.DeepEqual(got, want[i]) {
					t.Errorf("not the same decision:\n%s\n%s", got, want[i])
				}
				d.Release()
			}
		})
	}
	all.Wait()
}

// TestSpares: where all that is healthy is of one provider, what is down stands at the end of the chain, and only if every
// hard rule and bound lets it.
func TestSpares(t *testing.T) {
	t.Parallel()
	hard := class(label.Math, .9, .9)
	for name, c := range map[string]struct {
		setup setup
		body  string
		sick  []string
		want  []string
	}{
		"one provider is left": {setup{policy: plainPolicy}, says("auto", "prove", ""), []string{"ash", "cedar", "relay"},
			[]string{"birch/mid", "birch/eye", "cedar/max", "relay/cedar-max", "ash/mini"}},
		"two are left": {setup{policy: plainPolicy}, says("auto", "prove", ""), []string{"cedar", "relay"},
			[]string{"birch/mid", "ash/mini", "birch/eye"}},
		"a hard rule binds them": {setup{policy: plainPolicy + "rules: [{name: r, never: 'provider == \"cedar\"'}]"}, says("auto", "prove", ""), []string{"ash", "cedar", "relay"},
			[]string{"birch/mid", "birch/eye", "relay/cedar-max", "ash/mini"}},
		"a bound of cost too": {setup{policy: plainPolicy}, says("auto", "prove", `,"routor_max_cost":0.01`), []string{"ash", "cedar", "relay"},
			[]string{"birch/mid", "birch/eye", "ash/mini"}},
		"a named model's second home": {setup{policy: plainPolicy}, says("cedar/max", "prove", ""), []string{"relay"},
			[]string{"cedar/max", "relay/cedar-max"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := decide(t, c.setup.snapshot(t), c.body, World{Classification: hard, Health: sickOf(c.sick...)})
			if err != nil {
				t.Fatal(err)
			}
			if got := chain(d); !slices.Equal(got, c.want) {
				t.Errorf("chain %v, want %v", got, c.want)
			}
		})
	}
}

// TestMethodOutlivesTheBody is that how a request was decided is no part of its body, whose memory is used again: metrics are counted by it.
func TestMethodOutlivesTheBody(t *testing.T) {
	t.Parallel()
	s := setup{policy: "name: plain"}.snapshot(t)
	for _, mode := range []string{MethodAuto, MethodTier, MethodDirect} {
		model := map[bool]string{true: "ash/mini", false: "auto"}[mode == MethodDirect]
		body := []byte(says(model, "hi", `,"routor_tier":"NANO","routor_mode":"`+mode+`"`))
		r, err := chat.Read(body)
		if err != nil {
			t.Fatal(err)
		}
		d := new(Decision)
		if err := Decide(s, r, &World{Now: noon, Classification: easy}, d); err != nil {
			t.Fatalf("%s: %v", mode, err)
		}
		clear(body)
		if d.Method != mode {
			t.Errorf("%q became %q", mode, d.Method)
		}
	}
}
