package api

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/providers"
)

// read reads the request's body in the dialect of its endpoint, with what it refers to.
func (c *call) read(key *access.Key) (*chat.Request, engine.Source, error) {
	body := c.PostBody()
	if c.dialect != chat.Responses {
		return engine.Read(c.dialect, body)
	}
	body, lost, err := c.s.Engine.Resolve(key, body)
	if err != nil {
		return nil, engine.Source{}, err
	}
	r, source, err := engine.Read(c.dialect, body)
	if lost {
		source.Dropped = append(source.Dropped, "input.item_reference")
	}
	return r, source, err
}

// faultBody is an error's body in the dialect of the endpoint. Responses have the shape of chat completions.
func (c *call) faultBody(f *fault) []byte {
	codec := providers.CodecOf(c.dialect)
	if c.dialect != chat.Messages || codec == nil {
		return appendFault(nil, f)
	}
	status := f.status
	if status == 0 {
		status = f.Status
	}
	return codec.AppendFault(nil, &chat.Fault{Status: status, Type: f.Type, Code: f.Code, Message: f.message, Param: f.param, RequestID: c.id})
}

// pointless is whether asking the same again can't help, whatever the status makes SDKs think.
func pointless(status int, code string) bool {
	switch {
	case code == engine.CodeNotConnected || code == codeNotSupported || code == codeBudget:
		return true
	case status == 408 || status == 429 || status >= 500:
		return false
	}
	return status >= 400
}

// hopeless is whether all who were asked failed in a way that lasts: a rejected key, an empty account, a model that is not there.
func hopeless(tried []engine.Tried) bool {
	return len(tried) > 0 && !slices.ContainsFunc(tried, func(t engine.Tried) bool {
		return t.Class != string(providers.Auth) && t.Class != string(providers.Quota) && t.Class != string(providers.ModelNotFound)
	})
}

// countTokens answers POST /v1/messages/count_tokens: by the provider that would be asked, if it counts, else by an estimate
// that says so.
func (c *call) countTokens() *fault {
	a, f := c.ask()
	if f != nil {
		return f
	}
	defer a.request.Release()
	rt, err := c.s.Engine.Route(a.request, a.caller)
	if err == nil {
		defer rt.Release()
		if body, header := c.s.Engine.CountTokens(c.RequestCtx, rt, a.forward); body != nil {
			c.setHeaders(header)
			c.SetContentType(jsonType)
			c.SetBody(body)
			return nil
		}
	}
	c.Response.Header.Set("X-Routor-Estimated", "true")
	writeJSON(c.RequestCtx, 200, map[string]int{"input_tokens": a.request.Facts.PromptTokens})
	return nil
}

// embeddings answers POST /v1/embeddings: the request goes to the model named as it is, with failover between the places that
// serve it.
func (c *call) embeddings() *fault {
	a, f := c.admit()
	if f != nil {
		return f
	}
	var asked struct {
		Model string `json:"model"`
	}
	body := c.PostBody()
	if err := chat.Check(body); err != nil {
		return faultOf(err)
	}
	if err := json.Unmarshal(body, &asked); err != nil || asked.Model == "" {
		f := failure(codeInvalidType, "model: must be a string that names a model for embeddings, as provider/model")
		f.param = "model"
		return f
	}
	c.record.asked = asked.Model
	var over *fault
	answer, failed := c.s.Engine.Embed(c.RequestCtx, engine.Embedding{Key: a.caller.Key, Model: asked.Model, Body: body, Header: a.forward, Record: c.kept,
		Admit: func(profile *access.Profile, need access.Need) error {
			if over = c.admitted(a.caller.Key, profile, need); over != nil {
				return over
			}
			return nil
		}})
	if over != nil {
		return over
	}
	if failed != nil {
		c.hold.Release(time.Now())
		c.failed(failed)
		return nil
	}
	c.hold.Settle(time.Now(), answer.Spent)
	if c.s.Config.ResponseHeaders {
		c.Response.Header.Set("X-Routor-Model", answer.Deployment)
	}
	c.record.model = answer.Deployment
	c.SetContentType(jsonType)
	c.SetStatusCode(answer.Status)
	c.SetBody(answer.Body)
	return nil
}
