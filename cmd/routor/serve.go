package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/api"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/config"
	"github.com/routor/routor/engine/ledger"
	"github.com/routor/routor/engine/store"
	"github.com/routor/routor/providers"
	"github.com/routor/routor/providers/sim"
)

func serveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the API",
		Long: `Serves the OpenAI-compatible API on --listen, and admin API, metrics and pages on the same address, or on one of their own when
--listen is not a loopback address. Files that the configuration names (policy, classifier, catalog, profiles, keys) are followed: a
change takes effect without a restart, and one that does not check is refused while the old goes on serving. SIGHUP reads them all
again; SIGTERM and SIGINT shut down without dropping requests.`,
		Example: `  routor serve --demo
  routor serve --demo --scenario docs/scenario.yaml
  routor serve --config routor.yaml
  OPENAI_API_KEY=sk-… routor serve --policy policy.yaml --access-log
  routor serve --listen 0.0.0.0:8484 --data /var/lib/routor --drain-delay 5s`,
		Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := newService(cmd, false)
			if err != nil {
				return err
			}
			defer s.close()
			return s.run(cmd)
		},
	}
	addDemoFlags(cmd)
	addScenarioFlag(cmd)
	addConfigFlags(cmd)
	return cmd
}

// service is a server with everything that it is made of.
type service struct {
	c           *config.Config
	dir         string
	state       *store.Store
	store       *access.Store
	meters      *access.Meters
	assembly    *assembly
	fleet       *sim.Fleet        // nil = no demo
	demoSecrets map[string]string // of the keys that the demo's clients have, by name
	made        map[string]connected
	forget      string // the demo's own folder, removed when it ends
	missing     map[string]string
	ignored     []string // real keys that the demo leaves alone
	adminKey    string
	generated   bool // the admin key is new
	passive     bool
	facts       *engine.Facts // nil = no fleet
	engine      *engine.Engine
	documents   *api.Documents
	candidate   api.Candidate   // what serves first
	candidates  []api.Candidate // what might, if that does not check
	ledger      *ledger.Ledger  // nil = none is kept
	learner     *engine.Learner // nil = nothing is learned
	server      *api.Server
}

// newService makes a server that does not listen yet; a passive one is made for a command, and leaves files alone.
func newService(cmd *cobra.Command, passive bool) (s *service, err error) {
	s = &service{passive: passive}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if s.c, err = settings(cmd); err != nil {
		return s, err
	}
	for _, w := range s.c.Warnings() {
		note(cmd, "warning: %s", w)
	}
	if n := len(s.c.AdminKey); n > 0 && n < 16 && !s.c.Loopback() {
		note(cmd, "warning: the admin key has %d characters; a better one: openssl rand -base64 33", n)
	}
	demo, _ := cmd.Flags().GetBool("demo")
	if demo {
		s.c.Providers = nil
	}
	s.dir = s.c.DataDir()
	if demo && s.c.Data == "" {
		// The demo starts afresh every time, and real keys play no part in it.
		if s.dir, err = os.MkdirTemp("", "routor-demo-"); err != nil {
			return s, fmt.Errorf("make a folder for the demo: %w; name one with --data", err)
		}
		s.forget = s.dir
	}
	if !passive {
		if err = keepApart(s.dir, demo); err != nil {
			return s, err
		}
	}
	// The catalog and the classifier that Routor comes with are read while the state is opened: neither waits for it.
	metrics := engine.NewMetrics()
	var beside sync.WaitGroup
	var unclassified error
	beside.Go(func() { catalog.Builtin() })
	beside.Go(func() { s.assembly, unclassified = newAssembly(cmd.Context(), s.c, metrics.ClassifierEvent) })
	s.state, s.store, err = openState(cmd.Context(), s.c, s.dir, func(format string, args ...any) { note(cmd, format, args...) })
	beside.Wait()
	if err = errors.Join(err, unclassified); err != nil {
		return s, err
	}
	if s.meters, err = access.OpenMeters(s.state); err != nil {
		return s, err
	}
	if err = s.takeAdminKey(demo); err != nil {
		return s, err
	}
	if err = s.openDocuments(cmd); err != nil {
		return s, err
	}
	if demo {
		if s.fleet, s.made, s.ignored, err = startDemo(s.c, s.assembly.parts.Catalog); err == nil {
			err = playScenario(cmd, s.fleet)
		}
	} else if cmd.Flags().Changed("scenario") {
		return s, errors.New("--scenario is for simulated providers: add --demo")
	} else {
		s.made, s.missing, err = connectAll(s.c, s.assembly.parts.Catalog)
	}
	if err != nil {
		return s, err
	}
	connections := map[string]*providers.Connection{}
	for id, c := range s.made {
		connections[id] = c.Connection
	}
	isConnected := func(provider string) bool { return connections[provider] != nil }
	s.assembly.parts.Dialect = func(provider string) string {
		if c := connections[provider]; c != nil {
			return c.Provider().Dialect
		}
		if p := s.assembly.parts.Catalog.Provider(provider); p != nil {
			return p.Dialect
		}
		return ""
	}
	var fetcher *engine.Fetcher
	if s.assembly.parts.FetchMedia = s.c.FetchMedia; s.c.FetchMedia {
		fetcher = engine.NewFetcher()
	}
	s.openLearner()
	snapshot, err := s.firstSnapshot(cmd, isConnected)
	if err != nil {
		return s, err
	}
	s.engine = engine.New(engine.Options{
		Snapshot: snapshot, Connections: connections, Metrics: metrics, Conversations: s.c.Limits.Conversations,
		Limits: dispatchLimits(s.c), Fetcher: fetcher, Learner: s.learner,
	})
	s.documents.Publisher = &api.Publisher{
		Live: s.engine.Live, Connected: isConnected, Builtin: s.assembly.builtin, Host: s.assembly.options, Balance: s.c.Balance, Try: s.engine.Try,
	}
	if err = s.openLedger(cmd, metrics); err != nil {
		return s, err
	}
	s.server = api.New(api.Options{
		Engine: s.engine, Config: s.c, Keys: s.store, Meters: s.meters, AdminKey: s.adminKey, Documents: s.documents, Demo: s.fleet, Visitors: s.visitors(), Missing: s.missing, Ledger: s.ledger,
		Version: version, LogTo: cmd.OutOrStdout(), ErrorLog: cmd.ErrOrStderr(),
		ReadTimeout: s.c.Clients.Read, WriteTimeout: s.c.Clients.Write, IdleTimeout: s.c.Clients.Idle,
	})
	return s, nil
}

