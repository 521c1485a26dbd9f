package api

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/chat"
)

// Failure is one kind of error as a client sees it: {"error":{"message":…,"type":…,"param":…,"code":…}}, the shape of
// OpenAI's, which every SDK reads.
type Failure struct {
	Code   string // error.code: stable, to be matched on
	Status int    // HTTP
	Type   string // error.type
	Means  string // for people: when it happens
	Mend   string // for people: what to do
}

// The types of errors, as OpenAI's SDKs know them.
const (
	invalidRequest = "invalid_request_error"
	authentication = "authentication_error"
	permission     = "permission_error"
	rateLimit      = "rate_limit_error"
	serverError    = "server_error"
	ownLimit       = "routor_limit_error" // of a key or profile here: no provider says this
)

// The codes that are the API's own; those of decisions are the engine's.
const (
	codeInvalidJSON    = "invalid_json"
	codeInvalidType    = "invalid_type"
	codeNoKey          = "missing_api_key"
	codeBadKey         = "invalid_api_key"
	codeRevokedKey     = "revoked_api_key"
	codeExpiredKey     = "expired_api_key"
	codeTooLarge       = "request_too_large"
	codeBadHeader      = "invalid_request"
	codeNotFound       = "not_found"
	codeMethod         = "method_not_allowed"
	codeMedia          = "unsupported_media_type"
	codeBusy           = "server_busy"
	codeInternal       = "internal_error"
	codeTimeout        = "request_timeout"
	codeAdminKey       = "invalid_admin_key"
	codeHost           = "host_not_allowed"
	codeOrigin         = "origin_not_allowed"
	codeCheckFailed    = "check_failed"
	codeConflict       = "version_conflict"
	codeOwnedByFile    = "owned_by_file"
	codeNotSupported   = "not_supported"
	codeNothingToJudge = "nothing_to_judge"
	codeReadOnly       = "read_only"
	codeCSRF           = "csrf_token_missing"
	codeTooManyTries   = "too_many_tries"
	codePrompts        = "prompts_not_readable"
	codeMemory         = "server_overloaded"
	codeStateAway      = "state_unavailable"

	codeRateLimit     = "routor_rate_limit_exceeded"
	codeBudget        = "routor_budget_exceeded"
	codeBudgetUnknown = "routor_budget_unknown"
)

