package engine

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/routor/routor/engine/label"
	"github.com/routor/routor/engine/store"
)

// feedbackStream holds the latest vote of each voter on each decision, what each replica saw a day, the tables that were learned,
// and where somebody has begun anew. It forgets after feedbackAge, so that what is learned follows models as they change.
const (
	feedbackStream = "FEEDBACK"
	feedbackAge    = 90 * 24 * time.Hour
	feedbackBytes  = 256 << 20
)

// Bounds of what is sent in one message.
const (
	mostSeenRows = 4000
	// MostComment is the longest comment of a vote, in bytes.
	MostComment = 2000
)

// Vote is what somebody thinks of an answer.
type Vote struct {
	Request  string    `json:"request"` // X-Request-Id
	Decision string    `json:"decision,omitempty"`
	Key      string    `json:"key,omitempty"`  // that voted, or "admin"
	User     string    `json:"user,omitempty"` // as the key's application names them, hashed
	Model    string    `json:"model"`
	Category string    `json:"category"`
	Profile  string    `json:"profile"`
	Score    float64   `json:"score"`              // 0..1
	Expected float64   `json:"expected,omitempty"` // quality that the catalog alone let expect, 0..1; 0 = unknown: it teaches nothing
	Learns   bool      `json:"learns"`             // the profile was one that learns
	Comment  string    `json:"comment,omitempty"`
	Time     time.Time `json:"time"`
}

func (v *Vote) subject() string {
	sum := sha256.Sum256([]byte(v.Key + "\x00" + v.User))
	return "feedback.vote." + store.Escape(v.Request) + "." + hex.EncodeToString(sum[:8])
}

// HashUser is how a user is named in votes: nobody can read from it who it was.
func HashUser(key, user string) string {
	if user == "" {
		return ""
	}
	sum := sha256.Sum256([]byte("user\x00" + key + "\x00" + user))
	return hex.EncodeToString(sum[:8])
}

// seenDay is what a replica saw on a day.
type seenDay struct {
	Rows []seenRow `json:"rows"`
}

type seenRow struct {
	Model    string                `json:"model"`
	Category string                `json:"category"`
	Key      string                `json:"key,omitempty"`
	User     string                `json:"user,omitempty"`
	Answers  int                   `json:"answers"`
	Wrong    int                   `json:"wrong,omitempty"` // answers with one thing wrong or more
	Counts   [len(SeenNames)]int32 `json:"counts"`          // by SeenNames
}

// seenKey is whose answers of which model are counted, on which day (UTC).
type seenKey struct {
	day string
	spot
	voter
}

// LearnerOptions say what a Learner learns from and how often.
type LearnerOptions struct {
	State *store.Store
	Name  string           // of this replica
	Every time.Duration    // between tables; 0 = a minute
	Clock func() time.Time // nil = time.Now
}

// Learner gathers feedback of the whole fleet and makes tables of it, off the path of requests.
type Learner struct {
	o    LearnerOptions
	boot string
	now  atomic.Pointer[Learned]
	last *lru.Cache[ConversationID, lastAnswer]
	live atomic.Pointer[Live] // whose catalog says what was known before; nil = nothing serves yet
	all  chan struct{}        // closed when all that the state had at the start is known

	mu       sync.Mutex
	stream   jetstream.Stream // nil = the state has not answered yet
	votes    map[string]sequenced[Vote]
	byID     map[string]map[string]bool // subjects of votes, by request id
	days     map[string]sequenced[seenDay]
	resets   []reset
	own      map[seenKey]*seenRow
	unsent   bool
	changed  bool
	standing []LearnedStanding
	tables   *lru.Cache[string, *Learned]

	stop  context.CancelFunc
	ended sync.WaitGroup
}

type sequenced[T any] struct {
	seq   uint64
	value T
}

// reset has all that came before it forgotten; "" = of all models, of all categories.
type reset struct {
	seq      uint64
	Model    string `json:"model,omitempty"`
	Category string `json:"category,omitempty"`
	Author   string `json:"author,omitempty"`
}

func (r *reset) covers(seq uint64, model, category string) bool {
	return seq < r.seq && (r.Model == "" || r.Model == model) && (r.Category == "" || r.Category == category)
}

