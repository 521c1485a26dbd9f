// Package config is routor.yaml: one optional file that says where to listen, which providers to call and which policy,
// classifier, catalog and profiles to use. The doc line and the default of every field stand beside it as struct tags, so
// that decoding, flags, environment variables and the reference in docs/ all come from one place.
package config

import (
	"net"
	"os"
	"path/filepath"
	"time"
)

// Config is the whole of routor.yaml. Tags: yaml is the key, doc the line in the reference, default and example are written
// as in the file, flag makes a command-line flag (and so an environment variable), oneof, min and max bound the value.
type Config struct {
	Listen      string `yaml:"listen" flag:"listen" default:"127.0.0.1:8484" doc:"Address that clients call. If it is not a loopback address, clients need keys."`
	AdminListen string `yaml:"admin_listen" flag:"admin-listen" example:"127.0.0.1:8485" doc:"Address of admin API, UI and metrics. Default: the same as listen when that is loopback, else 127.0.0.1:8485."`
	TLS         TLS    `yaml:"tls" doc:"Certificate to serve on listen; without one it is plain HTTP."`
	Data        Path   `yaml:"data" flag:"data" example:"/var/lib/routor" doc:"Folder for keys and state. Default: $XDG_DATA_HOME/routor or ~/.local/share/routor; the demo has one of its own that goes when it ends."`

	NATS NATS `yaml:"nats" doc:"Cluster that keeps the state of a fleet. Without one the state is in the data folder, and this process serves alone."`

	AdminKey     Secret `yaml:"admin_key" flag:"admin-key" example:"${ROUTOR_ADMIN_KEY}" doc:"Key of the admin API. Without one it is generated at the first start into admin.key in the data folder. Others on the machine can see flags: prefer the variable."`
	AdminKeyFile Path   `yaml:"admin_key_file" flag:"admin-key-file" example:"/run/secrets/routor_admin" doc:"File that holds the admin key."`

	Providers map[string]Provider `yaml:"providers" doc:"Providers by id. The 13 built-in ones only need a key, here or in their usual environment variable; any other id is an endpoint of your own."`
	Proxy     string              `yaml:"proxy" flag:"proxy" example:"http://proxy.internal:3128" doc:"Proxy for calls to providers. Default: HTTPS_PROXY, HTTP_PROXY and NO_PROXY of the environment."`
	CAFile    Path                `yaml:"ca_file" flag:"ca-file" example:"/etc/ssl/internal.pem" doc:"Certificates (PEM) to trust besides the system's when calling providers."`

	Policy     Path     `yaml:"policy" flag:"policy" example:"policy.yaml" doc:"Policy file, followed while serving. Default: the built-in policy."`
	Balance    *float64 `yaml:"balance" flag:"balance" min:"0" max:"1" example:"0.5" doc:"Quality against saving, 0 cheapest to 1 best, in place of the policy's own."`
	Classifier Path     `yaml:"classifier" flag:"classifier" example:"mine.wasm" doc:"Classifier module, followed while serving. Default: the built-in one."`
	Catalog    []Path   `yaml:"catalog" flag:"catalog" example:"[catalog.yaml]" doc:"Files that add, override and disable models and prices, in order, followed while serving."`
	Profiles   Section  `yaml:"profiles" flag:"profiles" example:"profiles.yaml" doc:"Profiles by name, or the name of a file that holds them."`

	Timeouts Timeouts `yaml:"timeouts" doc:"How long one call to a provider may take."`
	Clients  Clients  `yaml:"clients" doc:"How long clients may take, and when they get a sign of life."`
	Limits   Limits   `yaml:"limits" doc:"What one process takes on."`

	Ledger Ledger `yaml:"ledger" doc:"The record of what was decided, and what became of it."`

	FetchMedia bool `yaml:"fetch_media" flag:"fetch-media" default:"false" doc:"Read images and files that clients give by URL for models that take bytes alone: https only, never from private addresses, at most 20 MB and 15 s. Off, such models are no candidates then."`

	Hold     time.Duration `yaml:"hold" flag:"hold" default:"2s" min:"1ms" doc:"How long a stream's reasoning is kept back so that another model can still take over."`
	HoldSize Size          `yaml:"hold_size" flag:"hold-size" default:"64KB" min:"1KB" doc:"How much of it is kept back at most."`

	DrainDelay    time.Duration `yaml:"drain_delay" flag:"drain-delay" default:"0s" min:"0" example:"5s" doc:"On shutdown: how long to go on accepting after /readyz has said no, so that load balancers notice."`
	ShutdownGrace time.Duration `yaml:"shutdown_grace" flag:"shutdown-grace" default:"30s" min:"0" doc:"On shutdown: how long requests that are running may take to finish."`

	AccessLog       bool `yaml:"access_log" flag:"access-log" default:"false" doc:"Write one line of JSON a request to stdout."`
	ResponseHeaders bool `yaml:"response_headers" flag:"response-headers" default:"true" doc:"Send the X-Routor-* headers with every answer."`

	file     string
	warnings Errors
}

