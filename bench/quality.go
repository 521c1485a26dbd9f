package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/routor/routor/bench/outcomes"
	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/engine/fit"
	"github.com/routor/routor/engine/label"
	"github.com/routor/routor/policies"
)

// QualityReport is what routing is worth on public outcomes.
type QualityReport struct {
	Classifier string          `json:"classifier"`
	Pools      []PoolReport    `json:"pools"`
	Duels      []outcomes.Duel `json:"routellm,omitempty"`
}

// PoolReport is a router's curve on the test split of a pool, beside what there is to compare it with.
type PoolReport struct {
	Pool    string           `json:"pool"`
	Prompts int              `json:"prompts"`
	Models  int              `json:"models"`
	Head    string           `json:"head"`  // over whose labels abilities were fitted
	Slope   float64          `json:"slope"` // fitted, logits a unit of difficulty
	Range   [2]float64       `json:"range"` // costs, USD per 1,000 requests
	AIQ     float64          `json:"aiq"`
	Curve   []outcomes.Point `json:"curve"`
	// Default is the point at which the shipped policy's own worth would put the router.
	Default outcomes.Point   `json:"default"`
	Singles []outcomes.Point `json:"singles"`
	Oracle  outcomes.Point   `json:"oracle"`
	// Hull is the AIQ of mixing single models at random; Neighbours of the 100 nearest prompts; Tasks of the true tasks' means.
	Hull, Neighbours, Tasks float64
	// OfOracle is the best quality of the curve as a share of the oracle's.
	OfOracle float64 `json:"of_oracle"`
	// Saving95 and Saving99 are what reaching 95 and 99 % of the best single model's quality saves against its cost, 0..1.
	Saving95 float64 `json:"saving_95"`
	Saving99 float64 `json:"saving_99"`
}

// QualityPool is what a pool is judged with.
type QualityPool struct {
	Pool       *outcomes.Pool
	Classifier *classifiers.Classifier
	// Head is the classifier's own head whose labels are the pool's tasks; "" = the categories.
	Head string
	// Features, if it is there, is whose features the nearest neighbours are found by.
	Features *classifiers.Module
	// Policy is whose worth is the default point; nil = none.
	Policy *policies.Policy
}