// lastAnswer is the last answer of a conversation, for what is learned of it later.
type lastAnswer struct {
	key    seenKey
	prompt [8]byte
	at     time.Time
}

// OpenLearner begins to follow the fleet's feedback until Close. A state that is away is no error: what was learned comes when it
// answers.
func OpenLearner(o LearnerOptions) *Learner {
	if o.Every <= 0 {
		o.Every = time.Minute
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	var b [6]byte
	rand.Read(b[:])
	l := &Learner{o: o, boot: hex.EncodeToString(b[:]), votes: map[string]sequenced[Vote]{}, byID: map[string]map[string]bool{}, days: map[string]sequenced[seenDay]{}, own: map[seenKey]*seenRow{}}
	l.all = make(chan struct{})
	l.last, _ = lru.New[ConversationID, lastAnswer](20_000)
	l.tables, _ = lru.New[string, *Learned](64)
	ctx, stop := context.WithCancel(context.Background())
	l.stop = stop
	l.ended.Go(func() { l.run(ctx) })
	return l
}

// Close leaves. What was seen and not sent yet is sent.
func (l *Learner) Close() {
	l.stop()
	l.ended.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	l.send(ctx)
}

// Now is the table that counts; nil = nothing has been learned. It takes no lock.
func (l *Learner) Now() *Learned { return l.now.Load() }

func (l *Learner) run(ctx context.Context) {
	if !l.open(ctx) {
		return
	}
	l.ended.Go(func() {
		l.o.State.Watch(ctx, store.Watch{
			Stream: feedbackStream, Subjects: []string{"feedback.vote.>", "feedback.seen.>", "feedback.reset.>"}, Each: l.take,
			Current: func() {
				close(l.all)
				l.Settle(ctx)
			},
		})
	})
	tick := time.NewTicker(l.o.Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			l.send(ctx)
			l.Settle(ctx)
		}
	}
}

func (l *Learner) open(ctx context.Context) bool {
	for {
		try, cancel := context.WithTimeout(ctx, 10*time.Second)
		s, err := l.o.State.Stream(try, store.StreamConfig{
			Name: feedbackStream, Description: "what people and Routor itself think of answers, and what was learned", Subjects: []string{"feedback.>"},
			MaxPerSubject: 1, MaxAge: feedbackAge, MaxBytes: feedbackBytes,
		})
		cancel()
		if err == nil {
			l.mu.Lock()
			l.stream = s
			l.mu.Unlock()
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(time.Second):
		}
	}
}

// take takes over what somebody said. What can't be read is left out.
func (l *Learner) take(m store.Message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch kind, _, _ := strings.Cut(strings.TrimPrefix(m.Subject, "feedback."), "."); kind {
	case "vote":
		v, err := parseVote(m.Data)
		if err != nil {
			return
		}
		l.votes[m.Subject] = sequenced[Vote]{m.Seq, v}
		if l.byID[v.Request] == nil {
			l.byID[v.Request] = map[string]bool{}
		}
		l.byID[v.Request][m.Subject] = true
	case "seen":
		d, err := parseSeen(m.Data)
		if err != nil {
			return
		}
		l.days[m.Subject] = sequenced[seenDay]{m.Seq, d}
	case "reset":
		r := reset{seq: m.Seq}
		if json.Unmarshal(m.Data, &r) != nil {
			return
		}
		l.resets = append(l.resets, r)
		maps.DeleteFunc(l.own, func(k seenKey, _ *seenRow) bool {
			return r.covers(0, k.model, k.category.String())
		})
		l.unsent = l.unsent || len(l.own) > 0
	}
	l.changed = true
}

func parseVote(src []byte) (v Vote, err error) {
	if err := json.Unmarshal(src, &v); err != nil {
		return v, err
	}
	if _, ok := label.ParseCategory(v.Category); !ok || v.Request == "" || v.Model == "" || !(v.Score >= 0 && v.Score <= 1) || !(v.Expected >= 0 && v.Expected <= 1) {
		return v, errors.New("is no vote")
	}
	return v, nil
}