// TLS is a certificate and its key.
type TLS struct {
	Cert Path `yaml:"cert" flag:"tls-cert" example:"/etc/routor/tls.crt" doc:"Certificate chain, PEM."`
	Key  Path `yaml:"key" flag:"tls-key" example:"/etc/routor/tls.key" doc:"Its private key, PEM."`
}

// NATS is where the state of a fleet is.
type NATS struct {
	URL         Secret `yaml:"url" flag:"nats" example:"nats://10.0.0.1:4222,nats://10.0.0.2:4222" doc:"Servers of the cluster; tls:// for TLS. Default: a server inside the process, without a port."`
	Credentials Path   `yaml:"credentials" flag:"nats-credentials" example:"/run/secrets/routor.creds" doc:"File with this user's JWT and key."`
	CA          Path   `yaml:"ca" flag:"nats-ca" example:"/etc/routor/nats-ca.pem" doc:"Certificates (PEM) that the servers' must be signed by. Default: the system's."`
	Cert        Path   `yaml:"cert" flag:"nats-cert" example:"/etc/routor/nats.crt" doc:"Certificate by which this client is known to the servers, PEM."`
	Key         Path   `yaml:"key" flag:"nats-key" example:"/etc/routor/nats.key" doc:"Its private key, PEM."`
	Copies      int    `yaml:"copies" default:"0" min:"0" max:"5" doc:"Servers that hold each message; 0 = three where the cluster has three, else one, with a warning."`
	Replica     string `yaml:"replica" flag:"replica" example:"web-1" doc:"Name of this process in the fleet. Default: host name and port."`
}

// Timeouts bound one call to a provider.
type Timeouts struct {
	Connect    time.Duration `yaml:"connect" default:"5s" min:"0" doc:"To open the connection, TLS included."`
	FirstToken time.Duration `yaml:"first_token" default:"30s" min:"0" doc:"Streams: to the first byte of the answer."`
	Thinking   time.Duration `yaml:"thinking" default:"2m" min:"0" doc:"The same for models that reason before they answer; the longer of both counts."`
	Idle       time.Duration `yaml:"idle" default:"30s" min:"0" doc:"Streams: between two bytes; keep-alives count as life."`
	Plain      time.Duration `yaml:"plain" default:"0s" min:"0" doc:"Plain answers: to the first byte; 0 = only total counts, because they show no sign of life before they are whole."`
	Total      time.Duration `yaml:"total" default:"10m" min:"0" doc:"For the whole request with all its attempts; for a provider: for one call to it."`
}

// Or is t with what is not set taken from o.
func (t Timeouts) Or(o Timeouts) Timeouts {
	for _, p := range []struct {
		to   *time.Duration
		from time.Duration
	}{{&t.Connect, o.Connect}, {&t.FirstToken, o.FirstToken}, {&t.Thinking, o.Thinking}, {&t.Idle, o.Idle}, {&t.Plain, o.Plain}, {&t.Total, o.Total}} {
		if *p.to == 0 {
			*p.to = p.from
		}
	}
	return t
}

