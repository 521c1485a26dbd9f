package api

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/store"
	"github.com/routor/routor/policies"
)

// Documents keep what serves in step with the state: a version that appears there, whoever published it, is checked together
// with everything else that serves here and taken over, or refused and told to the fleet, while the old goes on serving.
type Documents struct {
	Publisher *Publisher
	State     *store.Store
	// Catalog makes a catalog of the overlay; nil = the built-in one with the overlay alone.
	Catalog func(file string, src []byte) (*catalog.Catalog, error)
	Name    string // of this replica
	Version string // of the program
	Keys    *access.Store
	Passive bool // a command, not a server: it publishes no files of its own accord, and is no replica
	Log     func(format string, args ...any)

	mu      sync.Mutex
	history *store.History // nil = the state has not answered yet
	drafts  *store.Drafts
	files   map[store.Kind]File
	last    *store.Last // nil = the state is on this disk anyway
	live    map[store.Kind]*store.Version
	rollout *Rollout // as live
	refused map[store.Kind]*refusal
	asOf    time.Time     // when the documents were last known to be those of the fleet, for a start without it
	moved   chan struct{} // closed and replaced whenever a document was taken over or refused
	fleet   *store.Fleet
	since   map[store.Kind]time.Time
	nudge   chan struct{}
	started time.Time
	stop    context.CancelFunc
	ended   sync.WaitGroup
	applies sync.Mutex // one version after the other
}

// refusal is a version that was not taken over.
type refusal struct {
	*store.Version
	err error
}

// File is a file that a document belongs to.
type File struct {
	Path    string
	Content []byte
}

// ErrOwnedByFile says that a document belongs to a file.
type ErrOwnedByFile struct {
	Kind store.Kind
	File string
}

func (e *ErrOwnedByFile) Error() string {
	return fmt.Sprintf("the %s is kept in %s, which is followed: change the file, adopt it (`routor %s adopt`), or force a change that lasts until the file changes", e.Kind, e.File, command(e.Kind))
}

// command is a kind's word on the command line.
func command(kind store.Kind) string {
	if kind == store.Profiles {
		return "profile"
	}
	return string(kind)
}

// ErrAway says that the state can't be asked now.
var ErrAway = errors.New("the state's NATS servers can't be reached: what serves goes on serving, and nothing can be changed until they answer")

// Candidate is a set of documents that might serve.
type Candidate struct {
	Documents map[store.Kind]*store.Version // those of version 0 are in a file and not published yet; nil = the built-in one
	Why       string
}

// Open opens the documents and says what might serve, the best first: what the files say where they own, else what the state
// says; the state alone; what this replica last served. files are by kind; dir is the data directory.
func (d *Documents) Open(ctx context.Context, dir string, files map[store.Kind]File) ([]Candidate, error) {
	if d.Log == nil {
		d.Log = func(string, ...any) {}
	}
	d.files, d.started = maps.Clone(files), time.Now().UTC()
	d.live, d.refused, d.since = map[store.Kind]*store.Version{}, map[store.Kind]*refusal{}, map[store.Kind]time.Time{}
	d.moved, d.nudge = make(chan struct{}), make(chan struct{}, 1)
	var all []Candidate
	if !d.State.Embedded() {
		d.last = store.OpenLast(dir)
	}
	ok, _ := d.State.Connected()
	if !ok && d.last == nil {
		return nil, ErrAway
	}
	if ok {
		if err := d.connect(ctx); err != nil {
			return nil, err
		}
		now, err := d.current(ctx)
		if err != nil {
			return nil, err
		}
		next, changed := maps.Clone(now), false
		for kind, f := range files {
			if d.Passive {
				break
			}
			v, err := d.fromFile(ctx, kind, f, now[kind], true)
			if err != nil {
				return nil, err
			}
			if v != nil {
				next[kind], changed = v, true
			}
		}
		if changed {
			all = append(all, Candidate{next, "the files and the state"})
		}
		all = append(all, Candidate{now, "the state"})
		if len(now) == 0 && changed {
			all = all[:1] // there never was anything else: a file that does not check is an error, not ignored
		}
	}
	if d.last != nil {
		kept, asOf, err := d.last.Read()
		if err != nil {
			d.Log("warning: %v", err)
		}
		if kept != nil {
			d.asOf = asOf
			all = append(all, Candidate{kept, fmt.Sprintf("what this replica last served, as of %s", asOf.Format(time.RFC3339))})
		}
	}
	if len(all) == 0 { // a replica's very first start, without its cluster
		first := map[store.Kind]*store.Version{}
		for kind, f := range files {
			first[kind] = &store.Version{Kind: kind, Name: store.Live, Author: "file", Owner: store.OwnerFile, File: f.Path, Content: f.Content}
		}
		all = append(all, Candidate{first, "the files"})
	}
	return all, nil
}