// failures are all errors that the API answers with, in the order of the reference.
var failures = []Failure{
	{codeInvalidJSON, 400, invalidRequest, "The body is not JSON. The message names the byte.", "Send the body as a JSON object, with `Content-Type: application/json`."},
	{codeInvalidType, 400, invalidRequest, "A field of the body is missing or has the wrong type. `param` is its path, the message names the byte.", "Correct the field."},
	{engine.CodeInvalidField, 400, invalidRequest, "A field, or an `X-Routor-*` header, has a value that it does not take. `param` names it.", "Use one of the values that the message names."},
	{engine.CodeUnsupported, 400, invalidRequest, "The profile is strict, and no candidate takes a parameter of the request. `param` and message name it.", "Leave it out, name a model that takes it, or use a profile that is not strict."},
	{engine.CodeBoundsConflict, 400, invalidRequest, "Two bounds contradict each other: a tier floor above a ceiling, two profiles. The message names both sources.", "Send only one of them, or values that agree."},
	{codeBadHeader, 400, invalidRequest, "The request is no HTTP that Routor understands.", "Look at the client or at what stands in between."},
	{codeNoKey, 401, authentication, "No API key was sent, and this server wants one.", "Send `Authorization: Bearer rtr_…`, `x-api-key` or `api-key`. `routor key add` makes one."},
	{codeBadKey, 401, authentication, "The API key is unknown here.", "Look for a typing mistake; `routor key list` shows the last letters of each key."},
	{codeRevokedKey, 401, authentication, "The API key was revoked.", "Ask whoever runs Routor for another."},
	{codeExpiredKey, 401, authentication, "The API key has expired.", "Ask whoever runs Routor for another."},
	{engine.CodeBeyondProfile, 403, permission, "The request asks for more than its key's profile grants. The message names the limit.", "Ask for less, or use a key whose profile grants it."},
	{engine.CodeProfileUnknown, 404, invalidRequest, "The profile asked for does not exist (403 when it is the key's own).", "Name one that exists; the message lists them."},
	{engine.CodeDenied, 403, permission, "A rule of the policy denies the request. The message is the rule's.", "Look at the rule, which the message names."},
	{engine.CodeModelNotFound, 404, invalidRequest, "The model named is unknown or retired. The message names the nearest, or its replacement.", "Use a name of `GET /v1/models`, or `auto`."},
	{codeNotFound, 404, invalidRequest, "There is nothing at this address.", "Look at the address; the API is under /v1."},
	{codeMethod, 405, invalidRequest, "The address does not take this method. `Allow` names those that it takes.", "Use one of them."},
	{codeTimeout, 408, invalidRequest, "The request did not arrive in time.", "Send it faster, or look at the network."},
	{codeConflict, 409, invalidRequest, "Somebody else has published since the version that the change was made to. `conflict` is the other change: version, author, time, note, diff.", "Look at what changed, and make the change again."},
	{codeOwnedByFile, 409, invalidRequest, "The document is kept in a file, which is followed.", "Change the file, have the store adopt it, or send `\"force\": true` for a change that lasts until the file changes."},
	{codeTooLarge, 413, invalidRequest, "The body is larger than `limits.body`.", "Send less, or raise the limit in routor.yaml."},
	{codeMedia, 415, invalidRequest, "The body has a content type that the address does not take.", "Send `application/json`; a classifier as `application/wasm`."},
	{engine.CodeNotCapable, 422, invalidRequest, "The model named cannot do what the request needs. The message names what.", "Name another model, or use `auto`."},
	{engine.CodeNoEligible, 422, invalidRequest, "No model is left that may and can answer. The message names the rule or limit that removed the last one.", "Loosen that rule or limit; `POST /v1/route` shows every model and why it fell out."},
	{codeCheckFailed, 422, invalidRequest, "A policy, classifier or profile does not check, and was not published. The message names every problem.", "Correct it; the old one goes on serving."},
	{codeNothingToJudge, 422, invalidRequest, "Feedback was given on a request that got no answer.", "Give feedback on answers; what fails is counted anyway."},
	{engine.CodeContentFiltered, 400, invalidRequest, "The provider's content filter refused the request.", "Change the prompt, or name a model of another provider."},
	{"context_length_exceeded", 400, invalidRequest, "The prompt is longer than the context window of every candidate.", "Send less, or allow a model with a longer window."},
	{"bad_request", 400, invalidRequest, "Providers refused the request as wrong. Where they gave a code of their own, that is `code`; `param` and message are theirs.", "Correct what the message names."},
	{"rate_limit_exceeded", 429, rateLimit, "Every candidate that was asked is at its limit. `Retry-After` says for how long.", "Wait that long, then try again."},
	{codeRateLimit, 429, ownLimit, "Routor's own limit of the key or of its profile: requests or tokens a minute. The message says which, whose, its value, and when there is room; no provider was asked. `Retry-After` and `x-ratelimit-*` say it too.", "Wait that long, then try again; `GET /v1/key` shows all limits and their use."},
	{codeBudget, 429, ownLimit, "Routor's own budget of the key or of its profile, for the day or the month (UTC). The message says which, whose, how much is spent and reserved, and when it resets.", "Wait for the reset, or ask whoever runs Routor for a larger budget."},
	{codeBudgetUnknown, 503, ownLimit, "The key or its profile has a budget, and what is left of it can't be found out because the state's NATS servers are away and this replica holds no part of it.", "Try again; whoever runs Routor looks at the NATS servers."},
	{engine.CodeUpstreamFailed, 502, serverError, "Every candidate of the chain failed. The message is the last provider's. Other statuses are the provider's own verdict on the request.", "Try again; `GET /readyz` shows the providers' states."},
	{engine.CodeUpstreamCut, 502, serverError, "In a stream: the answer broke off after its first text had been delivered.", "Ask again; what came so far is not complete."},
	{engine.CodeNotConnected, 503, serverError, "The model named is served only by providers that are not connected.", "Set the provider's key, or name another model."},
	{engine.CodeNoHealthy, 503, serverError, "Every model that could answer is cooling down after errors (429 where all are rate-limited). `Retry-After` says for how long.", "Wait that long, then try again."},
	{codeMemory, 429, rateLimit, "The server's memory is at its limit (`limits.memory`). The request was not looked at.", "Wait a second, then try again; raise the limit or add a replica."},
	{codeBusy, 429, rateLimit, "The server answers as many requests as `limits.concurrency` allows.", "Wait a second, then try again; raise the limit or add a replica."},
	{codeStateAway, 503, serverError, "The admin API needs the state, and its NATS servers do not answer. Requests of clients are answered all the same.", "Look at the NATS servers; `GET /admin/fleet` says since when they are away."},
	{engine.CodeDeadline, 504, serverError, "No model answered before the request's deadline.", "Try again, with a shorter prompt or a faster model."},
	{engine.CodeShutdown, 503, serverError, "The server shuts down, and the answer was not complete within `shutdown_grace`.", "Ask again: another replica, or the next start, answers."},
	{engine.CodeClientGone, 499, invalidRequest, "The client went away before the answer. It never sees this; logs and metrics do.", "Nothing."},
	{codeInternal, 500, serverError, "A defect of Routor. The request was not answered, others are not touched.", "Report it with the `X-Request-Id`."},
	{codeAdminKey, 401, authentication, "The admin API needs the admin key.", "Send `Authorization: Bearer` with the admin key, which is in admin.key of the data directory unless it was given."},
	{codeReadOnly, 403, permission, "A viewer's key or session called something that changes something, or that only admins may see.", "Use a key with the role admin: `routor admin-key add --role admin`."},
	{codePrompts, 403, permission, "A key or session without `read_prompts` asked for what only the words of prompts can tell.", "Leave the filter `text` out, or use a key made with `--read-prompts`."},
	{codeCSRF, 403, permission, "A call by a session's cookie would change something and does not carry the session's `csrf`.", "Send `X-Routor-CSRF` with the `csrf` of `GET /admin/session`."},
	{codeTooManyTries, 429, rateLimit, "Too many tries to sign in from one address, or in all.", "Wait as long as `Retry-After` says."},
	{codeHost, 403, permission, "The admin API was called by a name that is not this server's: some page may be trying to reach it through the browser (DNS rebinding).", "Call it by a loopback address, or by the host of `admin_listen`."},
	{codeOrigin, 403, permission, "A page of another origin called the admin API through the browser.", "Call it from its own pages, or not from a browser."},
	{codeNotSupported, 501, serverError, "This server runs without what the call needs, such as the demo's providers.", "Start it with it: `routor serve --demo`."},
}