// Quality fits abilities on the pool's train split and judges engine.Decide, with `worth` swept, on its test split.
func Quality(ctx context.Context, q QualityPool) (*PoolReport, error) {
	trained, test := q.Pool.Split("train"), q.Pool.Split("test")
	j := judge{q: q}
	rows, err := j.rows(trained)
	if err != nil {
		return nil, err
	}
	labels := label.Categories[:]
	if q.Head != "" {
		h := q.Classifier.Card().Head(q.Head)
		if h == nil {
			return nil, fmt.Errorf("pool %s: the classifier has no head %q", q.Pool.Name, q.Head)
		}
		labels = h.Labels
	}
	names := make([]string, len(trained.Models))
	for k, m := range trained.Models {
		names[k] = poolModel(m.Name)
	}
	fitted, err := fit.Abilities(rows, fit.Options{Models: names, Head: q.Head, Labels: labels})
	if err != nil {
		return nil, fmt.Errorf("pool %s: %w", q.Pool.Name, err)
	}
	if err := j.catalog(trained, fitted); err != nil {
		return nil, fmt.Errorf("pool %s: %w", q.Pool.Name, err)
	}
	r := &PoolReport{Pool: q.Pool.Name, Prompts: len(test.Prompts), Models: len(test.Models), Head: q.Head, Slope: fitted.Fitted}
	if err := j.sweep(ctx, test, r); err != nil {
		return nil, fmt.Errorf("pool %s: %w", q.Pool.Name, err)
	}
	r.compare(trained, test)
	if q.Features != nil {
		if r.Neighbours, err = neighbours(q.Features, trained, test); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// judge puts a pool's prompts to Decide.
type judge struct {
	q   QualityPool
	cat *catalog.Catalog
}

// poolModel is the catalog's id of a pool's model.
func poolModel(name string) string { return "pool/" + strings.ToLower(name) }

// body is the request that a pool's prompt stands for.
func body(p *outcomes.Prompt) []byte {
	return chat.Prompt{ID: p.ID, Text: p.Text, Tools: p.Tools}.AppendBody(nil)
}

// classified is a request with what the classifier makes of it.
func (j *judge) classified(p *outcomes.Prompt, out *classifiers.Result) (*chat.Request, error) {
	r, err := chat.Read(body(p))
	if err != nil {
		return nil, fmt.Errorf("prompt %s: %w", p.ID, err)
	}
	var in classifiers.Input
	engine.ClassifierInput(r, &in)
	j.q.Classifier.Classify(&in, out)
	return r, nil
}

// rows are the training prompts as the classifier sees them, with the outcome of each model.
func (j *judge) rows(p *outcomes.Pool) ([]fit.Row, error) {
	var out []fit.Row
	for i, prompt := range p.Prompts {
		var result classifiers.Result
		r, err := j.classified(prompt, &result)
		if err != nil {
			return nil, err
		}
		r.Release()
		row := fit.Row{Difficulty: float64(result.Difficulty), Estimate: float64(result.CompletionTokens), Scores: p.Quality[i], Tokens: p.Tokens[i]}
		if j.q.Head == "" {
			row.P, row.Domain = slices.Clone(result.Category[:]), slices.Clone(result.Domain[:])
		} else {
			for _, h := range result.Heads {
				if h.Name == j.q.Head {
					row.P = known(h.Labels, prompt.Task(), h.P)
				}
			}
		}
		out = append(out, row)
	}
	return out, nil
}

// known is certainty of a label, or what the classifier says where the label is none of the head's.
func known(labels []string, l string, said []float32) []float32 {
	p := make([]float32, len(labels))
	if i := slices.Index(labels, l); i >= 0 {
		p[i] = 1
		return p
	}
	copy(p, said)
	return p
}

// catalog makes the pool's models into a catalog of one provider.
func (j *judge) catalog(p *outcomes.Pool, f *fit.Fit) error {
	var b bytes.Buffer
	b.WriteString("providers:\n  pool: {name: Pool, base_url: \"https://pool.invalid/v1\", dialect: openai}\nmodels:\n")
	for _, m := range p.Models {
		fmt.Fprintf(&b, "  %s: {context: 100000000, input: [text], can: {tools: yes}}\n", strconv.Quote(poolModel(m.Name)))
	}
	b.WriteString("deployments:\n")
	for _, m := range p.Models {
		fmt.Fprintf(&b, "  %s: {model: %s, prices: {input: %v, output: %v}}\n", strconv.Quote(poolModel(m.Name)), strconv.Quote(poolModel(m.Name)), m.In, m.Out)
	}
	c, err := new(catalog.Catalog).Overlay("pool", b.Bytes())
	if err != nil {
		return err
	}
	j.cat, err = c.Overlay("fit", f.YAML())
	return err
}

// sweepPolicy is a policy with these figures and nothing else.
func sweepPolicy(bounds [label.NumTiers - 1]float64, balance float64, worth, adequate [label.NumTiers]float64) []byte {
	var b bytes.Buffer
	list := func(name string, v []float64) {
		fmt.Fprintf(&b, "%s: {", name)
		for i, f := range v {
			if i > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, "%s: %s", strings.ToLower(label.Tiers[i]), strconv.FormatFloat(f, 'g', 12, 64))
		}
		b.WriteString("}\n")
	}
	b.WriteString("name: sweep\n")
	list("tiers", bounds[:])
	fmt.Fprintf(&b, "value:\n  balance: %v\n", balance)
	list("  worth", worth[:])
	list("  adequate", adequate[:])
	return b.Bytes()
}

// worthPolicy is a policy of one worth for all tiers, under which every candidate counts as adequate.
func worthPolicy(worth float64) []byte {
	return sweepPolicy([label.NumTiers - 1]float64{.05, .2, .45, .7}, .5, [label.NumTiers]float64{worth, worth, worth, worth, worth}, [label.NumTiers]float64{})
}

// snapshot is the pool under a policy.
func (j *judge) snapshot(src []byte) (*engine.Snapshot, error) {
	policy, err := policies.Parse("sweep", src, policies.Scope{Catalog: j.cat})
	if err != nil {
		return nil, err
	}
	return engine.NewSnapshot(engine.Parts{Catalog: j.cat, Policy: policy, Classifier: j.q.Classifier})
}

// What a policy may say that an answer is worth, in USD.
const leastWorth, mostWorth = 1e-9, 1e6

// asked is a test prompt read and classified once, to be decided many times.
type asked struct {
	request *chat.Request
	world   engine.World
}

// sweep decides every test prompt once for each worth.
func (j *judge) sweep(ctx context.Context, test *outcomes.Pool, report *PoolReport) error {
	at := map[string]int{}
	for k, m := range test.Models {
		at[poolModel(m.Name)] = k
	}
	list := make([]asked, len(test.Prompts))
	for i, p := range test.Prompts {
		result := new(classifiers.Result)
		r, err := j.classified(p, result)
		if err != nil {
			return err
		}
		list[i] = asked{r, engine.World{Now: time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC), Classification: result}}
	}
	point := func(src []byte) (outcomes.Point, error) {
		s, err := j.snapshot(src)
		if err != nil {
			return outcomes.Point{}, err
		}
		var d engine.Decision
		failed := error(nil)
		p := test.Choose(func(i int) int {
			if err := engine.Decide(s, list[i].request, &list[i].world, &d); err != nil {
				failed = fmt.Errorf("prompt %s: %w", test.Prompts[i].ID, err)
				return 0
			}
			return at[d.Best().Deployment.Model.ID]
		})
		return p, failed
	}
	for _, lambda := range outcomes.Lambdas() {
		if err := ctx.Err(); err != nil {
			return err
		}
		worth := min(max(1/(1000*lambda), leastWorth), mostWorth)
		p, err := point(worthPolicy(worth))
		if err != nil {
			return err
		}
		p.Setting = fmt.Sprintf("worth $%.4g", worth)
		report.Curve = append(report.Curve, p)
	}
	if j.q.Policy == nil {
		return nil
	}
	// Its rules and its baseline speak of other models; what it says of worth holds for these too.
	policy := j.q.Policy
	p, err := point(sweepPolicy(policy.Thresholds, policy.Balance, policy.Worth, policy.Adequate))
	p.Setting = "policy " + policy.Name
	report.Default = p
	return err
}