func parseSeen(src []byte) (d seenDay, err error) {
	if err := json.Unmarshal(src, &d); err != nil {
		return d, err
	}
	for _, r := range d.Rows {
		if _, ok := label.ParseCategory(r.Category); !ok || r.Model == "" || r.Answers < 0 || r.Wrong < 0 || r.Wrong > r.Answers || r.Answers > 1e9 {
			return d, errors.New("has a row that makes no sense")
		}
	}
	return d, nil
}

// ErrLearnerAway says that the state can't be asked now.
var ErrLearnerAway = errors.New("the state's NATS servers can't be reached: feedback can't be kept until they answer")

// Vote keeps a vote for the fleet. replaced is whether the same voter had judged the decision before.
func (l *Learner) Vote(ctx context.Context, v Vote) (replaced bool, err error) {
	v.Time = l.o.Clock().UTC().Truncate(time.Millisecond)
	subject := v.subject()
	l.mu.Lock()
	_, replaced = l.votes[subject]
	l.mu.Unlock()
	return replaced, l.keep(ctx, subject, v)
}

// Reset begins anew with a model and a category; "" = all.
func (l *Learner) Reset(ctx context.Context, model, category, author string) error {
	var b [6]byte
	rand.Read(b[:])
	return l.keep(ctx, "feedback.reset."+hex.EncodeToString(b[:]), reset{Model: model, Category: category, Author: author})
}

// keep puts a value into the stream, and waits until it is known here.
func (l *Learner) keep(ctx context.Context, subject string, value any) error {
	src, err := json.Marshal(value)
	if err != nil {
		panic("BUG: encode feedback: " + err.Error())
	}
	l.mu.Lock()
	away := l.stream == nil
	l.mu.Unlock()
	if away {
		return ErrLearnerAway
	}
	ack, err := l.o.State.JetStream().Publish(ctx, subject, src)
	if err != nil {
		return fmt.Errorf("%w (%v)", ErrLearnerAway, err)
	}
	// What was acknowledged is known here at once, whenever the stream brings it.
	l.take(store.Message{Subject: subject, Data: src, Seq: ack.Sequence})
	return nil
}

// Of are the votes on a decision by its request's id, oldest first.
func (l *Learner) Of(request string) []Vote {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []Vote
	for subject := range l.byID[request] {
		out = append(out, l.votes[subject].value)
	}
	slices.SortFunc(out, func(a, b Vote) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.subject(), b.subject())) })
	return out
}

// Standings are what has been learned and from what, as of the last table.
func (l *Learner) Standings() []LearnedStanding {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.standing)
}

// Follow tells which snapshots serve. Before that nothing is learned.
func (l *Learner) Follow(live *Live) {
	l.live.Store(live)
	l.ended.Go(func() { l.Settle(context.Background()) })
}

// CaughtUp waits until everything that the state had at the start is known.
func (l *Learner) CaughtUp(ctx context.Context) error {
	select {
	case <-l.all:
		return nil
	case <-ctx.Done():
		return ErrLearnerAway
	}
}

// caughtUp is whether there is nothing to wait for.
func (l *Learner) caughtUp() bool {
	select {
	case <-l.all:
		return true
	default:
		return false
	}
}

// Settle makes a new table if anything has come since the last one.
func (l *Learner) Settle(ctx context.Context) {
	live := l.live.Load()
	if live == nil || !l.caughtUp() {
		return
	}
	s := live.Acquire()
	c := s.Catalog
	s.Release()
	l.mu.Lock()
	if !l.changed {
		l.mu.Unlock()
		return
	}
	l.changed = false
	l.forget()
	e := l.evidence()
	l.standing = e.standings(c)
	next, was := learned(l.standing), l.now.Load()
	same := next == nil && was == nil || next != nil && was != nil && next.Version == was.Version
	if !same {
		l.now.Store(next)
		if next != nil {
			l.tables.Add(next.Version, next)
		}
	}
	l.mu.Unlock()
	if same || next == nil {
		return
	}
	if src, err := json.Marshal(next); err == nil {
		_, _ = l.o.State.JetStream().Publish(ctx, "feedback.learned."+next.Version, src) // replay asks for it; every replica sends the same
	}
}

