package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/routor/routor/engine/store"
)

// link is a TCP connection's way to a server that can be cut.
type link struct {
	to    string
	l     net.Listener
	mu    sync.Mutex
	cut   bool
	conns []net.Conn
}

func newLink(t *testing.T, to string) *link {
	t.Helper()
	l, err := net.Listen("tcp", freeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	k := &link{to: to, l: l}
	t.Cleanup(func() { l.Close(); k.set(true) })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go k.carry(c)
		}
	}()
	return k
}

func (k *link) carry(c net.Conn) {
	up, err := net.Dial("tcp", k.to)
	if err != nil {
		c.Close()
		return
	}
	k.mu.Lock()
	if k.cut {
		k.mu.Unlock()
		c.Close()
		up.Close()
		return
	}
	k.conns = append(k.conns, c, up)
	k.mu.Unlock()
	go func() { io.Copy(up, c); up.Close() }()
	io.Copy(c, up)
	c.Close()
}

func (k *link) set(cut bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.cut = cut
	if cut {
		for _, c := range k.conns {
			c.Close()
		}
		k.conns = nil
	}
}

// fleet is three NATS servers and three replicas on this machine, with traffic, and policies that are published all the time.
type fleet struct {
	t        *testing.T
	dir      string
	ports    [3]string // of NATS
	clusters [3]string
	nats     [3]*process
	links    [3]*link // the last replica's ways to the servers
	listen   [3]string
	replicas [3]*process
	mu       sync.Mutex // of replicas and acked
	acked    map[uint64]string
	latency  []time.Duration // from the call to its answer, which comes when all replicas are live

	answered               map[string]answered // by X-Request-Id
	killed                 [3][]time.Time      // the replicas
	asked, retried, failed atomic.Int64
	refused                atomic.Int64 // publishes that were not acknowledged
}

// answered is when a replica answered a request.
type answered struct {
	replica int
	at      time.Time
}

// mayLose is how long before a kill a record may not have been in the stream yet: blocks are closed every 100 ms, and the machine is busy.
const mayLose = time.Second

// kill ends a replica as a power switch would.
func (f *fleet) kill(i int) {
	f.mu.Lock()
	f.killed[i] = append(f.killed[i], time.Now())
	f.mu.Unlock()
	f.replicas[i].kill()
}

// records compares the answers that clients got with what the ledger says on a replica.
func (f *fleet) records() {
	missing := map[string]answered{}
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		there, err := requestIDs("http://" + f.listen[0])
		if err != nil {
			f.t.Fatal(err)
		}
		clear(missing)
		for id, a := range f.answered {
			if !there[id] {
				missing[id] = a
			}
		}
		excused := 0
		for _, a := range missing {
			if slices.ContainsFunc(f.killed[a.replica], func(at time.Time) bool { return a.at.After(at.Add(-mayLose)) && a.at.Before(at.Add(mayLose)) }) {
				excused++
			}
		}
		if excused == len(missing) {
			f.t.Logf("the ledger: %d answers, %d without a record, all within %v of the kill of their replica", len(f.answered), excused, mayLose)
			return
		}
	}
	f.t.Errorf("the ledger lacks %d of %d answers: %v", len(missing), len(f.answered), missing)
}

// requestIDs are the X-Request-Ids in the ledger of a server.
func requestIDs(base string) (map[string]bool, error) {
	req, err := http.NewRequest("GET", base+"/admin/decisions/export?format=jsonl", nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+demoAdminKey)
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != 200 {
		return nil, fmt.Errorf("export: HTTP %d", res.StatusCode)
	}
	ids := map[string]bool{}
	for rows := json.NewDecoder(res.Body); ; {
		var row struct {
			ID string `json:"request_id"`
		}
		switch err := rows.Decode(&row); err {
		case nil:
			ids[row.ID] = true
		case io.EOF:
			return ids, nil
		default:
			return nil, err
		}
	}
}

func (f *fleet) startNATS(i int) {
	routes := make([]string, 3)
	for j, c := range f.clusters {
		routes[j] = "nats://" + c
	}
	_, port, _ := net.SplitHostPort(f.ports[i])
	_, cluster, _ := net.SplitHostPort(f.clusters[i])
	f.nats[i] = play(f.t, fmt.Sprintf("n%d %s %s %s %s", i, port, cluster, strings.Join(routes, ","), fmt.Sprintf("%s/n%d", f.dir, i)))
}

func (f *fleet) startReplica(i int) {
	urls := make([]string, 3)
	for j := range urls {
		urls[j] = "nats://" + f.ports[j]
		if i == 2 {
			urls[j] = "nats://" + f.links[j].l.Addr().String()
		}
	}
	p := playRoutor(f.t, f.listen[i], "--nats", strings.Join(urls, ","), "--replica", fmt.Sprintf("r%d", i), "--data", fmt.Sprintf("%s/r%d", f.dir, i))
	f.mu.Lock()
	f.replicas[i] = p
	f.mu.Unlock()
}

