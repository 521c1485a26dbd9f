package api

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/store"
	"github.com/routor/routor/policies"
)

// adminCall is an endpoint of the admin API.
type adminCall struct {
	path, methods string // path below /admin/; a last part of * is an argument
	answer        func(c *call, argument string) *fault
	Means         string
}

// adminCalls are the admin API.
var adminCalls = []adminCall{
	{"status", "GET", (*call).adminStatus, "What runs: version, snapshot, policy, classifier, catalog, providers."},
	{"snapshot", "GET", (*call).adminSnapshot, "Which snapshot serves, by whom and since when."},
	{"providers", "GET", (*call).adminProviders, "The providers and their accounts' states."},
	{"providers/validate", "POST", (*call).adminValidate, "Validate all keys now, without spending tokens."},
	{"policy", "GET POST PUT", (*call).adminPolicy, "The live policy with its source; POST or PUT `{\"source\", \"note\", \"version\", \"dry_run\", \"force\"}` checks and publishes another."},
	{"classifier", "GET POST PUT", (*call).adminClassifier, "The live classifier's card; POST or PUT of a module as `application/wasm` checks and publishes it; `?builtin=true` goes back to the built-in one, `?dry_run=true` only checks."},
	{"catalog", "GET", (*call).adminCatalog, "The catalog that serves: models, deployments with prices, providers."},
	{"profiles", "GET", (*call).adminProfiles, "The profiles."},
	{"keys", "GET POST", (*call).adminKeys, "The API keys; POST `{\"name\", \"team\", \"owner\", \"tags\", \"profile\", \"profiles\", \"expires\", \"limits\"}` makes one, whose secret is shown this once."},
	{"keys/*", "GET POST PATCH DELETE", (*call).adminKey, "One key, by id or name, with its use and how its limits stand; POST `{\"keep\": \"24h\"}` makes its successor, whose secret is shown this once, and lets it work beside that for so long; PATCH `{\"limits\": {\"requests_per_minute\", \"tokens_per_minute\", \"usd_per_day\", \"usd_per_month\"}}` replaces its limits, `null` ends them; DELETE revokes it for good."},
	{"usage", "GET", (*call).adminUsage, "What keys and profiles have used today and this month (UTC), those that spent most first; `?profile=` one profile and its keys, `?limit=1000`."},
	{"decisions", "GET", (*call).adminDecisions, "Decisions, newest first by when they ended; `?limit=50`, `?cursor=` the `next` of the page before, `?full=true` whole records, and filters: `since`, `from`, `to`, `key`, `team`, `profile`, `model`, `provider`, `attempted`, `tier`, `category`, `outcome`, `failed`, `fallback`, `min_cost`, `min_ms`, `conversation`, `request`, `text`."},
	{"decisions/tail", "GET", (*call).adminTail, "Decisions as they come, with the same filters, as server-sent events: `decision` (at most 20 a second) and each second `counters`."},
	{"decisions/export", "GET", (*call).adminExport, "All decisions that match, oldest first; `?format=jsonl` or `csv`, `?full=true` whole records, which replay reads."},
	{"decisions/*", "GET", (*call).adminDecision, "One decision, by its id or its X-Request-Id: its record, and every candidate as long as what it was decided by still serves."},
	{"abilities", "GET DELETE", (*call).adminAbilities, "What feedback and what Routor saw itself have taught of models, and from what; `?model=`, `?category=`; DELETE forgets it, of all or of those."},
	{"rollups", "GET", (*call).adminRollups, "What happened per `?span=minute`, `10m`, `hour` or `day`, within `since`, `from` and `to`, `?by=tier`, `provider`, `category`, `outcome` or `model`, `?top=5` the largest groups and the others together; `?histograms=true`."},
	{"ledger", "GET", (*call).adminLedger, "How the ledger is: records, blocks, bytes, what waits and what was dropped."},
	{"rollout", "GET POST DELETE", (*call).adminRollout, "What is tried on live traffic before it serves all, and how it fares; POST `{\"kind\", \"stage\", \"source\", \"share\", \"by\", \"bounds\": {\"cost\", \"errors\"}, \"base_version\", \"version\", \"note\", \"dry_run\"}` begins with a policy as `shadow` or `canary`, or changes what is tried (a classifier as `application/wasm`, with `?stage=&share=&by=&max_cost=&max_errors=&note=`); DELETE stops it."},
	{"rollout/promote", "POST", (*call).adminPromote, "Takes what is tried a stage further: `{\"to\": \"canary\" or \"live\", \"share\", \"bounds\", \"version\", \"note\"}`."},
	{"pprof/*", "GET", (*call).adminPprof, "A profile of the process for `go tool pprof`: `cpu` (`?seconds=10`), `heap`, `allocs`, `goroutine`, `mutex`, `block`."},
	{"demo/faults", "GET", (*call).adminFaults, "Demo: what goes wrong at the simulated providers."},
	{"demo/faults/*", "GET PUT POST DELETE", (*call).adminFault, "Demo: PUT what is to go wrong at one, such as `{\"error\": \"rate_limited\", \"rate\": 0.5, \"retry_after\": \"2s\"}`; `{}` or DELETE ends it."},
}

