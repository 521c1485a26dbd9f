package prompts

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/routor/routor/classifiers/train"
	"github.com/routor/routor/engine/label"
)

// The files of the folder that are read; its DATA.md describes them. Only the prompts themselves must be there.
const (
	fileTrain       = "prompts.train.jsonl.gz"
	fileDev         = "prompts.dev.jsonl.gz"
	fileTest        = "prompts.test.jsonl.gz"
	fileAnnotations = "annotations.jsonl.gz"
	fileWritten     = "written.jsonl.gz"
	fileTeacher     = "teacher.jsonl.gz"
	fileOutcomes    = "outcome_prompts.jsonl.gz"
	fileScores      = "outcomes.csv.gz"
)

// The splits of Set's examples. Hand labels are in the first three; the last two have labels of their sources, which follow
// other definitions.
const (
	Train      = "train"
	Dev        = "dev"
	Test       = "test"
	SourceDev  = "source-dev"
	SourceTest = "source-test"
)

// How much a label counts beside one that was read by hand.
const (
	writtenWeight = 2
	sourceWeight  = 0.5
	teacherWeight = 0.35
	teacherShare  = 0.4 // of the target, where a source's label and the teacher's are both known
)

// unlike are sources whose own labels agree with our definition less than 0.85 of the time; only a teacher's count there.
var unlike = map[string]bool{
	"dolly-15k": true, "flask": true, "awesome-prompts": true, "awesome-prompts-system": true, "outcome-mmlu-pro": true,
	"outcome-routellm-mmlu": true, "outcome-llmrouter": true, "t0-cosmos": true, "t0-dream": true, "t0-ropes": true,
	"t0-wiki": true, "t0-commonsense": true, "agieval-gaokao-chinese": true,
}

// Set is the labelled prompts of a folder.
type Set struct {
	Examples []train.Example
	Data     map[string]string // sha256 of each file of a folder that was read, in hex; nil = not of a folder
	File     string            // sha256 of the one file, where it was one
	Skipped  map[string]int    // examples that were left out of Train, by reason
}

// Folder reads the folder of routing data. Nothing with a non-commercial licence gets into the splits Train and Dev, and
// no row of Train shares its group with a hand label of Dev or Test.
func Folder(dir string, as Convert, own Own) (*Set, error) {
	f := &folder{
		dir: dir, as: as, Set: Set{Data: map[string]string{}, Skipped: map[string]int{}},
		hand: map[string]annotation{}, soft: map[string][]float32{}, tier: map[string]float32{}, held: map[string]bool{}, own: own,
	}
	for _, step := range []func() error{f.annotations, f.teacher, f.completions, f.groups, f.train, f.written, f.outcomes, f.sources} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("routing data in %s: %w", dir, err)
		}
	}
	return &f.Set, nil
}

type folder struct {
	Set
	dir    string
	as     Convert
	hand   map[string]annotation // by prompt
	soft   map[string][]float32  // the teacher's probabilities, by prompt
	tier   map[string]float32    // and its tier
	own    Own
	held   map[string]bool    // groups that have a hand label of Dev or Test
	tokens map[string]float64 // completion tokens, by outcome prompt
}

type annotation struct {
	ID       string `json:"id"`
	Category string `json:"category"`
	Tier     string `json:"tier"`
	Domain   string `json:"domain"`
	Split    string `json:"split"`
}