// ask sends a request to a replica, as a load balancer does: one whose connection breaks is asked elsewhere.
func (f *fleet) ask(n int) {
	f.asked.Add(1)
	for try := range 30 {
		base := "http://" + f.listen[(n+try)%3]
		res, err := client.Post(base+"/v1/chat/completions", "application/json", strings.NewReader(hi))
		if err == nil {
			body, err := io.ReadAll(res.Body)
			res.Body.Close()
			if err == nil && res.StatusCode == 200 {
				f.mu.Lock()
				f.answered[res.Header.Get("X-Request-Id")] = answered{(n + try) % 3, time.Now()}
				f.mu.Unlock()
				return
			}
			if err == nil {
				f.failed.Add(1)
				f.t.Errorf("a client got HTTP %d: %.200s", res.StatusCode, body)
				return
			}
		}
		f.retried.Add(1)
		time.Sleep(10 * time.Millisecond)
	}
	f.failed.Add(1)
	f.t.Error("no replica answered a client")
}

func (f *fleet) publish(n int) {
	source := fmt.Sprintf("name: fleet\n# %d\n", n)
	var done struct {
		Document store.Version `json:"document"`
		Replicas []store.Taken `json:"replicas"`
	}
	begin := time.Now()
	if err := admin("POST", "http://"+f.listen[n%3]+"/admin/documents/policy", map[string]any{"source": source}, &done); err != nil {
		f.refused.Add(1)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.acked[done.Document.Number] != "" {
		f.t.Errorf("version %d was acknowledged twice", done.Document.Number)
	}
	f.acked[done.Document.Number] = done.Document.Hash
	if len(done.Replicas) == 3 && !slices.ContainsFunc(done.Replicas, func(t store.Taken) bool { return t.State != "live" }) {
		f.latency = append(f.latency, time.Since(begin))
	}
}

// status is what a replica says of the fleet.
func (f *fleet) status(i int) (list []store.Replica, err error) {
	var answer struct {
		Replicas []store.Replica `json:"replicas"`
	}
	err = admin("GET", "http://"+f.listen[i]+"/admin/fleet", nil, &answer)
	return answer.Replicas, err
}

// converge waits until all replicas serve the last version of the history.
func (f *fleet) converge(what string) {
	f.t.Helper()
	begin := time.Now()
	said := ""
	for ; time.Since(begin) < 60*time.Second; time.Sleep(10 * time.Millisecond) {
		list, err := f.status(0)
		if err != nil {
			continue
		}
		said = ""
		seen := map[uint64]bool{}
		for _, r := range list {
			if !r.Silent {
				seen[r.Documents[store.Policy].Version] = true
				said += fmt.Sprintf(" %s:%d", r.Name, r.Documents[store.Policy].Version)
			}
		}
		var history struct {
			Versions []store.Version `json:"versions"`
		}
		if len(list) == 3 && len(seen) == 1 && strings.Count(said, ":") == 3 &&
			admin("GET", "http://"+f.listen[0]+"/admin/history/policy?limit=1", nil, &history) == nil && len(history.Versions) == 1 && seen[history.Versions[0].Number] {
			f.t.Logf("%-40s all serve version %d, %v after the load paused", what, history.Versions[0].Number, time.Since(begin).Round(time.Millisecond))
			return
		}
	}
	f.t.Errorf("%s: the replicas do not converge: %s", what, said)
	for _, p := range f.replicas {
		f.t.Log(p.notes)
	}
}

// leader is the server that leads the history's stream.
func (f *fleet) leader() int {
	f.t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		nc, err := nats.Connect("nats://"+f.ports[0]+",nats://"+f.ports[1]+",nats://"+f.ports[2], nats.Timeout(time.Second))
		if err != nil {
			continue
		}
		js, _ := jetstream.New(nc)
		stream, err := js.Stream(f.t.Context(), "HISTORY")
		nc.Close()
		if err == nil && stream.CachedInfo().Cluster != nil {
			var i int
			if _, err := fmt.Sscanf(stream.CachedInfo().Cluster.Leader, "n%d", &i); err == nil {
				return i
			}
		}
	}
	f.t.Fatal("the history has no leader")
	return 0
}