var byCode = func() map[string]*Failure {
	m := make(map[string]*Failure, len(failures))
	for i := range failures {
		m[failures[i].Code] = &failures[i]
	}
	return m
}()

// ErrorReference is the table of all error codes in Markdown, for docs/reference.
func ErrorReference() []byte {
	var b strings.Builder
	b.WriteString("# Errors\n\nEvery error has OpenAI's shape, `{\"error\": {\"message\", \"type\", \"param\", \"code\"}}`, so SDKs raise what they raise for OpenAI.\n" +
		"Match on `code`; messages are for people and may change. A stream that has begun ends with an event of the same shape and no `[DONE]`.\n\n" +
		"| code | status | type | when | what to do |\n|---|---|---|---|---|\n")
	for _, f := range failures {
		fmt.Fprintf(&b, "| `%s` | %d | `%s` | %s | %s |\n", f.Code, f.Status, f.Type, f.Means, f.Mend)
	}
	return []byte(b.String())
}

// fault is an error on its way to the client.
type fault struct {
	*Failure
	status  int // 0 = the Failure's
	message string
	param   string
	after   time.Duration // Retry-After; 0 = none
	tried   []engine.Tried
}

func (f *fault) Error() string { return f.message }

// failure makes a fault of a code.
func failure(code, format string, args ...any) *fault {
	f := byCode[code]
	if f == nil {
		panic("BUG: error code " + code + " is not in the table")
	}
	return &fault{Failure: f, message: fmt.Sprintf(format, args...)}
}

// faultOf makes a fault of any error.
func faultOf(err error) *fault {
	var f *fault
	var read *chat.Error
	var decide *engine.DecideError
	switch {
	case errors.As(err, &f):
		return f
	case errors.As(err, &read):
		code := codeInvalidType
		if read.Path == "" {
			code = codeInvalidJSON
		}
		f = failure(code, "%s", read.Error())
		f.param = read.Path
		return f
	case errors.As(err, &decide):
		known := byCode[decide.Code]
		if known == nil {
			known = byCode[codeInternal]
		}
		return &fault{Failure: &Failure{Code: decide.Code, Status: known.Status, Type: typeOf(decide.Status, known)}, status: decide.Status,
			message: decide.Message, param: decide.Param, after: decide.RetryAfter}
	}
	return failure(codeInternal, "something went wrong inside Routor; report it with the X-Request-Id of this answer")
}

// typeOf is the error type that goes with a status that is not the code's usual one.
func typeOf(status int, known *Failure) string {
	switch {
	case status == 0 || status == known.Status:
		return known.Type
	case status == 401:
		return authentication
	case status == 403:
		return permission
	case status == 429:
		return rateLimit
	case status >= 500:
		return serverError
	}
	return invalidRequest
}

// writeFault answers with an error.
func writeFault(ctx *fasthttp.RequestCtx, f *fault) {
	status := f.status
	if status == 0 {
		status = f.Status
	}
	h := &ctx.Response.Header
	if f.after > 0 {
		h.Set("Retry-After", strconv.Itoa(int((f.after+time.Second-1)/time.Second)))
	}
	if status == 401 {
		h.Set("WWW-Authenticate", `Bearer realm="routor"`)
	}
	ctx.SetStatusCode(status)
	ctx.SetContentType(jsonType)
	ctx.Response.SetBodyRaw(appendFault(nil, f))
}

// appendFault appends an error's body.
func appendFault(b []byte, f *fault) []byte {
	b = append(b, `{"error":{"message":`...)
	b = appendString(b, f.message)
	b = append(b, `,"type":`...)
	b = appendString(b, f.Type)
	b = append(b, `,"param":`...)
	if f.param == "" {
		b = append(b, "null"...)
	} else {
		b = appendString(b, f.param)
	}
	b = append(b, `,"code":`...)
	return engine.AppendTried(append(appendString(b, f.Code), "}}"...), f.tried)
}
