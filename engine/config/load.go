package config

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Default is the configuration without a file.
func Default() *Config {
	c := new(Config)
	setDefaults(reflect.ValueOf(c).Elem())
	return c
}

// Load reads the configuration file; "" = defaults alone. The error is Errors when the file's content is wrong.
func Load(file string) (*Config, error) {
	if file == "" {
		return Default(), nil
	}
	src, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no configuration file %s: write one with `routor init --config %s`, or leave --config out", file, file)
	}
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	return Parse(file, src)
}

// Parse reads the configuration from src; file is its name in errors and the base of its relative paths.
func Parse(file string, src []byte) (*Config, error) {
	c := &Config{file: file}
	warnings, err := decodeSource(file, src, reflect.ValueOf(c).Elem())
	c.warnings = warnings
	var wrong Errors
	if err != nil && !errors.As(err, &wrong) {
		return nil, err
	}
	for _, e := range c.check() {
		if !slices.ContainsFunc(wrong, func(w Error) bool { return w.Path == e.Path }) {
			wrong = append(wrong, e.Place(file, src))
		}
	}
	if len(wrong) > 0 {
		slices.SortStableFunc(wrong, func(a, b Error) int { return a.Line - b.Line })
		return nil, wrong
	}
	return c, nil
}

// Check says what is wrong with a configuration as a whole: what flags and file say together.
func (c *Config) Check() error {
	if wrong := c.check(); len(wrong) > 0 {
		return wrong
	}
	return nil
}

var providerID = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

func (c *Config) check() (wrong Errors) {
	fail := func(path, hint, format string, args ...any) {
		wrong = append(wrong, Error{Path: path, Message: fmt.Sprintf(format, args...), Hint: hint})
	}
	address := func(path, addr string) {
		if _, port, err := net.SplitHostPort(addr); err != nil || port == "" {
			fail(path, "write for instance "+path+": 127.0.0.1:8484", "%q is not HOST:PORT", addr)
		} else if _, err := net.LookupPort("tcp", port); err != nil {
			fail(path, "a port is a number from 0 to 65535", "%q has no such port", addr)
		}
	}
	link := func(path, text string, schemes ...string) {
		if text == "" {
			return
		}
		u, err := url.Parse(text)
		if err != nil || u.Host == "" || !slices.Contains(schemes, u.Scheme) {
			fail(path, "write for instance "+path[strings.LastIndexByte(path, '.')+1:]+": "+schemes[len(schemes)-1]+"://host/path", "is not a URL that begins with %s", strings.Join(schemes, ":// or ")+"://")
		} else if u.User != nil && strings.HasSuffix(path, "base_url") {
			fail(path, "move it to api_key or headers", "holds a credential")
		}
	}
	address("listen", c.Listen)
	if c.AdminListen != "" {
		address("admin_listen", c.AdminListen)
	}
	if (c.TLS.Cert == "") != (c.TLS.Key == "") {
		fail("tls", "give both, or neither", "cert and key go together")
	}
	if (c.NATS.Cert == "") != (c.NATS.Key == "") {
		fail("nats.cert", "give both, or neither", "cert and key go together")
	}
	for _, text := range strings.Split(c.NATS.URL.Reveal(), ",") {
		if u, err := url.Parse(strings.TrimSpace(text)); text != "" && (err != nil || u.Host == "" || !slices.Contains([]string{"nats", "tls", "ws", "wss"}, u.Scheme)) {
			fail("nats.url", "write for instance url: nats://127.0.0.1:4222", "is not a list of URLs that begin with nats:// or tls://")
		}
	}
	if c.AdminKey != "" && c.AdminKeyFile != "" {
		fail("admin_key_file", "remove one", "there is admin_key as well")
	}
	link("proxy", c.Proxy, "https", "http")
	for id, p := range c.Providers {
		path := "providers." + id
		if !providerID.MatchString(id) {
			fail(path, "use lower-case letters, digits, - and _", "is not an id")
		}
		link(path+".base_url", p.BaseURL, "http", "https")
		link(path+".proxy", p.Proxy, "https", "http")
		if p.APIKey != "" && p.APIKeyFile != "" {
			fail(path+".api_key_file", "remove one", "there is api_key as well")
		}
		if strings.ContainsFunc(p.APIKey.Reveal(), func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			fail(path+".api_key", "", "holds a character that no key has: a space, a line break")
		}
		if len(p.APIKeys) > 0 && (p.APIKey != "" || p.APIKeyFile != "") {
			fail(path+".api_keys", "keep one of them", "there is api_key or api_key_file as well")
		}
		for i, k := range p.APIKeys {
			if k.Key == "" {
				fail(fmt.Sprintf("%s.api_keys[%d]", path, i), "set the variable that it names, or remove it", "is empty")
			} else if slices.ContainsFunc(p.APIKeys[:i], func(o ProviderKey) bool { return o.Key == k.Key }) {
				fail(fmt.Sprintf("%s.api_keys[%d]", path, i), "remove one", "is there twice")
			}
			if strings.ContainsFunc(k.Key.Reveal(), func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
				fail(fmt.Sprintf("%s.api_keys[%d]", path, i), "", "holds a character that no key has: a space, a line break")
			}
		}
		for name, value := range p.Headers {
			if !headerName.MatchString(name) || strings.ContainsAny(value.Reveal(), "\r\n\x00") {
				fail(path+".headers."+name, "", "is not a header")
			}
		}
		for i, m := range p.Models {
			if m.Name == "" {
				fail(fmt.Sprintf("%s.models[%d]", path, i), "write for instance name: llama3.3:70b", "has no name")
			}
		}
	}
	slices.SortFunc(wrong, func(a, b Error) int { return strings.Compare(a.Path, b.Path) })
	return wrong
}

var headerName = regexp.MustCompile(`^[A-Za-z0-9!#$%&'*+.^_|~-]+$`)

// Place is e with its place in src, found by its path.
func (e Error) Place(file string, src []byte) Error {
	e.File = file
	var doc yaml.Node
	if yaml.Unmarshal(veil(src), &doc) != nil || len(doc.Content) == 0 {
		return e
	}
	node, rest := doc.Content[0], e.Path
walk:
	for rest != "" && (node.Kind == yaml.MappingNode || node.Kind == yaml.SequenceNode) {
		if node.Kind == yaml.SequenceNode {
			index, after, _ := strings.Cut(strings.TrimPrefix(rest, "["), "]")
			i, err := strconv.Atoi(index)
			if err != nil || i < 0 || i >= len(node.Content) {
				break
			}
			node, rest = node.Content[i], strings.TrimPrefix(after, ".")
			e.Line, e.Column = node.Line, node.Column
			continue
		}
		for i := 0; i+1 < len(node.Content); i += 2 {
			key := node.Content[i].Value
			if key == rest || strings.HasPrefix(rest, key+".") || strings.HasPrefix(rest, key+"[") {
				e.Line, e.Column = node.Content[i].Line, node.Content[i].Column
				node, rest = node.Content[i+1], strings.TrimPrefix(rest[len(key):], ".")
				continue walk
			}
		}
		break
	}
	return e
}
