package providers

import (
	"bytes"
	"encoding/json"
	"html"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
)

// told is what an error body tells, whichever of the known shapes it has:
//
//	{"error":{"message","type","param","code","status","details"}}   OpenAI, Google, most
//	[{"error":{…}}]                                                  Google's OpenAI surface
//	{"code":"text","error":"text"}                                   xAI
//	{"object":"error","message","type","code"}, {"detail":…}         Mistral
//	{"status":404,"title","detail"}, {"message","type","code"}       NVIDIA
//	{"code","message","request_id"}                                  Alibaba's native surface
//	{"base_resp":{"status_code","status_msg"}}                       MiniMax, with HTTP 200
type told struct {
	Message, Type, Code, Param string
	// Detail is the rest that rules look at: Google's reasons and quota ids, what a router's upstream said.
	Detail string
	// Delay is RetryInfo.retryDelay.
	Delay time.Duration
	// Reset is a router's X-RateLimit-Reset, in milliseconds since 1970.
	Reset string
	plain bool // it is no JSON
}

// wire is the union of these shapes.
type wire struct {
	Error    json.RawMessage `json:"error"`
	Message  text            `json:"message"`
	Type     text            `json:"type"`
	Code     text            `json:"code"`
	Param    text            `json:"param"`
	Status   text            `json:"status"`
	Title    text            `json:"title"`
	Detail   text            `json:"detail"`
	HTTPCode text            `json:"http_code"`
	Details  json.RawMessage `json:"details"`
	Base     *struct {
		Code text `json:"status_code"`
		Msg  text `json:"status_msg"`
	} `json:"base_resp"`
	Metadata *struct {
		Raw     text              `json:"raw"`
		Headers map[string]string `json:"headers"`
	} `json:"metadata"`
}

// text is any JSON value as text: a string's content, a number's digits, the bytes of anything else, "" for null.
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	var s string
	switch {
	case string(b) == "null":
	case json.Unmarshal(b, &s) == nil:
		*t = text(s)
	default:
		*t = text(b)
	}
	return nil
}

// read reads an error body. It never fails: of what it does not know it shows the text.
func read(body []byte) (t told) {
	body = bytes.TrimSpace(body)
	if len(body) > 0 && body[0] == '[' {
		var list []json.RawMessage
		if json.Unmarshal(body, &list) == nil && len(list) > 0 {
			body = list[0]
		}
	}
	var w wire
	if len(body) == 0 || body[0] != '{' || json.Unmarshal(body, &w) != nil {
		return told{Message: page(body), plain: true}
	}
	if inner := bytes.TrimSpace(w.Error); len(inner) > 0 && inner[0] == '{' {
		var in wire
		_ = json.Unmarshal(inner, &in)
		in.Metadata = first(in.Metadata, w.Metadata)
		w = in
	} else if s := (text)(""); len(inner) > 0 && s.UnmarshalJSON(inner) == nil && s != "" {
		w.Message = first(s, w.Message)
	}
	if w.Base != nil && w.Message == "" {
		w.Message, w.Code = w.Base.Msg, w.Base.Code
	}
	t = told{
		Message: string(first(w.Message, w.Detail, w.Title)), Type: string(w.Type), Param: string(w.Param),
		Code: string(first(w.Code, w.HTTPCode)), Detail: string(w.Details),
	}
	if _, err := strconv.Atoi(string(w.Status)); err != nil { // Google's status is a word, NVIDIA's a number
		t.Type = string(first(w.Type, w.Status))
	}
	if w.Metadata != nil {
		if w.Metadata.Raw != "" {
			up := read([]byte(w.Metadata.Raw))
			t.Message = t.Message + ": " + up.Message
			t.Detail += string(w.Metadata.Raw)
		}
		t.Reset = w.Metadata.Headers["X-RateLimit-Reset"]
	}
	var details []struct {
		Delay string `json:"retryDelay"`
	}
	if json.Unmarshal(w.Details, &details) == nil {
		for _, d := range details {
			if delay, err := time.ParseDuration(d.Delay); err == nil {
				t.Delay = delay
			}
		}
	}
	if t.Message == "" {
		t.Message = page(body)
	}
	return t
}

func first[T comparable](vs ...T) (v T) {
	var zero T
	for _, v = range vs {
		if v != zero {
			return v
		}
	}
	return zero
}

var (
	titleTag = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)
	anyTag   = regexp.MustCompile(`(?s)<(script|style).*?</(script|style)>|<[^>]*>`)
)

// page is what a person would read on an error page, shortened.
func page(body []byte) string {
	s := string(body[:min(len(body), 16<<10)])
	if m := titleTag.FindStringSubmatch(s); m != nil {
		s = m[1]
	} else if strings.HasPrefix(s, "<") {
		s = anyTag.ReplaceAllString(s, " ")
	}
	return shorten(strings.Join(strings.Fields(strings.ToValidUTF8(html.UnescapeString(s), "")), " "))
}

const longest = 1000 // bytes of a message that are kept

func shorten(s string) string {
	if len(s) <= longest {
		return s
	}
	return strings.ToValidUTF8(s[:longest], "") + "…"
}

// classify is the error that an answer is, by the rules of its provider. It is also asked for bodies that came with a
// status of success.
func classify(provider string, status int, h *fasthttp.ResponseHeader, body []byte, now time.Time) *Error {
	t := read(body)
	e := &Error{Status: status, Message: shorten(t.Message), Type: t.Type, Code: t.Code, Param: t.Param}
	e.Class = classOf(provider, status, t)
	switch e.Class {
	case RateLimited, Overloaded, Quota, Server, InBand:
		if status < 400 { // Anthropic sends Retry-After with every success
			h = nil
		}
		e.RetryAfter = retryAfter(h, t, now)
	}
	if e.Message == "" {
		e.Message = "no message; HTTP " + strconv.Itoa(status)
	}
	return e
}

// classOf is the class by the first rule that fits, else by the status. Inside a 200 a code that is a status counts as one.
func classOf(provider string, status int, t told) Class {
	inBand := status < 400
	if code, err := strconv.Atoi(t.Code); inBand && err == nil && code >= 400 && code < 600 {
		status = code
	}
	about := strings.ToLower(t.Message + "\n" + t.Detail)
	for i := range rules {
		if rules[i].fits(provider, status, t, about) {
			return rules[i].class
		}
	}
	if t.plain && status == 404 {
		return Server // a page of some server, not the answer of an API: the model may well be there
	}
	if class, ok := byStatus[status]; ok {
		return class
	}
	switch {
	case status < 400:
		return InBand
	case status < 500:
		return BadRequest
	}
	return Server
}

// Classify is the error that an answer with a body means, read by the rules of its provider. It never fails: what it does
// not know it judges by the status. h may be nil.
func Classify(provider string, status int, h *fasthttp.ResponseHeader, body []byte, now time.Time) *Error {
	e := classify(provider, status, h, body, now)
	e.Provider, e.Sent = provider, true
	return e
}
