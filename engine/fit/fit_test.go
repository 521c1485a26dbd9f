package fit

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/routor/routor/engine/catalog"
)

// made are answers of two models on two kinds of tasks, drawn from the model that is fitted.
func made(n int, slope float64) []Row {
	rnd := rand.New(rand.NewPCG(1, 2))
	ability := [2][2]float64{{.9, .3}, {.6, .7}}
	rows := make([]Row, n)
	for i := range rows {
		l := i % 2
		r := Row{P: []float32{0, 0}, Difficulty: .2 + .4*rnd.Float64() + .2*float64(l)}
		r.P[l] = 1
		for m := range 2 {
			q := sigmoid(logit(ability[m][l]) - slope*(r.Difficulty-.4-.2*float64(l)))
			s := 0.
			if rnd.Float64() < q {
				s = 1
			}
			r.Scores, r.Tokens = append(r.Scores, s), append(r.Tokens, float64(100*(l+1)))
		}
		rows[i] = r
	}
	return rows
}

func TestFitFindsWhatTheAnswersWereMadeOf(t *testing.T) {
	t.Parallel()
	f, err := Abilities(made(20_000, 5), Options{Models: []string{"acme/a", "acme/b"}, Head: "task", Labels: []string{"x", "y"}})
	if err != nil {
		t.Fatal(err)
	}
	// The mean over difficulties lies nearer to a half than the ability at the mean difficulty.
	for m, want := range [][]float64{{.89, .32}, {.59, .69}} {
		for l := range want {
			if math.Abs(f.Ability[m][l]-want[l]) > .03 {
				t.Errorf("ability[%d][%d] = %.3f, want about %.2f", m, l, f.Ability[m][l], want[l])
			}
		}
	}
	if math.Abs(f.Fitted-4.6) > .6 || f.LogLoss >= f.Before {
		t.Errorf("slope %v, loss %v of %v", f.Fitted, f.LogLoss, f.Before)
	}
	if math.Abs(f.Tokens[0][1]-200) > 1 || math.Abs(f.Difficulty[1]-.6) > .01 {
		t.Errorf("tokens %v, difficulty %v", f.Tokens, f.Difficulty)
	}
}

func TestFewAnswersMoveLittle(t *testing.T) {
	t.Parallel()
	rows := []Row{{P: []float32{1, 0}, Difficulty: .3, Scores: []float64{0}, Tokens: []float64{9}}}
	f, err := Abilities(rows, Options{Models: []string{"a/b"}, Labels: []string{"x", "y"}, Prior: func(string) float64 { return .9 }, Reference: .3})
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(f.Fitted-catalog.DifficultySlope) > 1 {
		t.Errorf("one answer moves the slope to %v", f.Fitted)
	}
	if math.Abs(f.Overall[0]-.75) > 1e-9 || math.Abs(f.Ability[0][0]-.625) > 1e-9 || math.Abs(f.Ability[0][1]-.75) > 1e-9 || f.Tokens[0] != nil {
		t.Errorf("%+v", f)
	}
}

// What is written is a catalog file that says the same.
func TestYAMLIsACatalogFile(t *testing.T) {
	t.Parallel()
	f, err := Abilities(made(100, 3), Options{Models: []string{"openai/gpt-5.5", "openai/gpt-5.4"}, Head: "task", Labels: []string{"x y", "z: #"}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := catalog.Builtin().Overlay("fit.yaml", f.YAML())
	if err != nil {
		t.Fatalf("%v\n%s", err, f.YAML())
	}
	m, _ := c.Find("openai/gpt-5.5")
	if math.Abs(m.Ability.Labels["task.z: #"]-f.Ability[0][1]) > 1e-4 || math.Abs(c.Difficulty.Slope-f.Fitted) > 1e-4 || m.CompletionTokens["task.x y"] == 0 {
		t.Errorf("%+v %+v", m.Ability, c.Difficulty)
	}
	f.Head, f.Labels = "", []string{"coding", "math"}
	if _, err := catalog.Builtin().Overlay("fit.yaml", f.YAML()); err != nil || strings.Contains(string(f.YAML()), "completion_tokens") {
		t.Errorf("by category: %v", err)
	}
}

func TestFitSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	if _, err := Abilities(nil, Options{Models: []string{"a/b"}}); err == nil {
		t.Error("no labels must be an error")
	}
	if _, err := Abilities([]Row{{}}, Options{Models: []string{"a/b"}, Labels: []string{"x"}}); err == nil || !strings.Contains(err.Error(), "row 1") {
		t.Errorf("a row of the wrong shape: %v", err)
	}
}

func TestDomainsAreWhatCategoriesLeaveOpen(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(3, 4))
	rows := make([]Row, 10_000)
	for i := range rows {
		r := Row{P: []float32{1}, Domain: make([]float32, 14), Difficulty: .4, Estimate: 50, Scores: []float64{0}, Tokens: []float64{100}}
		r.Domain[i%2] = 1
		if rnd.Float64() < []float64{.9, .5}[i%2] {
			r.Scores[0] = 1
		}
		rows[i] = r
	}
	f, err := Abilities(rows, Options{Models: []string{"acme/a"}, Labels: []string{"math"}})
	if err != nil {
		t.Fatal(err)
	}
	for d, want := range []float64{.9, .5} {
		if got := f.Expected(&rows[d], 0); math.Abs(got-want) > .02 {
			t.Errorf("domain %d: expected %v, want %v", d, got, want)
		}
	}
	if f.Verbosity[0] != 2 {
		t.Errorf("verbosity %v, want 2", f.Verbosity[0])
	}
}
