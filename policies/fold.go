package policies

import "github.com/routor/routor/engine/catalog"

// table is an expression that reads nothing but the catalog, evaluated once for every deployment.
type table struct {
	yes    bits           // of only and never
	points []float64      // of prefer and avoid
	errors map[int]string // by deployment, where it could not be evaluated
}

// err is why the expression could not be evaluated for a deployment, "" if it could.
func (t *table) err(deployment int) string {
	if t.errors == nil {
		return ""
	}
	return t.errors[deployment]
}

// bits is a set of deployments by index.
type bits []uint64

func (b bits) has(i int) bool { return b[i/64]&(1<<(i%64)) != 0 }
func (b bits) add(i int)      { b[i/64] |= 1 << (i % 64) }

// tables hold the catalog's values, boxed once for each deployment.
type tables struct {
	deployments []*catalog.Deployment
	columns     map[string][]any
	evaluator   *evaluator
}

func newTables(deployments []*catalog.Deployment) *tables {
	return &tables{deployments: deployments, columns: map[string][]any{}, evaluator: newEvaluator()}
}

// fold gives an expression the columns that it reads; one that reads nothing else is evaluated here and now.
func (t *tables) fold(x *expression) {
	x.columns = make([][]any, len(x.reads))
	for i, v := range x.reads {
		if v.catalog != nil {
			x.columns[i] = t.column(v)
		}
	}
	if x.class != ofCatalog {
		return
	}
	x.table = &table{}
	if x.want == isBool {
		x.table.yes = make(bits, len(t.deployments)/64+1)
	} else {
		x.table.points = make([]float64, len(t.deployments))
	}
	for i := range t.deployments {
		t.evaluate(x, i)
	}
}

func (t *tables) evaluate(x *expression, deployment int) {
	e := t.evaluator
	for i, v := range x.reads {
		e.env[v.Name] = x.columns[i][deployment]
	}
	var yes bool
	var points float64
	var err string
	if x.want == isBool {
		yes, err = e.bool(x)
	} else {
		points, err = e.number(x)
	}
	switch {
	case err != "":
		if x.table.errors == nil {
			x.table.errors = map[int]string{}
		}
		x.table.errors[deployment] = err
	case x.want == isBool && yes:
		x.table.yes.add(deployment)
	case x.want == isFloat:
		x.table.points[deployment] = points
	}
}

// pass is the set of deployments that a rule's only and never let pass, nil if one of them is not folded.
func (t *tables) pass(rule *Rule) bits {
	if rule.only != nil && rule.only.table == nil || rule.never != nil && rule.never.table == nil {
		return nil
	}
	pass := make(bits, len(t.deployments)/64+1)
	for i := range t.deployments {
		only := rule.only == nil || rule.only.table.yes.has(i) && rule.only.table.err(i) == ""
		never := rule.never != nil && (rule.never.table.yes.has(i) || rule.never.table.err(i) != "")
		if only && !never {
			pass.add(i)
		}
	}
	return pass
}

func (t *tables) column(v *variable) []any {
	if c, ok := t.columns[v.Name]; ok {
		return c
	}
	c := make([]any, len(t.deployments))
	for i, d := range t.deployments {
		c[i] = v.catalog(d)
	}
	t.columns[v.Name] = c
	return c
}