// Clients bound what clients may take.
type Clients struct {
	Read      time.Duration `yaml:"read" default:"1m" min:"1s" doc:"For a request to arrive."`
	Write     time.Duration `yaml:"write" default:"1m" min:"1s" doc:"For each write of an answer; a client that takes nothing for so long loses its connection."`
	Idle      time.Duration `yaml:"idle" default:"3m" min:"1s" doc:"Between two requests on a connection."`
	Silence   time.Duration `yaml:"silence" default:"5s" min:"100ms" doc:"Streams: how long a client waits without a sign of life; then it gets headers and a comment while failover goes on."`
	Heartbeat time.Duration `yaml:"heartbeat" default:"10s" min:"100ms" doc:"Streams: between comments after that."`
}

// Limits are what one process takes on.
type Limits struct {
	Body                Size          `yaml:"body" flag:"max-body" default:"32MB" min:"1KB" doc:"Largest request body; a larger one is answered 413."`
	Concurrency         int           `yaml:"concurrency" flag:"concurrency" default:"10000" min:"1" doc:"Requests at the same time; more are answered 429."`
	Memory              Size          `yaml:"memory" flag:"memory" default:"0" min:"0" example:"2GB" doc:"Memory at which requests with bodies are turned away with 429 until there is room. Default: 80 % of what the process may use (GOMEMLIMIT, the container's limit, else the machine's memory)."`
	Wait                time.Duration `yaml:"wait" default:"10s" min:"0" doc:"How long a request waits in all for a model that cools down or is at its max_concurrency, when there is no other. 0 = it does not."`
	RetryInPlace        time.Duration `yaml:"retry_in_place" default:"1s" min:"1ms" doc:"A provider that asks to come back within this time is asked again before a worse model is."`
	RetryShare          float64       `yaml:"retry_share" default:"0.2" min:"0.001" max:"1" doc:"Share of a provider's calls that may be retries, over 10 s; 10 are always allowed. Going on to another provider that is well is no retry."`
	Attempts            int           `yaml:"attempts" default:"6" min:"1" max:"20" doc:"Calls to providers that one request may cost at most."`
	ClassifierInstances int           `yaml:"classifier_instances" default:"0" min:"0" max:"1024" doc:"Instances of the classifier; 0 = one a CPU."`
	ClassifierFuel      int64         `yaml:"classifier_fuel" default:"2000000" min:"10000" doc:"Fuel of one classification, besides what its bytes earn."`
	ClassifierFuelByte  int64         `yaml:"classifier_fuel_per_byte" default:"1500" min:"0" doc:"Fuel for each byte of the prompt."`
	ClassifierMemory    Size          `yaml:"classifier_memory" default:"64MB" min:"1MB" max:"4GB" doc:"Memory of one instance."`
	Conversations       int           `yaml:"conversations" default:"100000" min:"1" doc:"Conversations that are remembered."`
}

// Warnings are what is no error but probably not meant: a variable that is not set.
func (c *Config) Warnings() Errors { return c.warnings }

// File is where the configuration was read from; "" = defaults alone.
func (c *Config) File() string { return c.file }

// Loopback says whether only this machine can reach the clients' address.
func (c *Config) Loopback() bool { return loopback(c.Listen) }

// Admin is the address of admin API, UI and metrics, and whether it is one of their own.
func (c *Config) Admin() (addr string, own bool) {
	switch {
	case c.AdminListen != "" && c.AdminListen != c.Listen:
		return c.AdminListen, true
	case c.AdminListen == "" && !c.Loopback():
		return "127.0.0.1:8485", true
	}
	return c.Listen, false
}

func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// DataDir is Data, or where it is by default.
func (c *Config) DataDir() string {
	if c.Data != "" {
		return string(c.Data)
	}
	base := os.Getenv("XDG_DATA_HOME")
	if base == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			home = "."
		}
		base = filepath.Join(home, ".local", "share")
	}
	return filepath.Join(base, "routor")
}