// forget drops what is too old, as the stream does. The caller holds the lock.
func (l *Learner) forget() {
	oldest := l.o.Clock().Add(-feedbackAge)
	for subject, v := range l.votes {
		if v.value.Time.Before(oldest) {
			delete(l.votes, subject)
			delete(l.byID[v.value.Request], subject)
			if len(l.byID[v.value.Request]) == 0 {
				delete(l.byID, v.value.Request)
			}
		}
	}
	for subject := range l.days {
		day := subject[strings.LastIndexByte(subject, '.')+1:]
		if at, err := time.Parse("20060102", day); err != nil || at.Before(oldest) {
			delete(l.days, subject)
		}
	}
}

// evidence is all that counts. The caller holds the lock.
func (l *Learner) evidence() *evidence {
	e := &evidence{votes: map[spot][]judgement{}, seen: map[spot]map[voter]clean{}}
	forgotten := func(seq uint64, model, category string) bool {
		return slices.ContainsFunc(l.resets, func(r reset) bool { return r.covers(seq, model, category) })
	}
	for _, subject := range slices.Sorted(maps.Keys(l.votes)) {
		s := l.votes[subject]
		v := &s.value
		c, _ := label.ParseCategory(v.Category)
		if !v.Learns || v.Expected <= 0 || forgotten(s.seq, v.Model, v.Category) {
			continue
		}
		p := spot{v.Model, c}
		e.votes[p] = append(e.votes[p], judgement{voter{v.Key, v.User}, v.Score, v.Expected})
	}
	for _, d := range l.days {
		for i := range d.value.Rows {
			r := &d.value.Rows[i]
			c, _ := label.ParseCategory(r.Category)
			if forgotten(d.seq, r.Model, r.Category) {
				continue
			}
			p := spot{r.Model, c}
			if e.seen[p] == nil {
				e.seen[p] = map[voter]clean{}
			}
			n := e.seen[p][voter{r.Key, r.User}]
			n.answers, n.wrong = n.answers+float64(r.Answers), n.wrong+float64(r.Wrong)
			e.seen[p][voter{r.Key, r.User}] = n
		}
	}
	return e
}

// At is the table of a version, as long as the state has it; nil = nobody knows it. It may ask the state, and so has no place on
// the path of a request.
func (l *Learner) At(version string) *Learned {
	l.mu.Lock()
	t, ok := l.tables.Get(version)
	stream := l.stream
	l.mu.Unlock()
	if ok {
		return t
	}
	if stream == nil || version == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	m, err := stream.GetLastMsgForSubject(ctx, "feedback.learned."+store.Escape(version))
	if err != nil {
		return nil
	}
	t = new(Learned)
	if json.Unmarshal(m.Data, t) != nil || t.Version != version {
		return nil
	}
	l.mu.Lock()
	l.tables.Add(version, t)
	l.mu.Unlock()
	return t
}

// send tells the fleet what was seen here, if that has changed: today's counts, and once more those of a day that has ended.
func (l *Learner) send(ctx context.Context) {
	l.mu.Lock()
	if !l.unsent || l.stream == nil {
		l.mu.Unlock()
		return
	}
	l.unsent = false
	days := map[string]seenDay{}
	for k, r := range l.own {
		d := days[k.day]
		d.Rows = append(d.Rows, *r)
		days[k.day] = d
	}
	l.mu.Unlock()
	today := l.today()
	for day, d := range days {
		slices.SortFunc(d.Rows, func(a, b seenRow) int {
			return cmp.Or(cmp.Compare(a.Model, b.Model), cmp.Compare(a.Category, b.Category), cmp.Compare(a.Key, b.Key), cmp.Compare(a.User, b.User))
		})
		err := l.keep(ctx, "feedback.seen."+store.Escape(l.o.Name)+"."+l.boot+"."+day, d)
		l.mu.Lock()
		if err != nil {
			l.unsent = true
		} else if day != today {
			maps.DeleteFunc(l.own, func(k seenKey, _ *seenRow) bool { return k.day == day })
		}
		l.mu.Unlock()
	}
}

func (l *Learner) today() string { return l.o.Clock().UTC().Format("20060102") }
