package chat

// Upstream is what Routor changes of a request on its way to a provider of the same dialect.
type Upstream struct {
	Model        string // the name that the provider knows the model by
	IncludeUsage bool   // force stream_options.include_usage on; only for streams, providers refuse it elsewhere
	Effort       string // reasoning_effort; "" = as the client sent it
	Edits        []Edit // made after all these
}

// ownPrefix begins the names of the fields that no provider sees.
const ownPrefix = "routor_"

var withUsage = []Edit{{Kind: Set, Name: "include_usage", Value: []byte("true")}}

// AppendUpstream appends the body as the provider is to see it: the client's own bytes with the model replaced, routor_*
// and models removed and what o asks for put in. Whitespace, order of members and spelling of numbers stay. Where a name
// comes twice, each is changed, so that it does not matter which one a provider takes.
func (r *Request) AppendUpstream(dst []byte, o Upstream) []byte {
	var room [12]Edit
	edits := append(room[:0],
		Edit{Kind: Strip, Name: ownPrefix},
		Edit{Kind: Remove, Name: "models"},
		Edit{Kind: Replace, Name: "model", Text: o.Model},
	)
	if o.IncludeUsage {
		edits = append(edits, Edit{Kind: Within, Name: "stream_options", Edits: withUsage})
	}
	if o.Effort != "" {
		edits = append(edits, Edit{Kind: Set, Name: "reasoning_effort", Text: o.Effort})
	}
	return r.members.Append(dst, r.Body, append(edits, o.Edits...))
}

// Members is where the members of Body lie.
func (r *Request) Members() *Members { return &r.members }
