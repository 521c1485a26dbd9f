package engine

import "time"

// DecideError is why a request gets no model. API layers turn it into the client's dialect.
type DecideError struct {
	Status  int    // HTTP: 400, 403, 404, 422, 429, 503
	Code    string // "model_not_found", "no_eligible_model", …
	Message string // what, where, and the mend; may be shown to the client
	Param   string // the request field at fault, "" = none
	Rule    string // the policy's rule that decided it, "" = none
	// RetryAfter is when a candidate is expected back; 0 = unknown or no use.
	RetryAfter time.Duration
}

func (e *DecideError) Error() string { return e.Message }

// The codes of a DecideError.
const (
	CodeModelNotFound   = "model_not_found"
	CodeNotConnected    = "provider_not_connected"
	CodeNotCapable      = "model_not_capable"
	CodeNoEligible      = "no_eligible_model"
	CodeNoHealthy       = "no_healthy_model"
	CodeDenied          = "denied_by_policy"
	CodeBeyondProfile   = "beyond_profile"
	CodeProfileUnknown  = "profile_not_found"
	CodeBoundsConflict  = "bounds_conflict"
	CodeInvalidField    = "invalid_value"
	CodeUnsupported     = "unsupported_parameter"
	CodeUpstreamFailed  = "upstream_failed"
	CodeUpstreamCut     = "upstream_interrupted"
	CodeDeadline        = "deadline_exceeded"
	CodeContentFiltered = "content_filter"
	CodeClientGone      = "client_closed_request"
	CodeShutdown        = "server_shutting_down"
)
