package outcomes

import (
	"math"
	"slices"
)

// Vector is a prompt's features, by rising id; its values have length 1 in all.
type Vector []Weight

// Weight is one feature of a Vector.
type Weight struct {
	ID    uint32
	Value float32
}

// Vectors are sublinear term frequencies weighed by how rare a feature is among train, of length 1: what the nearest
// neighbours are found by. Counts are by prompt.
func Vectors(train, test []map[uint32]uint32) (a, b []Vector) {
	df := map[uint32]int{}
	for _, counts := range train {
		for id := range counts {
			df[id]++
		}
	}
	idf := func(id uint32) float64 { return math.Log(float64(1+len(train))/float64(1+df[id])) + 1 }
	make1 := func(list []map[uint32]uint32) []Vector {
		out := make([]Vector, len(list))
		for i, counts := range list {
			v, sum := make(Vector, 0, len(counts)), 0.
			for id, n := range counts {
				x := (1 + math.Log(float64(n))) * idf(id)
				v, sum = append(v, Weight{id, float32(x)}), sum+x*x
			}
			slices.SortFunc(v, func(x, y Weight) int { return int(x.ID) - int(y.ID) })
			for k := range v {
				v[k].Value /= float32(math.Sqrt(sum))
			}
			out[i] = v
		}
		return out
	}
	return make1(train), make1(test)
}

// KNN predicts a model's quality and cost on a prompt by their means over the k most similar prompts of a training pool.
type KNN struct {
	train *Pool
	index map[uint32][]posting
	k     int
}

type posting struct {
	prompt int32
	value  float32
}

// NewKNN makes an index of a pool's vectors.
func NewKNN(train *Pool, vectors []Vector, k int) *KNN {
	n := &KNN{train: train, index: map[uint32][]posting{}, k: k}
	for i, v := range vectors {
		for _, w := range v {
			n.index[w.ID] = append(n.index[w.ID], posting{int32(i), w.Value})
		}
	}
	return n
}

// Predict gives the means of the nearest prompts, by model.
func (n *KNN) Predict(v Vector) (quality, cost []float64) {
	similar := make([]float32, len(n.train.Prompts))
	for _, w := range v {
		for _, p := range n.index[w.ID] {
			similar[p.prompt] += p.value * w.Value
		}
	}
	order := make([]int, len(similar))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case similar[a] > similar[b]:
			return -1
		case similar[a] < similar[b]:
			return 1
		}
		return 0
	})
	k := min(n.k, len(order))
	quality, cost = make([]float64, len(n.train.Models)), make([]float64, len(n.train.Models))
	for _, i := range order[:k] {
		for m := range quality {
			quality[m] += n.train.Quality[i][m] / float64(k)
			cost[m] += n.train.Cost[i][m] / float64(k)
		}
	}
	return quality, cost
}

// Means are the mean quality and completion tokens of each model on each task of a training pool, shrunk towards the model's
// overall means.
type Means struct {
	Tasks           []string
	Quality, Tokens [][]float64 // by model, then task
}

// pseudo is how many prompts a model's overall mean counts for, beside those of a task.
const pseudo = 5

// TaskMeans fits means to a training pool.
func TaskMeans(train *Pool) *Means {
	m := &Means{}
	at := map[string]int{}
	for _, p := range train.Prompts {
		at[p.Task()] = 0
	}
	for task := range at {
		m.Tasks = append(m.Tasks, task)
	}
	slices.Sort(m.Tasks)
	for i, task := range m.Tasks {
		at[task] = i
	}
	counts := make([]float64, len(m.Tasks))
	for _, p := range train.Prompts {
		counts[at[p.Task()]]++
	}
	n := float64(len(train.Prompts))
	for k := range train.Models {
		quality, tokens := make([]float64, len(m.Tasks)), make([]float64, len(m.Tasks))
		allQ, allT := 0., 0.
		for i, p := range train.Prompts {
			quality[at[p.Task()]] += train.Quality[i][k]
			tokens[at[p.Task()]] += train.Tokens[i][k]
			allQ += train.Quality[i][k] / n
			allT += train.Tokens[i][k] / n
		}
		for t := range quality {
			quality[t] = (quality[t] + pseudo*allQ) / (counts[t] + pseudo)
			tokens[t] = (tokens[t] + pseudo*allT) / (counts[t] + pseudo)
		}
		m.Quality, m.Tokens = append(m.Quality, quality), append(m.Tokens, tokens)
	}
	return m
}

// Truth is the probabilities of tasks of one who knows a prompt's task.
func (m *Means) Truth(p *Prompt) []float64 {
	out := make([]float64, len(m.Tasks))
	if i := slices.Index(m.Tasks, p.Task()); i >= 0 {
		out[i] = 1
	} else {
		for i := range out {
			out[i] = 1 / float64(len(out))
		}
	}
	return out
}

// Mix is the expected quality and completion tokens of each model for a mixture of tasks.
func (m *Means) Mix(tasks []float64) (quality, tokens []float64) {
	for k := range m.Quality {
		q, t := 0., 0.
		for i, p := range tasks {
			q, t = q+p*m.Quality[k][i], t+p*m.Tokens[k][i]
		}
		quality, tokens = append(quality, q), append(tokens, t)
	}
	return quality, tokens
}