// admin answers /admin/….
func (c *call) admin(path string) *fault {
	if f := c.s.sameSite(c.RequestCtx); f != nil {
		return f
	}
	if path != "session" || string(c.Method()) != "POST" { // who signs in is not known yet
		who, f := c.identify()
		if f != nil {
			return f
		}
		c.who = who
	}
	for i := range adminCalls {
		a := &adminCalls[i]
		argument := ""
		if a.path != path {
			prefix, ok := strings.CutSuffix(a.path, "*")
			if argument = strings.TrimPrefix(path, prefix); !ok || !strings.HasPrefix(path, prefix) || argument == "" || strings.Contains(argument, "/") {
				continue
			}
		}
		if !slices.Contains(strings.Fields(a.methods), string(c.Method())) {
			return c.wrongMethod(strings.ReplaceAll(a.methods, " ", ", "))
		}
		c.Response.Header.Set("Cache-Control", "no-store")
		if f := c.may(path); f != nil {
			return f
		}
		return a.answer(c, argument)
	}
	return failure(codeNotFound, "the admin API has no /admin/%s", path)
}

// AdminReference is the admin API in Markdown, for docs/reference.
func AdminReference() []byte {
	var b strings.Builder
	b.WriteString("# Admin API\n\nAll calls need `Authorization: Bearer` with the admin key, or with one that `routor admin-key add` made, or the cookie of a session; a\n" +
		"viewer's key may look and change nothing, and prompts' words are left out for keys without `read_prompts`. They take and give JSON (a classifier:\n" +
		"`application/wasm`), and answer only to this server's own host name: pages of other sites are refused, on loopback too. The same as OpenAPI 3.1:\n" +
		"[admin.openapi.json](admin.openapi.json), and `GET /admin/openapi.json`. Errors are those of [errors.md](errors.md).\n\n| call | what |\n|---|---|\n")
	for _, a := range adminCalls {
		b.WriteString("| `" + strings.ReplaceAll(a.methods, " ", ", ") + " /admin/" + strings.ReplaceAll(a.path, "*", "{…}") + "` | " + a.Means + " |\n")
	}
	return []byte(b.String())
}

// snapshotCard is a snapshot for people.
type snapshotCard struct {
	Version uint64    `json:"version"`
	Author  string    `json:"author"`
	Note    string    `json:"note,omitempty"`
	Time    time.Time `json:"time,omitzero"`
}

func snapshotOf(s *engine.Snapshot) snapshotCard {
	return snapshotCard{Version: s.Version, Author: s.Author, Note: s.Note, Time: s.Time}
}

func (c *call) adminSnapshot(string) *fault {
	s := c.s.Engine.Live.Acquire()
	defer s.Release()
	writeJSON(c.RequestCtx, 200, snapshotOf(s))
	return nil
}