// connect opens what needs the state to answer.
func (d *Documents) connect(ctx context.Context) error {
	h, err := d.State.History(ctx)
	if err != nil {
		return err
	}
	drafts, err := d.State.Drafts(ctx)
	if err != nil {
		return err
	}
	d.mu.Lock()
	d.history, d.drafts = h, drafts
	d.mu.Unlock()
	return nil
}

func (d *Documents) current(ctx context.Context) (map[store.Kind]*store.Version, error) {
	now := map[store.Kind]*store.Version{}
	for _, kind := range store.Kinds {
		v, err := d.history.Current(ctx, kind, store.Live)
		if err == nil && v != nil {
			now[kind], err = v, d.history.Fetch(ctx, v)
		}
		if err != nil {
			return nil, err
		}
	}
	return now, nil
}

// fromFile is the version that a file is to be published as; nil = it is not. A start publishes only what was never published
// from that file: it overrides nothing newer.
func (d *Documents) fromFile(ctx context.Context, kind store.Kind, f File, now *store.Version, start bool) (*store.Version, error) {
	next := &store.Version{Kind: kind, Name: store.Live, Author: "file", Note: f.Path, Owner: store.OwnerFile, File: f.Path, Content: f.Content}
	if now == nil {
		return next, nil
	}
	hash := store.Hash(f.Content)
	if now.Owner == store.OwnerStore {
		if now.Hash != hash {
			d.Log("%s: not taken over: the %s is owned by the store since it was adopted or published there (%s)", f.Path, kind, now.Line())
		}
		return nil, nil
	}
	if now.Hash == hash {
		return nil, nil
	}
	same, last, err := d.history.FromFile(ctx, kind, store.Live, hash)
	switch {
	case err != nil:
		return nil, err
	case start && same != nil:
		d.Log("%s: not taken over: it is version %d of the %s, and %s serves; to bring it back: `routor %s rollback %d --force`", f.Path, same.Number, kind, now.Line(), command(kind), same.Number)
		return nil, nil
	case last != nil && last.Hash == hash: // the file has not changed; somebody forced another version
		return nil, nil
	}
	return next, nil
}

// Start publishes what of the candidate that serves is not published yet, and follows the state until Close.
func (d *Documents) Start(ctx context.Context, c Candidate) error {
	for _, kind := range store.Kinds {
		v := c.Documents[kind]
		if v == nil {
			continue
		}
		if v.Number == 0 && d.history != nil {
			published, err := d.first(ctx, v)
			if err != nil {
				return err
			}
			v = published
		}
		if v.Number == 0 {
			continue
		}
		if kind == store.Rollout { // which is no part of the first snapshot
			d.take(ctx, v)
			continue
		}
		d.took(v)
	}
	d.keep()
	var err error
	if d.fleet, err = d.State.Fleet(d.Self, d.Nudge, d.Passive); err != nil {
		return fmt.Errorf("join the fleet: %w", err)
	}
	follow, stop := context.WithCancel(context.Background())
	d.stop = stop
	d.ended.Go(func() { d.follow(follow) })
	if d.last != nil {
		d.ended.Go(func() { d.freshen(follow) })
	}
	return nil
}