// compare sets the curve beside what there is without a router, and with a perfect one.
func (r *PoolReport) compare(trained, test *outcomes.Pool) {
	from, to := test.Range()
	r.Range = [2]float64{from, to}
	r.AIQ = outcomes.AIQ(r.Curve, from, to)
	r.Singles, r.Oracle = test.Singles(), test.Oracle()
	r.Hull = outcomes.AIQ(r.Singles, from, to)
	means := outcomes.TaskMeans(trained)
	r.Tasks = outcomes.AIQ(test.Sweep(func(i, k int) (float64, float64) {
		q, tokens := means.Mix(means.Truth(test.Prompts[i]))
		return q[k], (test.Prompts[i].Tokens*test.Models[k].In + tokens[k]*test.Models[k].Out) / 1e3
	}), from, to)
	hull := outcomes.Hull(r.Curve)
	if n := len(hull); n > 0 && r.Oracle.Quality > 0 {
		r.OfOracle = hull[n-1].Quality / r.Oracle.Quality
	}
	best := slices.MaxFunc(r.Singles, func(a, b outcomes.Point) int {
		switch {
		case a.Quality > b.Quality:
			return 1
		case a.Quality < b.Quality:
			return -1
		}
		return 0
	})
	saving := func(share float64) float64 {
		cost := outcomes.CostOf(hull, share*best.Quality)
		if math.IsNaN(cost) || best.Cost <= 0 {
			return 0
		}
		return 1 - cost/best.Cost
	}
	r.Saving95, r.Saving99 = saving(.95), saving(.99)
}

// neighboursAsked is how many nearest prompts a prediction is the mean of.
const neighboursAsked = 100

// neighbours is the AIQ of predicting by the nearest prompts of the training split.
func neighbours(m *classifiers.Module, trained, test *outcomes.Pool) (float64, error) {
	features := func(p *outcomes.Pool) ([]map[uint32]uint32, error) {
		var out []map[uint32]uint32
		for _, prompt := range p.Prompts {
			r, err := chat.Read(body(prompt))
			if err != nil {
				return nil, fmt.Errorf("prompt %s: %w", prompt.ID, err)
			}
			var in classifiers.Input
			engine.ClassifierInput(r, &in)
			list, err := m.Features(&in, nil)
			r.Release()
			if err != nil {
				return nil, err
			}
			counts := map[uint32]uint32{}
			for _, f := range list {
				counts[f.ID] += f.Count
			}
			out = append(out, counts)
		}
		return out, nil
	}
	a, err := features(trained)
	if err != nil {
		return 0, err
	}
	b, err := features(test)
	if err != nil {
		return 0, err
	}
	known, asked := outcomes.Vectors(a, b)
	knn := outcomes.NewKNN(trained, known, neighboursAsked)
	quality, cost := make([][]float64, len(asked)), make([][]float64, len(asked))
	for i, v := range asked {
		quality[i], cost[i] = knn.Predict(v)
	}
	from, to := test.Range()
	return outcomes.AIQ(test.Sweep(func(i, k int) (float64, float64) { return quality[i][k], cost[i][k] }), from, to), nil
}

// JSON is the report for machines.
func (r *QualityReport) JSON() ([]byte, error) { return json.MarshalIndent(r, "", "  ") }