func (c *call) adminStatus(string) *fault {
	s := c.s.Engine.Live.Acquire()
	defer s.Release()
	status := map[string]any{
		"version": c.s.Version, "uptime_seconds": int64(time.Since(c.s.started).Seconds()), "demo": c.s.Demo != nil,
		"draining": c.s.draining.Load(), "running": c.s.running.Load(), "keys_needed": !c.s.open || !c.s.Visitors && c.s.keys != nil && c.s.keys.Any(),
		"snapshot": snapshotOf(s),
		"policy":   map[string]any{"name": s.Policy.Name, "hash": s.Policy.Hash, "rules": len(s.Policy.Rules), "tests": len(s.Policy.Tests)},
		"catalog": map[string]any{"version": s.Catalog.Version, "models": len(s.Catalog.Models), "deployments": len(s.Catalog.Deployments),
			"providers": len(s.Catalog.Providers)},
		"providers": c.s.providerCards(),
	}
	if d := c.s.Documents; d != nil {
		status["state"], status["drift"] = d.card(), d.Drifts()
	}
	if s.Classifier != nil {
		card := s.Classifier.Card()
		status["classifier"] = map[string]any{"name": card.Name, "version": card.Version, "taken_over": s.Classifier.TakenOver()}
	}
	writeJSON(c.RequestCtx, 200, status)
	return nil
}

func (c *call) adminProviders(string) *fault {
	writeJSON(c.RequestCtx, 200, map[string]any{"providers": c.s.providerPages(true)})
	return nil
}

func (c *call) adminValidate(string) *fault {
	c.s.Engine.Validate(context.Background())
	return c.adminProviders("")
}

func (c *call) adminPolicy(string) *fault {
	if string(c.Method()) == "GET" {
		s := c.s.Engine.Live.Acquire()
		defer s.Release()
		answer := map[string]any{"name": s.Policy.Name, "hash": s.Policy.Hash, "source": string(s.Policy.Source), "file": c.s.file(store.Policy), "snapshot": snapshotOf(s),
			"tiers": s.Policy.Thresholds, "baseline": s.Policy.Baseline}
		if d := c.s.Documents; d != nil {
			answer["document"] = d.Live(store.Policy) // null = the built-in one
		}
		writeJSON(c.RequestCtx, 200, answer)
		return nil
	}
	var change documentChange
	if f := readJSON(c.RequestCtx, &change); f != nil {
		return f
	}
	if change.Source == nil || strings.TrimSpace(*change.Source) == "" {
		f := failure(codeInvalidType, "source: missing: send the policy's YAML as a string")
		f.param = "source"
		return f
	}
	return c.change(c.publication(store.Policy, &change))
}

// change publishes a document.
func (c *call) change(p Publication) *fault {
	d, f := c.documents()
	if f != nil {
		return f
	}
	ctx, cancel := context.WithTimeout(context.Background(), askTime)
	defer cancel()
	return c.published(d.Publish(ctx, p))
}

// refuse answers with all problems of a change, each as a member of error.problems besides the message.
func (c *call) refuse(err error) *fault {
	var list policies.Errors
	param := ""
	if errors.As(err, &list) && len(list) > 0 {
		param = list[0].Path
	}
	f := byCode[codeCheckFailed]
	c.record.code = f.Code
	writeJSON(c.RequestCtx, f.Status, map[string]any{"error": map[string]any{
		"message": err.Error(), "type": f.Type, "code": f.Code, "param": param, "problems": problems(err),
	}})
	return nil
}

func (c *call) adminClassifier(string) *fault {
	if string(c.Method()) == "GET" {
		s := c.s.Engine.Live.Acquire()
		defer s.Release()
		out := map[string]any{"file": c.s.file(store.Classifier), "snapshot": snapshotOf(s)}
		if s.Classifier != nil {
			out["card"], out["taken_over"] = s.Classifier.Card(), s.Classifier.TakenOver()
		}
		if d := c.s.Documents; d != nil {
			out["document"] = d.Live(store.Classifier)
		}
		writeJSON(c.RequestCtx, 200, out)
		return nil
	}
	p, f := c.module()
	if f != nil {
		return f
	}
	return c.change(p)
}