// first publishes a file's version at a start. Another replica may do the same at the same time: who comes second follows.
func (d *Documents) first(ctx context.Context, v *store.Version) (*store.Version, error) {
	now, err := d.history.Current(ctx, v.Kind, v.Name)
	if err != nil {
		return nil, err
	}
	on := uint64(0)
	if now != nil {
		on = now.Number
	}
	if now != nil && now.Hash == store.Hash(v.Content) {
		return now, d.history.Fetch(ctx, now)
	}
	published, err := d.history.Publish(ctx, *v, on)
	var conflict *store.ErrConflict
	if errors.As(err, &conflict) {
		return v, nil // what won comes by Follow
	}
	return published, err
}

// follow takes over what comes, for good.
func (d *Documents) follow(ctx context.Context) {
	said := ""
	for d.History() == nil { // until the cluster answers for the first time
		try, cancel := context.WithTimeout(ctx, askTime)
		err := d.connect(try)
		cancel()
		if err == nil {
			break
		}
		if ok, _ := d.State.Connected(); ok && err.Error() != said {
			said = err.Error()
			d.Log("warning: %v", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(500 * time.Millisecond):
		}
	}
	if !d.Passive && !d.State.Embedded() {
		d.Log("state: %s", d.State.Durability())
	}
	now := d.catchUp(ctx)
	d.history.Follow(ctx, store.Live, now, d.nudge, func(v *store.Version) { d.apply(ctx, v) })
}

// catchUp takes over the current documents as a whole and returns the change up to which it did.
func (d *Documents) catchUp(ctx context.Context) (seq uint64) {
	for ctx.Err() == nil {
		try, cancel := context.WithTimeout(ctx, askTime)
		now, err := d.current(try)
		cancel()
		if err != nil {
			d.Log("warning: %v", err)
			select {
			case <-ctx.Done():
			case <-time.After(500 * time.Millisecond):
			}
			continue
		}
		for _, kind := range store.Kinds {
			if v := now[kind]; v != nil {
				seq = max(seq, v.Seq)
				d.apply(ctx, v)
			}
		}
		for kind, f := range d.ownFiles() {
			if err := d.catchUpFile(ctx, kind, f); err != nil {
				d.Log("%s: not taken over: %v", f.Path, err)
			}
		}
		return seq
	}
	return seq
}

// catchUpFile publishes a file that could not be published when this replica started, because the state was away.
func (d *Documents) catchUpFile(ctx context.Context, kind store.Kind, f File) error {
	if d.Passive {
		return nil
	}
	return d.file(ctx, kind, f, true)
}

func (d *Documents) ownFiles() map[store.Kind]File {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.files)
}

// apply takes a version over, or refuses it. What was refused before is tried again after whatever has changed.
func (d *Documents) apply(ctx context.Context, v *store.Version) {
	d.applies.Lock()
	defer d.applies.Unlock()
	d.mu.Lock()
	old := d.live[v.Kind]
	d.mu.Unlock()
	if old != nil && old.Seq >= v.Seq {
		return
	}
	if !d.take(ctx, v) {
		return
	}
	for _, kind := range store.Kinds {
		d.mu.Lock()
		again := d.refused[kind]
		d.mu.Unlock()
		if again != nil {
			d.take(ctx, again.Version)
		}
	}
	d.keep()
}

func (d *Documents) take(ctx context.Context, v *store.Version) bool {
	err := d.put(ctx, v, Change{Author: v.Author, Note: v.Note})
	if err == nil {
		d.took(v)
		return true
	}
	d.mu.Lock()
	known := d.refused[v.Kind]
	d.refused[v.Kind] = &refusal{v, err}
	d.move()
	d.mu.Unlock()
	if known == nil || known.Seq != v.Seq {
		d.Log("%s: not taken over, the old goes on serving:\n%v", v.Line(), err)
	}
	return false
}