// TestFleet kills and cuts off what a fleet is made of while it serves. It takes about a minute: `make fleet-test`.
func TestFleet(t *testing.T) {
	if os.Getenv("ROUTOR_FLEET") == "" {
		t.Skip("starts six processes and kills them: make fleet-test")
	}
	f := &fleet{t: t, dir: clean(t), acked: map[uint64]string{}, answered: map[string]answered{}}
	for i := range 3 {
		f.ports[i], f.clusters[i], f.listen[i] = freeAddress(t), freeAddress(t), freeAddress(t)
		f.links[i] = newLink(t, f.ports[i])
	}
	for i := range 3 {
		f.startNATS(i)
	}
	f.clustered()
	for i := range 3 {
		f.startReplica(i)
	}
	f.phase("nothing is wrong", 3*time.Second, func() {})
	calm := slices.Clone(f.latency)
	f.phase("kill -9 of a replica", 4*time.Second, func() {
		f.kill(1)
		time.Sleep(time.Second)
		f.startReplica(1)
	})
	f.phase("kill -9 of a server that leads nothing", 6*time.Second, func() {
		i := (f.leader() + 1) % 3
		f.nats[i].kill()
		time.Sleep(2 * time.Second)
		f.startNATS(i)
	})
	f.phase("kill -9 of the leader", 8*time.Second, func() {
		i := f.leader()
		f.nats[i].kill()
		time.Sleep(3 * time.Second)
		f.startNATS(i)
	})
	f.phase("a replica is cut off, and returns", 8*time.Second, func() {
		for _, k := range f.links {
			k.set(true)
		}
		time.Sleep(4 * time.Second)
		for _, k := range f.links {
			k.set(false)
		}
	})
	f.phase("a replica starts while it is cut off", 10*time.Second, func() {
		for _, k := range f.links {
			k.set(true)
		}
		f.kill(2)
		f.startReplica(2) // as it last was
		var answer struct {
			State struct {
				Reachable bool      `json:"reachable"`
				AsOf      time.Time `json:"as_of"`
			} `json:"state"`
			Replicas []store.Replica `json:"replicas"`
		}
		if err := admin("GET", "http://"+f.listen[2]+"/admin/fleet", nil, &answer); err != nil || answer.State.Reachable || time.Since(answer.State.AsOf) > time.Minute ||
			len(answer.Replicas) != 1 || answer.Replicas[0].Documents[store.Policy].Version == 0 {
			f.t.Errorf("a replica that started without its cluster says %+v, %v", answer, err)
		}
		time.Sleep(time.Second)
		for _, k := range f.links {
			k.set(false)
		}
	})
	f.history()
	f.records()
	slices.Sort(calm)
	if len(calm) == 0 {
		t.Fatal("no publish was live on all three replicas")
	}
	t.Logf("clients: %d requests, %d asked again elsewhere, %d failed", f.asked.Load(), f.retried.Load(), f.failed.Load())
	t.Logf("publishes: %d acknowledged, %d refused while something was away", len(f.acked), f.refused.Load())
	t.Logf("from the call until it is live on all three, nothing being wrong: median %v, slowest %v of %d", calm[len(calm)/2], calm[len(calm)-1], len(calm))
	if median := calm[len(calm)/2]; median > 100*time.Millisecond {
		t.Errorf("a publish takes %v until it is live everywhere", median)
	}
}

// clustered waits until the cluster can hold streams on three servers.
func (f *fleet) clustered() {
	f.t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		nc, err := nats.Connect("nats://"+f.ports[0], nats.Timeout(time.Second))
		if err != nil {
			continue
		}
		js, _ := jetstream.New(nc)
		_, err = js.CreateStream(f.t.Context(), jetstream.StreamConfig{Name: "PROBE", Subjects: []string{"probe"}, Replicas: 3})
		if err == nil {
			err = js.DeleteStream(f.t.Context(), "PROBE")
		}
		nc.Close()
		if err == nil {
			return
		}
	}
	f.t.Fatal("the cluster does not come up: ", f.nats[0].notes)
}

// phase runs clients and publishers while something happens, then waits until the replicas agree.
func (f *fleet) phase(what string, long time.Duration, happens func()) {
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for c := range 48 {
		wg.Go(func() {
			for n := c; ; n++ {
				select {
				case <-stop:
					return
				default:
					f.ask(n)
				}
			}
		})
	}
	wg.Go(func() {
		for n := int(time.Now().UnixNano() % 1e9); ; n++ {
			select {
			case <-stop:
				return
			case <-time.After(30 * time.Millisecond):
				f.publish(n)
			}
		}
	})
	begin := time.Now()
	happens()
	time.Sleep(max(0, long-time.Since(begin)))
	close(stop)
	wg.Wait()
	f.converge(what)
}

// history compares what was acknowledged with what is there.
func (f *fleet) history() {
	var history struct {
		Versions []store.Version `json:"versions"`
	}
	if err := admin("GET", "http://"+f.listen[0]+"/admin/history/policy?limit=1000", nil, &history); err != nil {
		f.t.Fatal(err)
	}
	there := map[uint64]string{}
	for _, v := range history.Versions {
		there[v.Number] = v.Hash
	}
	for number, hash := range f.acked {
		if there[number] != hash {
			f.t.Errorf("version %d was acknowledged, and is gone or another", number)
		}
	}
}
