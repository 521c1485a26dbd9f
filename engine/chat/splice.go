package chat

// Upstream is what Routor changes of a request on its way to a provider.
type Upstream struct {
	Model        string // the name that the provider knows the model by
	IncludeUsage bool   // force stream_options.include_usage on; only for streams, providers refuse it elsewhere
	Effort       string // reasoning_effort; "" = as the client sent it
}

// edit is a span of Body that Routor may replace or remove: a value, or a whole member with the comma that goes with it.
type edit struct {
	kind       editKind
	start, end int
}

type editKind uint8

const (
	editModel        editKind = iota + 1
	editRemove                // routor_* and models, with a comma
	editEffort                // the value of reasoning_effort
	editOptions               // a stream_options that is null
	editUsage                 // the value of stream_options.include_usage
	editUsageMissing          // behind the opening brace of a stream_options without it
	editUsageOnly             // the same, of an empty one
)

// AppendUpstream appends the body as the provider is to see it: the client's own bytes with the model replaced, routor_*
// and models removed and what o asks for put in. Whitespace, order of members and spelling of numbers stay. Where a name
// comes twice, each is changed, so that it does not matter which one a provider takes.
func (r *Request) AppendUpstream(dst []byte, o Upstream) []byte {
	hasOptions, hasEffort := false, false
	for _, e := range r.edits {
		hasOptions = hasOptions || e.kind >= editOptions
		hasEffort = hasEffort || e.kind == editEffort
	}
	dst = append(dst, r.Body[:r.open]...)
	if o.IncludeUsage && !hasOptions {
		dst = append(dst, `"stream_options":{"include_usage":true},`...)
	}
	if o.Effort != "" && !hasEffort {
		dst = append(dst, `"reasoning_effort":`...)
		dst = append(appendQuoted(dst, o.Effort), ',')
	}
	at := r.open
	for _, e := range r.edits {
		skip := e.kind == editEffort && o.Effort == "" || e.kind >= editOptions && !o.IncludeUsage
		if skip {
			continue
		}
		dst = append(dst, r.Body[at:e.start]...)
		at = e.end
		switch e.kind {
		case editModel:
			dst = appendQuoted(dst, o.Model)
		case editEffort:
			dst = appendQuoted(dst, o.Effort)
		case editOptions:
			dst = append(dst, `{"include_usage":true}`...)
		case editUsage:
			dst = append(dst, "true"...)
		case editUsageMissing:
			dst = append(dst, `"include_usage":true,`...)
		case editUsageOnly:
			dst = append(dst, `"include_usage":true`...)
		}
	}
	return append(dst, r.Body[at:]...)
}
