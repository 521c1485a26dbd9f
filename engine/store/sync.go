package store

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
)

// Sync is when a server has a message on the disk: at once (before it is acknowledged), or from time to time.
type Sync struct {
	Server   string
	Always   bool
	Interval time.Duration // where not always
}

// Syncs asks the servers of a cluster how they write. Only users of its system account may ask that: for others the list is
// empty, and nothing is known. An embedded server always writes at once.
func (s *Store) Syncs(most time.Duration) (list []Sync) {
	if s.embedded != nil {
		return []Sync{{Server: "embedded", Always: true}}
	}
	inbox := s.conn.NewInbox()
	answers, err := s.conn.SubscribeSync(inbox)
	if err != nil {
		return nil
	}
	defer func() { _ = answers.Unsubscribe() }()
	if s.conn.PublishRequest("$SYS.REQ.SERVER.PING.JSZ", inbox, nil) != nil {
		return nil
	}
	for end := time.Now().Add(most); ; {
		m, err := answers.NextMsg(time.Until(end))
		if err != nil {
			return list
		}
		if one, ok := parseSync(m); ok {
			list = append(list, one)
		}
	}
}

func parseSync(m *nats.Msg) (s Sync, ok bool) {
	var answer struct {
		Server struct {
			Name string `json:"name"`
		} `json:"server"`
		Data *struct {
			Config struct {
				SyncAlways   bool          `json:"sync_always"`
				SyncInterval time.Duration `json:"sync_interval"`
			} `json:"config"`
		} `json:"data"`
	}
	if json.Unmarshal(m.Data, &answer) != nil || answer.Data == nil {
		return s, false
	}
	return Sync{answer.Server.Name, answer.Data.Config.SyncAlways, answer.Data.Config.SyncInterval}, true
}

// Durability says what an acknowledged change of a policy or key outlives, in one sentence.
func (s *Store) Durability() string {
	if s.embedded != nil {
		return "what is acknowledged is on this machine's disk: it outlives a killed process and a power cut, not the loss of the disk"
	}
	syncs := s.Syncs(500 * time.Millisecond)
	lazy := 0
	for _, one := range syncs {
		if !one.Always {
			lazy++
		}
	}
	copies := s.Replicas()
	switch {
	case len(syncs) == 0:
		return fmt.Sprintf("what is acknowledged is with a majority of %d servers; whether each has it on the disk can't be asked with these credentials: set sync_interval: always in their configuration", copies)
	case lazy > 0:
		return fmt.Sprintf("what is acknowledged is with a majority of %d servers, but %d of %d write to the disk only every %s: a power cut of a majority can lose that much; set sync_interval: always",
			copies, lazy, len(syncs), syncs[0].Interval)
	}
	return fmt.Sprintf("what is acknowledged is on the disks of a majority of %d servers", copies)
}