// dispatchLimits are the configuration's limits of a request. The general total is the request's deadline, a provider's own
// that of one call.
func dispatchLimits(c *config.Config) engine.Limits {
	general := providers.Timeouts(c.Timeouts)
	general.Total = 0
	l := engine.Limits{
		Deadline: c.Timeouts.Total, Attempts: c.Limits.Attempts, Hold: c.Hold, HoldBytes: int(c.HoldSize),
		Timeouts: general, Silence: c.Clients.Silence, Heartbeat: c.Clients.Heartbeat,
		Providers: map[string]providers.Timeouts{}, Concurrency: map[string]engine.Concurrency{},
		Wait: c.Limits.Wait, RetryInPlace: c.Limits.RetryInPlace, RetryShare: c.Limits.RetryShare,
	}
	if l.Wait == 0 {
		l.Wait = -1 // who writes 0 means 0
	}
	for id, p := range c.Providers {
		if own := providers.Timeouts(p.Timeouts); own != (providers.Timeouts{}) {
			l.Providers[id] = own
		}
		if p.Most > 0 || p.MostEach > 0 {
			l.Concurrency[id] = engine.Concurrency{Provider: p.Most, Deployment: p.MostEach}
		}
	}
	return l
}

func (s *service) takeAdminKey(demo bool) error {
	given, err := "", error(nil)
	switch {
	case s.c.AdminKey != "":
		given = s.c.AdminKey.Reveal()
	case s.c.AdminKeyFile != "":
		src, err := os.ReadFile(string(s.c.AdminKeyFile))
		if err != nil {
			return fmt.Errorf("read the admin key: %w", err)
		}
		if given = strings.TrimSpace(string(src)); given == "" {
			return fmt.Errorf("admin_key_file %s is empty: write the key into it", s.c.AdminKeyFile)
		}
	case demo && s.c.Loopback() && s.c.AdminListen == "":
		given = demoAdminKey
	}
	s.adminKey, s.generated, err = access.AdminKey(s.dir, given)
	return err
}

func (s *service) run(cmd *cobra.Command) error {
	if err := s.server.Listen(); err != nil {
		return err
	}
	if err := s.begin(cmd.Context()); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(cmd.Context())
	defer stop()
	files, err := newWatcher()
	if err != nil {
		return err
	}
	f := &follower{
		c: s.c, dir: s.dir, store: s.store, documents: s.documents, made: s.made,
		validate: func() { s.engine.Validate(ctx) },
		say:      func(format string, args ...any) { note(cmd, format, args...) },
	}
	if err := f.follow(ctx, files); err != nil {
		return err
	}
	again := make(chan os.Signal, 1)
	signal.Notify(again, syscall.SIGHUP)
	defer signal.Stop(again)
	go files.run(ctx, again)
	validated := make(chan map[string]providers.Account, 1)
	go s.engine.Watch(ctx, func(accounts map[string]providers.Account) { validated <- accounts })
	go func() {
		var accounts map[string]providers.Account
		select {
		case accounts = <-validated:
		case <-time.After(3 * time.Second): // slow providers do not hold up the greeting
		case <-ctx.Done():
			return
		}
		note(cmd, "%s", strings.Join(s.greeting(accounts), "\n"))
		if accounts == nil {
			select {
			case accounts = <-validated:
			case <-ctx.Done():
				return
			}
		}
		for _, line := range s.providerLines(accounts) {
			note(cmd, "%s", line)
		}
	}()
	played := make(chan struct{})
	go func() {
		defer close(played)
		s.playDemo(ctx, cmd)
	}()
	defer func() { stop(); <-played }()
	return s.server.Serve(cmd.Context())
}