func (c *call) adminCatalog(string) *fault {
	s := c.s.Engine.Live.Acquire()
	defer s.Release()
	models := make([]modelCard, len(s.Catalog.Models))
	for i, m := range s.Catalog.Models {
		models[i] = card(s, m)
	}
	deployments := make([]map[string]any, len(s.Catalog.Deployments))
	for i, d := range s.Catalog.Deployments {
		p := &d.Prices
		deployments[i] = map[string]any{
			"id": d.ID, "model": d.Model.ID, "provider": d.Provider, "upstream": d.Upstream, "home": d.Home, "usable": s.Usable(d), "region": d.Region,
			"pricing": pricing{usd(p.Input), usd(p.Output), usd(p.CachedRead), usd(p.CacheWrite5m)}, "verified": p.Verified, "source": p.Source,
		}
	}
	writeJSON(c.RequestCtx, 200, map[string]any{"version": s.Catalog.Version, "models": models, "deployments": deployments, "providers": s.Catalog.Providers})
	return nil
}

func (c *call) adminProfiles(string) *fault {
	s := c.s.Engine.Live.Acquire()
	defer s.Release()
	names := slices.Sorted(maps.Keys(s.Profiles))
	if s.Profiles[access.DefaultProfile] == nil {
		names = append(names, access.DefaultProfile) // bounds nothing, and always exists
	}
	profiles := make([]*access.Profile, len(names))
	for i, name := range names {
		profiles[i] = s.Profile(name)
	}
	writeJSON(c.RequestCtx, 200, map[string]any{"profiles": profiles})
	return nil
}

// madeKey is a new key with its secret.
type madeKey struct {
	Secret string `json:"secret"`
	access.Key
}

func (c *call) adminKeys(string) *fault {
	if c.s.keys == nil {
		return failure(codeNotSupported, "this server has no keys")
	}
	if string(c.Method()) == "GET" {
		writeJSON(c.RequestCtx, 200, map[string]any{"keys": c.s.keys.List()})
		return nil
	}
	var k access.Key
	if f := readJSON(c.RequestCtx, &k); f != nil {
		return f
	}
	s := c.s.Engine.Live.Acquire()
	defer s.Release()
	for _, name := range append(slices.Clone(k.Also), k.ProfileName()) {
		if s.Profile(name) == nil {
			f := failure(codeCheckFailed, "there is no profile %q: there are %s", name, strings.Join(s.ProfileNames(), ", "))
			f.param = "profile"
			return f
		}
	}
	if err := k.Limits.Check(); err != nil {
		f := failure(codeCheckFailed, "%v", err)
		f.param = "limits"
		return f
	}
	k.Admin = nil // those have a call of their own
	secret, made, err := c.s.keys.Create(k, c.author(""))
	if err != nil {
		return failure(codeCheckFailed, "%v", err)
	}
	writeJSON(c.RequestCtx, 201, madeKey{secret, made})
	return nil
}

func (c *call) adminKey(id string) *fault {
	if c.s.keys == nil {
		return failure(codeNotSupported, "this server has no keys")
	}
	k, ok := c.s.keys.Get(id)
	if !ok {
		return failure(codeNotFound, "there is no key %q", id)
	}
	switch string(c.Method()) {
	case "PATCH":
		return c.setKey(k.ID)
	case "POST":
		return c.rotateKey(k.ID)
	}
	if string(c.Method()) == "DELETE" {
		revoked, err := c.s.keys.Revoke(k.ID, c.author(""))
		if err != nil {
			return failure(codeInternal, "the key could not be revoked: %v", err)
		}
		k = revoked
	}
	writeJSON(c.RequestCtx, 200, c.clientKey(k))
	return nil
}
