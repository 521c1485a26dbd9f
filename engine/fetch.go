package engine

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/routor/routor/engine/chat"
)

// Fetcher reads media that a client gave by URL, for providers that take bytes alone. The URL is a stranger's: only https is
// followed, and only to public addresses, looked at when the connection is made, so that no name can point elsewhere in
// between; redirects are checked in the same way; size, time and type are bounded.
type Fetcher struct {
	client *http.Client
	most   int64
}

const (
	fetchMost      = 20 << 20
	fetchTime      = 15 * time.Second
	fetchRedirects = 3
)

var errPrivate = errors.New("the address is not a public one")

// NewFetcher makes a Fetcher.
func NewFetcher() *Fetcher { return newFetcher(public, nil) }

// newFetcher makes a Fetcher that connects where allowed says yes, over a transport whose TLS is adjusted by tune.
func newFetcher(allowed func(netip.Addr) bool, tune func(*http.Transport)) *Fetcher {
	dialer := &net.Dialer{Timeout: 5 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil || !allowed(at.Addr().Unmap()) {
			return errPrivate
		}
		return nil
	}}
	transport := &http.Transport{
		DialContext: dialer.DialContext, TLSHandshakeTimeout: 5 * time.Second, ResponseHeaderTimeout: fetchTime, DisableCompression: true,
		MaxResponseHeaderBytes: 64 << 10, MaxIdleConns: 10, IdleConnTimeout: 30 * time.Second,
	}
	if tune != nil {
		tune(transport)
	}
	return &Fetcher{most: fetchMost, client: &http.Client{Transport: transport, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if len(via) > fetchRedirects {
			return errors.New("too many redirects")
		}
		return fetchable(r.URL)
	}}}
}

// carrierGrade (RFC 6598), documentation and benchmark networks are nobody's public servers.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("fec0::/10"), netip.MustParsePrefix("100::/64"),
}

// public is whether an address is one of the public Internet: no loopback, private, link-local (the clouds' metadata), shared,
// reserved or translated one.
func public(a netip.Addr) bool {
	if !a.IsValid() || !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsLoopback() {
		return false
	}
	return !slices.ContainsFunc(reserved, func(p netip.Prefix) bool { return p.Contains(a) })
}

// fetchable is why a URL may not be read, nil = it may.
func fetchable(u *url.URL) error {
	switch {
	case u.Scheme != "https":
		return errors.New("only https is fetched")
	case u.User != nil:
		return errors.New("an address with a password is not fetched")
	case u.Hostname() == "":
		return errors.New("the address has no host")
	}
	return nil
}

// Fetch reads what stands at an address: its type and its bytes in base64.
func (f *Fetcher) Fetch(ctx context.Context, address string) (kind, data string, err error) {
	u, err := url.Parse(address)
	if err == nil {
		err = fetchable(u)
	}
	if err != nil {
		return "", "", err
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", "", err
	}
	req.Header.Set("User-Agent", "routor")
	req.Header.Set("Accept", "image/*, audio/*, video/*, application/pdf")
	resp, err := f.client.Do(req)
	if err != nil {
		var private *url.Error
		if errors.As(err, &private) {
			err = private.Err // without the address, which may hold a secret
		}
		return "", "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", "", fmt.Errorf("it answered %d", resp.StatusCode)
	}
	kind, _, _ = mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if major, _, _ := strings.Cut(kind, "/"); major != "image" && major != "audio" && major != "video" && kind != "application/pdf" {
		return "", "", fmt.Errorf("its type %.60q is no media", kind)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, f.most+1))
	switch {
	case err != nil:
		return "", "", err
	case int64(len(body)) > f.most:
		return "", "", fmt.Errorf("it is larger than %d MB", f.most>>20)
	}
	return kind, base64.StdEncoding.EncodeToString(body), nil
}

// media puts the bytes of media in, for a provider that takes no addresses; unfit is why that can't be done.
func (x *exchange) media(conv *chat.Conversation, o *option) (unfit string) {
	if o.provider == nil {
		return ""
	}
	copied := false
	for i := range conv.Messages {
		parts, unfit := x.withMedia(conv.Messages[i].Parts, o)
		if unfit != "" {
			return unfit
		}
		if parts == nil {
			continue
		}
		if !copied {
			conv.Messages, copied = slices.Clone(conv.Messages), true
		}
		conv.Messages[i].Parts = parts
	}
	return ""
}

// withMedia is a copy of parts with their media as a provider takes them, those inside tool results too; nil = they are so
// already.
func (x *exchange) withMedia(parts []chat.Part, o *option) (out []chat.Part, unfit string) {
	edit := func(i int) *chat.Part {
		if out == nil {
			out = slices.Clone(parts)
		}
		return &out[i]
	}
	for i := range parts {
		if r := parts[i].Result; r != nil {
			inner, unfit := x.withMedia(r.Parts, o)
			if unfit != "" {
				return nil, unfit
			}
			if inner != nil {
				full := *r
				full.Parts = inner
				edit(i).Result = &full
			}
		}
		full, unfit := x.medium(parts[i].Media, o)
		if unfit != "" {
			return nil, unfit
		}
		if full != parts[i].Media {
			edit(i).Media = full
		}
	}
	return out, ""
}

// medium is a medium as a provider takes it.
func (x *exchange) medium(m *chat.Media, o *option) (full *chat.Media, unfit string) {
	switch {
	case m == nil:
		return nil, ""
	case chat.InGoogleStore(m.FileID + m.URL):
		if x.sent.speaks != chat.Generate {
			return nil, fmt.Sprintf("can't read the file %.80q, which Google keeps", m.FileID+m.URL)
		}
		full := *m
		full.FileID, full.URL = m.FileID+m.URL, ""
		return &full, ""
	case m.FileID != "":
		from := pins{in: x.rt.dialect(), wide: true}
		if !from.shares(x.sent.speaks) {
			return nil, fmt.Sprintf("can't read the file %.40q, which another provider keeps", m.FileID)
		}
		return m, ""
	case m.URL == "" || !o.bytesOnly():
		return m, ""
	case x.e.Fetcher == nil:
		return nil, "takes no media by URL (fetch_media is off)"
	}
	full, err := x.fetched(m)
	if err != nil {
		return nil, fmt.Sprintf("takes no media by URL, and it could not be fetched: %v", err)
	}
	return full, ""
}

// fetched is media with its bytes in place of its address. It is read once a request.
func (x *exchange) fetched(m *chat.Media) (*chat.Media, error) {
	if known := x.rt.fetched[m.URL]; known != nil {
		return known, nil
	}
	kind, data, err := x.e.Fetcher.Fetch(x.ctx, m.URL)
	if err != nil {
		return nil, err
	}
	full := *m
	full.Type, full.Data, full.URL = kind, data, ""
	if x.rt.fetched == nil {
		x.rt.fetched = map[string]*chat.Media{}
	}
	x.rt.fetched[m.URL] = &full
	return &full, nil
}