// greeting is what serve says when it is up: at most 12 lines.
func (s *service) greeting(accounts map[string]providers.Account) []string {
	scheme := "http://"
	if s.c.TLS.Cert != "" {
		scheme = "https://"
	}
	base, admin := scheme+s.server.Addr().String(), scheme+s.server.AdminAddr().String()
	if _, own := s.c.Admin(); own {
		admin = "http://" + s.server.AdminAddr().String()
	}
	if host, port, err := net.SplitHostPort(s.server.Addr().String()); err == nil && net.ParseIP(host).IsUnspecified() {
		base = scheme + net.JoinHostPort("127.0.0.1", port)
	}
	lines := []string{fmt.Sprintf("Routor %s serves %s/v1", version, base)}
	if s.fleet != nil {
		lines = append(lines, fmt.Sprintf("simulated: %d providers (%s); nothing leaves this machine", len(s.made), strings.Join(sortedKeys(s.made), ", ")))
		if len(s.ignored) > 0 {
			slices.Sort(s.ignored)
			lines = append(lines, "ignored in the demo: "+strings.Join(slices.Compact(s.ignored), ", "))
		}
	} else {
		lines = append(lines, s.standings(accounts)...)
	}
	key := "ROUTOR_ADMIN_KEY"
	switch {
	case s.adminKey == demoAdminKey:
		key = demoAdminKey
	case s.c.AdminKeyFile != "":
		key = "in " + string(s.c.AdminKeyFile)
	case s.c.AdminKey == "":
		key = "in " + filepath.Join(s.dir, access.AdminKeyFile)
		if s.generated {
			key += ", just made"
		}
	}
	lines = append(lines, fmt.Sprintf("admin: %s/admin (key: %s)", admin, key))
	if s.adminKey == demoAdminKey {
		lines = append(lines, fmt.Sprintf("open:  %s%s (signs in once; later %[1]s lets you in)", admin, s.server.Invite(demoLink)))
	} else {
		lines = append(lines, fmt.Sprintf("open:  %s (`routor open` signs you in)", admin))
	}
	auth := ""
	if (s.store.Any() || !s.c.Loopback()) && !s.visitors() {
		auth = ` -H "Authorization: Bearer $ROUTOR_KEY"`
		if !s.store.Any() {
			lines = append(lines, "clients need a key: routor key add --name app --data "+s.dir)
		}
	}
	return append(lines, "try:", fmt.Sprintf(`  curl %s/v1/chat/completions%s -H "Content-Type: application/json" \`, base, auth),
		`    -d '{"model": "auto", "messages": [{"role": "user", "content": "hi"}]}'`)
}

// standings says which providers can be used and what is wrong with the others.
func (s *service) standings(accounts map[string]providers.Account) []string {
	var usable, wrong []string
	for _, id := range sortedKeys(s.made) {
		switch a := accounts[id]; {
		case a.State == "":
			usable = append(usable, id+" (not answered yet)")
		case a.State.Usable():
			usable = append(usable, id)
		default:
			wrong = append(wrong, id+" ("+stateWord(a)+")")
		}
	}
	for _, id := range sortedKeys(s.missing) {
		wrong = append(wrong, id+" ("+s.missing[id]+")")
	}
	lines := []string{"usable: " + strings.Join(usable, ", ")}
	if len(usable) == 0 {
		lines[0] = "usable: no provider; set for instance OPENAI_API_KEY, run `routor init`, or try `routor serve --demo`"
	}
	if len(wrong) > 0 {
		lines = append(lines, "not usable: "+strings.Join(wrong, ", "))
	}
	return lines
}

// close lets go of everything that was made so far.
func (s *service) close() {
	s.closeLedger()
	if s.learner != nil {
		s.learner.Close()
	}
	for _, c := range s.made {
		c.Close()
	}
	if s.fleet != nil {
		s.fleet.Close()
	}
	if s.assembly != nil {
		s.assembly.close()
	}
	if s.facts != nil {
		s.facts.Close()
	}
	if s.documents != nil {
		s.documents.Close()
	}
	if s.meters != nil {
		s.meters.Close()
	}
	if s.store != nil {
		s.store.Close()
	}
	if s.state != nil {
		s.state.Close()
	}
	if s.forget != "" {
		_ = os.RemoveAll(s.forget)
	}
}
