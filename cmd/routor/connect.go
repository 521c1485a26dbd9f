package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/config"
	"github.com/routor/routor/providers"
)

// keySource is where a provider's keys come from; a file can be read again.
type keySource struct {
	file string
	name string // for people: OPENAI_API_KEY, api_key, the file's name
	list atomic.Pointer[[]providers.Key]
}

// keys are the keys by now: the same slice until they change.
func (k *keySource) keys() []providers.Key { return *k.list.Load() }

// get is the first key; "" = there is none.
func (k *keySource) get() string {
	if list := k.keys(); len(list) > 0 {
		return list[0].Value
	}
	return ""
}

func (k *keySource) set(list ...providers.Key) { k.list.Store(&list) }

// reload reads the file again, one key a line; the old keys stay if that fails.
func (k *keySource) reload() error {
	if k.file == "" {
		return nil
	}
	src, err := os.ReadFile(k.file)
	if err != nil {
		return fmt.Errorf("read a provider's key: %w", err)
	}
	var list []providers.Key
	for line := range strings.Lines(string(src)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			list = append(list, providers.Key{Value: line})
		}
	}
	k.set(list...)
	return nil
}

// keyOfProvider is a provider's keys: file, configuration, else its usual variables. nil = it needs none.
func keyOfProvider(p *catalog.Provider, c config.Provider) (*keySource, error) {
	k := &keySource{}
	k.set()
	switch {
	case c.APIKeyFile != "":
		k.file, k.name = string(c.APIKeyFile), string(c.APIKeyFile)
		if err := k.reload(); err != nil && !errors.Is(err, fs.ErrNotExist) { // it may come later
			return nil, err
		}
		return k, nil
	case c.APIKey != "":
		k.name = "api_key"
		k.set(providers.Key{Value: c.APIKey.Reveal()})
		return k, nil
	case len(c.APIKeys) > 0:
		k.name = "api_keys"
		list := make([]providers.Key, len(c.APIKeys))
		for i, own := range c.APIKeys {
			list[i] = providers.Key{Value: own.Key.Reveal(), Weight: own.Weight}
		}
		k.set(list...)
		return k, nil
	case c.Auth == "none", !p.Builtin && len(p.KeyEnv) == 0:
		return nil, nil
	}
	for _, name := range p.KeyEnv {
		if value := os.Getenv(name); value != "" {
			k.set(providers.Key{Value: value})
			k.name = name
			break
		}
	}
	return k, nil
}

// connected is a provider that can be called.
type connected struct {
	*providers.Connection
	key *keySource // nil = it needs none
}

// connectAll connects the providers that have what they need. missing says of the others that somebody wanted, by id, what they lack.
func connectAll(c *config.Config, cat *catalog.Catalog) (made map[string]connected, missing map[string]string, err error) {
	made, missing = map[string]connected{}, map[string]string{}
	roots := map[config.Path]*x509.CertPool{}
	for _, p := range cat.Providers {
		own, wanted := c.Providers[p.ID]
		if own.Disabled {
			continue
		}
		key, err := keyOfProvider(p, own)
		if err != nil {
			return nil, nil, err
		}
		if key != nil && key.get() == "" {
			switch {
			case key.file != "":
				missing[p.ID] = "no key in " + key.file + " yet"
			case wanted:
				missing[p.ID] = "no key: set " + strings.Join(append(slices.Clone(p.KeyEnv), "api_key in routor.yaml"), " or ")
				continue
			default:
				continue
			}
		}
		base, lack := baseURL(p, own)
		if lack != "" {
			missing[p.ID] = lack
			continue
		}
		file := own.CAFile
		if file == "" {
			file = c.CAFile
		}
		if _, read := roots[file]; !read {
			if roots[file], err = rootsWith(file); err != nil {
				return nil, nil, err
			}
		}
		connection, err := providers.Connect(optionsOf(c, p, own, base, key, roots[file]))
		if err != nil {
			return nil, nil, err
		}
		made[p.ID] = connected{connection, key}
	}
	return made, missing, nil
}

// baseURL is where a provider's API lives; lack is what is needed to know it.
func baseURL(p *catalog.Provider, own config.Provider) (base, lack string) {
	if base = own.BaseURL; base == "" {
		base = p.BaseURL
	}
	for name, value := range map[string]string{"resource": own.Resource, "region": own.Region} {
		if !strings.Contains(base, "{"+name+"}") {
			continue
		}
		if value == "" {
			return "", fmt.Sprintf("no %s: write providers: {%s: {%[1]s: NAME}} in routor.yaml, and its deployments", name, p.ID)
		}
		base = strings.ReplaceAll(base, "{"+name+"}", url.PathEscape(value))
	}
	if base == "" {
		return "", "no base_url"
	}
	return withVersion(base, own.APIVersion), ""
}

// withVersion puts the version of the API into an address's query, in place of the one there.
func withVersion(base, version string) string {
	u, err := url.Parse(base)
	if version == "" || err != nil {
		return base
	}
	address, _, _ := strings.Cut(base, "?")
	q := u.Query()
	q.Set("api-version", version)
	return address + "?" + q.Encode()
}

// ownIdle is how long an unused connection to an endpoint of one's own is kept: less than the 5 s after which uvicorn, on
// which most of them run, closes it.
const ownIdle = 4 * time.Second

func optionsOf(c *config.Config, p *catalog.Provider, own config.Provider, base string, key *keySource, roots *x509.CertPool) providers.Options {
	o := providers.Options{
		Provider: p, BaseURL: base, MaxConns: own.MaxConns, Timeouts: providers.Timeouts(own.Timeouts.Or(c.Timeouts)),
		Proxy: proxyFor(base, own.Proxy, c.Proxy), RootCAs: roots, UserAgent: "routor/" + version,
	}
	if key != nil {
		o.Keys = key.keys
	}
	if !p.Builtin {
		o.IdlePool = ownIdle
	}
	for name, value := range own.Headers {
		o.Headers = append(o.Headers, providers.Header{Name: name, Value: value.Reveal()})
	}
	slices.SortFunc(o.Headers, func(a, b providers.Header) int { return strings.Compare(a.Name, b.Name) })
	return o
}

// proxyFor is the first proxy given, else the environment's for that address.
func proxyFor(base string, given ...string) string {
	for _, proxy := range given {
		if proxy != "" {
			return proxy
		}
	}
	u, err := url.Parse(base)
	if err != nil {
		return ""
	}
	proxy, err := http.ProxyFromEnvironment(&http.Request{URL: u})
	if err != nil || proxy == nil {
		return ""
	}
	return proxy.String()
}

// rootsWith are the system's certificates and those of a file; nil = the system's alone.
func rootsWith(file config.Path) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	src, err := os.ReadFile(string(file))
	if err != nil {
		return nil, fmt.Errorf("read ca_file: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(src) {
		return nil, errors.New("ca_file " + string(file) + " holds no certificate in PEM")
	}
	return pool, nil
}