// open calls read with a file of the folder, and notes the file's hash. A file that is not there is no error if optional.
func (f *folder) open(name string, optional bool, read func(io.Reader) error) error {
	hash, err := Open(filepath.Join(f.dir, name), read)
	if errors.Is(err, fs.ErrNotExist) && optional {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	f.Data[name] = hash
	return nil
}

// Open calls read with a file's content, and returns the file's sha256 in hex.
func Open(name string, read func(io.Reader) error) (string, error) {
	file, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer file.Close()
	hash := sha256.New()
	in := io.TeeReader(file, hash)
	if err := read(in); err != nil {
		return "", err
	}
	if _, err := io.Copy(io.Discard, in); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

func (f *folder) rows(name string, optional bool, each func(*Row) error) error {
	return f.open(name, optional, func(r io.Reader) error {
		return lines(r, func(line []byte) error {
			var row Row
			if err := json.Unmarshal(line, &row); err != nil {
				return err
			}
			var err error
			if row.own, err = f.own.of(line); err != nil {
				return err
			}
			return each(&row)
		})
	})
}

func (f *folder) annotations() error {
	return f.open(fileAnnotations, true, func(r io.Reader) error {
		return lines(r, func(line []byte) error {
			var a annotation
			if err := json.Unmarshal(line, &a); err != nil {
				return err
			}
			f.hand[a.ID] = a
			return nil
		})
	})
}

// teacher reads soft labels, whose probabilities are in alphabetical order of the categories.
func (f *folder) teacher() error {
	order := make([]label.Category, label.NumCategories)
	for i := range order {
		order[i] = label.Category(i)
	}
	slices.SortFunc(order, func(a, b label.Category) int { return cmp.Compare(a.String(), b.String()) })
	return f.open(fileTeacher, true, func(r io.Reader) error {
		return lines(r, func(line []byte) error {
			var t struct {
				ID string    `json:"id"`
				P  []float32 `json:"p"`
				// Tier is 0 (NANO) to 4 (COMPLEX), between two where the teacher wavers.
				Tier *float32 `json:"tier"`
			}
			if err := json.Unmarshal(line, &t); err != nil {
				return err
			}
			if len(t.P) != len(order) {
				return fmt.Errorf("%q has %d probabilities, must be %d", t.ID, len(t.P), len(order))
			}
			soft, sum := make([]float32, len(order)), float32(0)
			for _, p := range t.P {
				sum += p
			}
			for i, p := range t.P {
				soft[order[i]] = p / sum
			}
			f.soft[t.ID] = soft
			if t.Tier != nil {
				f.tier[t.ID] = *t.Tier
			}
			return nil
		})
	})
}

// groups notes which groups are held out of training.
func (f *folder) groups() error {
	return f.rows(fileTrain, false, func(row *Row) error {
		if a, ok := f.hand[row.ID]; ok && a.Split != Train {
			f.held[row.Group] = true
		}
		return nil
	})
}

func (r *Row) nonCommercial() bool {
	return r.NonCommercial || strings.Contains(r.Licence, "-NC")
}

func (f *folder) train() error {
	return f.rows(fileTrain, false, func(row *Row) error {
		row.Split = Train
		row.Tokens = f.tokens[row.OutcomeID]
		a, hand := f.hand[row.ID]
		if hand {
			row.Category, row.Tier, row.Domain, row.Split = &a.Category, &a.Tier, &a.Domain, a.Split
		}
		switch {
		case row.nonCommercial():
			f.Skipped["non-commercial licence"]++
			return nil
		case row.Split == Train && f.held[row.Group]:
			f.Skipped["group is held out"]++
			return nil
		case hand:
			return f.add(row, nil, 1)
		}
		return f.weak(row)
	})
}

// weak adds a row that nobody has read: with its source's label, a teacher's, or a mixture.
func (f *folder) weak(row *Row) error {
	soft := f.soft[row.ID]
	if unlike[row.Source] {
		row.Category = nil
	}
	if row.Category != nil && soft != nil {
		c, ok := label.ParseCategory(*row.Category)
		if !ok {
			return fmt.Errorf("prompt %q: unknown category %q", row.ID, *row.Category)
		}
		mixed := make([]float32, len(soft))
		for i, p := range soft {
			mixed[i] = teacherShare * p
		}
		mixed[c] += 1 - teacherShare
		row.Category = nil
		return f.add(row, mixed, sourceWeight)
	}
	switch {
	case row.Category != nil:
		return f.add(row, nil, sourceWeight)
	case soft != nil || row.Tokens > 0 || row.own != nil:
		return f.add(row, soft, teacherWeight)
	}
	f.Skipped["no label"]++
	return nil
}

func (f *folder) add(row *Row, soft []float32, weight float64) error {
	e, err := row.Example(f.as)
	if err != nil {
		return err
	}
	e.Soft, e.Weight = soft, weight
	if tier, ok := f.tier[row.ID]; ok {
		e.SoftTier = &tier
	}
	f.Examples = append(f.Examples, e)
	return nil
}

func (f *folder) written() error {
	return f.rows(fileWritten, true, func(row *Row) error { return f.add(row, nil, writtenWeight) })
}

// outcomes adds the benchmarks' prompts of their own split train, for the teacher's labels and the completion tokens.
func (f *folder) outcomes() error {
	return f.rows(fileOutcomes, true, func(row *Row) error {
		switch soft := f.soft[row.ID]; {
		case row.Split != Train:
			return nil
		case row.nonCommercial():
			f.Skipped["non-commercial licence"]++
			return nil
		case f.held[row.Group]:
			f.Skipped["group is held out"]++
			return nil
		case soft == nil && f.tokens[row.ID] == 0:
			return nil
		default:
			row.Category, row.Tokens, row.Source = nil, f.tokens[row.ID], row.Benchmark
			row.Domain = domainOf(row)
			return f.add(row, soft, teacherWeight)
		}
	})
}

// domainOf is the domain of a benchmark's prompt where the benchmark's subjects are our domains. Its "other" is not ours.
func domainOf(row *Row) *string {
	if row.Benchmark != "mmlu-pro" || row.Domain == nil || *row.Domain == "other" {
		return nil
	}
	domain := strings.ReplaceAll(*row.Domain, " ", "_")
	return &domain
}

// sources adds the prompts that have only their sources' labels to measure on.
func (f *folder) sources() error {
	for _, s := range []struct{ file, split string }{{fileDev, SourceDev}, {fileTest, SourceTest}} {
		err := f.rows(s.file, true, func(row *Row) error {
			row.Split = s.split
			if row.Category == nil {
				return nil
			}
			return f.add(row, nil, 1)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// completions reads how many tokens models answered with, and takes the mean of each prompt. Answers under a tenth of the
// longest are left out: a bare letter, where other models reasoned, says nothing of what an answer to a person takes.
func (f *folder) completions() error {
	f.tokens = map[string]float64{}
	answers := map[string][]float64{}
	header := true
	err := f.open(fileScores, true, func(r io.Reader) error {
		return lines(r, func(line []byte) error {
			if header {
				header = false
				return nil
			}
			id, tokens, err := score(string(line))
			if tokens > 1 { // 0 and 1 stand for unknown
				answers[id] = append(answers[id], tokens)
			}
			return err
		})
	})
	for id, all := range answers {
		sum, n := 0.0, 0.0
		for _, tokens := range all {
			if tokens*10 >= slices.Max(all) {
				sum += tokens
				n++
			}
		}
		f.tokens[id] = sum / n
	}
	return err
}