// put has the publisher check a version and, unless change says otherwise, bring it live.
func (d *Documents) put(ctx context.Context, v *store.Version, change Change) (err error) {
	name := v.File
	if name == "" {
		name = string(v.Kind) + ".yaml"
	}
	switch v.Kind {
	case store.Policy:
		src := v.Content
		if len(src) == 0 {
			name, src = "default.yaml", policies.Default()
		}
		_, err = d.Publisher.Policy(name, src, change)
	case store.Classifier:
		_, err = d.Publisher.Classifier(ctx, v.Content, change)
	case store.Catalog:
		make := d.Catalog
		if make == nil {
			make = func(file string, src []byte) (*catalog.Catalog, error) { return catalog.Builtin().Overlay(file, src) }
		}
		var c *catalog.Catalog
		if c, err = make(name, v.Content); err == nil {
			_, err = d.Publisher.Catalog(c, change)
		}
	case store.Profiles:
		var profiles map[string]*access.Profile
		if profiles, err = access.ParseProfiles(name, v.Content); err == nil {
			_, err = d.Publisher.Profiles(profiles, change)
		}
	case store.Rollout:
		var r *Rollout
		if r, err = parseRollout(v.Content); err == nil {
			if err = d.Publisher.Rollout(ctx, trialID(v), r, change); err == nil && !change.DryRun {
				d.mu.Lock()
				d.rollout = r
				d.mu.Unlock()
			}
		}
	}
	return err
}

// took notes that a version serves.
func (d *Documents) took(v *store.Version) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.live[v.Kind], d.since[v.Kind] = v, time.Now().UTC()
	delete(d.refused, v.Kind)
	d.move()
}

// move tells everybody who waits. The caller holds the lock.
func (d *Documents) move() {
	close(d.moved)
	d.moved = make(chan struct{})
	if d.fleet != nil {
		d.fleet.Announce()
	}
}

// keep writes down what serves, for a start without the cluster, and lets go of the module's bytes.
func (d *Documents) keep() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.last != nil {
		if err := d.last.Keep(d.live); err != nil {
			d.Log("warning: %v", err)
			return
		}
	}
	if v := d.live[store.Classifier]; v != nil && v.Content != nil {
		card := *v
		card.Content = nil
		d.live[store.Classifier] = &card
	}
}

// freshen notes from time to time that the documents are those of the fleet.
func (d *Documents) freshen(ctx context.Context) {
	tick := time.NewTicker(10 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			if ok, _ := d.State.Connected(); ok && d.History() != nil {
				d.last.Fresh(now)
			}
		}
	}
}

// Close stops following.
func (d *Documents) Close() {
	if d.fleet != nil {
		d.fleet.Close()
	}
	if d.stop != nil {
		d.stop()
	}
	d.ended.Wait()
}

// History is the documents' history; nil = the state has not answered yet.
func (d *Documents) History() *store.History {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.history
}

// Drafts are the drafts; nil = the state has not answered yet.
func (d *Documents) Drafts() *store.Drafts {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.drafts
}

// Nudge asks the state whether there is more than has come.
func (d *Documents) Nudge() {
	select {
	case d.nudge <- struct{}{}:
	default:
	}
	if d.Keys != nil {
		d.Keys.Nudge()
	}
}

// Self is this replica as it tells the fleet.
func (d *Documents) Self() store.Replica {
	r := store.Replica{Name: d.Name, PID: os.Getpid(), Version: d.Version, Started: d.started, Documents: map[store.Kind]*store.Serving{}}
	if d.Keys != nil {
		r.Keys = d.Keys.Revision()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, kind := range store.Kinds {
		s := &store.Serving{Since: d.since[kind]}
		if v := d.live[kind]; v != nil {
			s.Version, s.Seq = v.Number, v.Seq
		}
		if v := d.refused[kind]; v != nil {
			s.Refused, s.RefusedSeq, s.Why = v.Number, v.Seq, v.err.Error()
		}
		r.Documents[kind] = s
	}
	return r
}

// Live is the version of a document that serves here; nil = the built-in one.
func (d *Documents) Live(kind store.Kind) *store.Version {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.live[kind]
}

// Fleet is the replicas that share the state.
func (d *Documents) Fleet() []store.Replica { return d.fleet.Replicas() }

// Age is since when the state has been away, and up to when what serves is known to be the fleet's; zero = it is not away.
func (d *Documents) Age() (away, asOf time.Time) {
	ok, since := d.State.Connected()
	if ok && d.History() != nil {
		return time.Time{}, time.Time{}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.history == nil && !d.asOf.IsZero() {
		return since, d.asOf
	}
	return since, since
}

func isKind(kind string) bool { return slices.Contains(store.Kinds, store.Kind(kind)) }
