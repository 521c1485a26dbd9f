package main

import (
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	nats "github.com/nats-io/nats-server/v2/server"
)

// roleVariable makes the test's own binary play a part: that of routor, or of a NATS server of a cluster.
const roleVariable = "ROUTOR_TEST_PLAYS"

func TestMain(m *testing.M) {
	switch role := os.Getenv(roleVariable); role {
	case "":
		// What demos make up would stand between what tests look for; a test of that says so itself.
		os.Setenv("ROUTOR_DEMO_HISTORY", "0")
		os.Setenv("ROUTOR_DEMO_TRAFFIC", "0")
		os.Exit(m.Run())
	case "routor":
		os.Unsetenv(roleVariable)
		main()
	default:
		playNATS(role)
	}
}

// playNATS runs a server of a cluster until it is killed: "NAME PORT CLUSTERPORT ROUTES DIR".
func playNATS(role string) {
	words := strings.Fields(role)
	port, _ := strconv.Atoi(words[1])
	cluster, _ := strconv.Atoi(words[2])
	o := &nats.Options{
		ServerName: words[0], Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: words[4], SyncAlways: true, NoSigs: true,
		// Nobody may be told of other servers, or what is cut off would find a way around.
		Cluster: nats.ClusterOpts{Name: "fleet", Host: "127.0.0.1", Port: cluster, NoAdvertise: true},
	}
	for _, r := range strings.Split(words[3], ",") {
		u, err := url.Parse(r)
		if err != nil {
			panic(err)
		}
		o.Routes = append(o.Routes, u)
	}
	s, err := nats.NewServer(o)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	s.Start()
	for {
		time.Sleep(time.Hour)
	}
}
