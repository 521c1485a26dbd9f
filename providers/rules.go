package providers

import "strings"

// rule puts an error into a class. What is empty fits anything; text is part of the message or its details, in small
// letters, and code and typ are whole.
type rule struct {
	provider  string
	status    int
	code, typ string
	text      string
	class     Class
}

func (r *rule) fits(provider string, status int, t told, about string) bool {
	return (r.provider == "" || r.provider == provider) && (r.status == 0 || r.status == status) &&
		(r.code == "" || r.code == t.Code) && (r.typ == "" || r.typ == t.Type) && strings.Contains(about, r.text)
}

// rules are asked from the top; the first that fits counts. Those of one provider come first, those that fit the shape of
// most come last. Sources: recorded exchanges, the providers' documentation, reported errors.
var rules = []rule{
	// OpenAI
	{provider: "openai", code: "insufficient_quota", class: Quota},
	{provider: "openai", status: 403, text: "not allowed to sample", class: ModelNotFound},
	{provider: "openai", status: 404, text: "not a chat model", class: ModelNotFound},
	{provider: "openai", status: 404, text: "is not supported in this model", class: BadRequest},
	{provider: "openai", status: 403, text: "country, region, or territory not supported", class: Auth},

	// Anthropic
	{provider: "anthropic", text: "credit balance is too low", class: Quota},
	{provider: "anthropic", typ: "billing_error", class: Quota},
	{provider: "anthropic", text: "prompt is too long", class: ContextTooLong},
	{provider: "anthropic", typ: "request_too_large", class: ContextTooLong},
	{provider: "anthropic", typ: "overloaded_error", class: Overloaded},
	{provider: "anthropic", typ: "rate_limit_error", class: RateLimited},
	{provider: "anthropic", typ: "authentication_error", class: Auth},
	{provider: "anthropic", typ: "not_found_error", class: ModelNotFound},
	{provider: "anthropic", typ: "timeout_error", class: Timeout},
	{provider: "anthropic", typ: "api_error", class: Server},

	// Google
	{provider: "google", text: "api_key_invalid", class: Auth},
	{provider: "google", text: "api key not valid", class: Auth},
	{provider: "google", text: "api key expired", class: Auth},
	{provider: "google", text: "service_disabled", class: Auth},
	{provider: "google", text: "exceeds the maximum number of tokens allowed", class: ContextTooLong},
	{provider: "google", typ: "RESOURCE_EXHAUSTED", text: "perday", class: Quota},
	{provider: "google", typ: "RESOURCE_EXHAUSTED", class: RateLimited},
	{provider: "google", typ: "UNAVAILABLE", class: Overloaded},
	{provider: "google", typ: "DEADLINE_EXCEEDED", class: Timeout},
	{provider: "google", typ: "NOT_FOUND", class: ModelNotFound},

	// DeepSeek
	{provider: "deepseek", text: "insufficient balance", class: Quota},
	{provider: "deepseek", text: "the supported api model names are", class: ModelNotFound},
	{provider: "deepseek", text: "maximum context length is", class: ContextTooLong},
	{provider: "deepseek", text: "content exists risk", class: ContentFiltered},

	// xAI
	{provider: "xai", text: "incorrect api key provided", class: Auth},
	{provider: "xai", text: "content violates usage guidelines", class: ContentFiltered},
	{provider: "xai", code: "Some resource has been exhausted", class: Quota},
	{provider: "xai", text: "maximum prompt length", class: ContextTooLong},
	{provider: "xai", code: "Some requested entity was not found", class: ModelNotFound},

	// NVIDIA
	{provider: "nvidia", text: "degraded function cannot be invoked", class: Overloaded},
	{provider: "nvidia", text: "not found for account", class: ModelNotFound},

	// Moonshot says 429 for three things
	{provider: "moonshot", typ: "exceeded_current_quota_error", class: Quota},
	{provider: "moonshot", typ: "engine_overloaded_error", class: Overloaded},
	{provider: "moonshot", typ: "rate_limit_reached_error", class: RateLimited},
	{provider: "moonshot", typ: "invalid_authentication_error", class: Auth},
	{provider: "moonshot", typ: "incorrect_api_key_error", class: Auth},
	{provider: "moonshot", typ: "resource_not_found_error", class: ModelNotFound},
	{provider: "moonshot", text: "exceeded model token limit", class: ContextTooLong},
	{provider: "moonshot", typ: "content_filter", class: ContentFiltered},

	// MiniMax gives its number as base_resp.status_code, or in brackets behind the message
	{provider: "minimax", code: "1002", class: RateLimited},
	{provider: "minimax", code: "1041", class: RateLimited},
	{provider: "minimax", code: "2045", class: RateLimited},
	{provider: "minimax", code: "1004", class: Auth},
	{provider: "minimax", code: "2049", class: Auth},
	{provider: "minimax", code: "1008", class: Quota},
	{provider: "minimax", code: "2056", class: Quota},
	{provider: "minimax", typ: "insufficient_balance_error", class: Quota},
	{provider: "minimax", text: "insufficient balance", class: Quota},
	{provider: "minimax", code: "1026", class: ContentFiltered},
	{provider: "minimax", code: "1027", class: ContentFiltered},
	{provider: "minimax", code: "1039", class: ContextTooLong},
	{provider: "minimax", code: "2013", class: BadRequest},
	{provider: "minimax", code: "2061", class: ModelNotFound},
	{provider: "minimax", code: "1000", class: Server},
	{provider: "minimax", code: "1001", class: Timeout},

	// Z.AI's codes
	{provider: "zai", code: "1000", class: Auth},
	{provider: "zai", code: "1001", class: Auth},
	{provider: "zai", code: "1002", class: Auth},
	{provider: "zai", code: "1003", class: Auth},
	{provider: "zai", code: "1004", class: Auth},
	{provider: "zai", code: "1113", class: Quota},
	{provider: "zai", typ: "1113", class: Quota}, // on its Anthropic surface
	{provider: "zai", code: "1211", class: ModelNotFound},
	{provider: "zai", code: "1261", class: ContextTooLong},
	{provider: "zai", code: "1301", class: ContentFiltered},
	{provider: "zai", code: "1302", class: RateLimited},
	{provider: "zai", code: "1303", class: RateLimited},
	{provider: "zai", code: "1304", class: Quota},
	{provider: "zai", code: "1305", class: Overloaded},
	{provider: "zai", code: "1308", class: Quota},

	// Alibaba
	{provider: "alibaba", code: "InvalidApiKey", class: Auth},
	{provider: "alibaba", code: "Arrearage", class: Quota},
	{provider: "alibaba", code: "insufficient_quota", class: Quota},
	{provider: "alibaba", code: "Throttling.AllocationQuota", class: Quota},
	{provider: "alibaba", code: "Throttling.RateQuota", class: RateLimited},
	{provider: "alibaba", code: "ModelNotFound", class: ModelNotFound},
	{provider: "alibaba", text: "range of input length should be", class: ContextTooLong},
	{provider: "alibaba", code: "data_inspection_failed", class: ContentFiltered},
	{provider: "alibaba", code: "DataInspectionFailed", class: ContentFiltered},

	// Mistral
	{provider: "mistral", typ: "invalid_model", class: ModelNotFound},
	{provider: "mistral", code: "unknown_model", class: ModelNotFound},
	{provider: "mistral", text: "too large for model with", class: ContextTooLong},

	// Microsoft
	{provider: "microsoft", code: "DeploymentNotFound", class: ModelNotFound},
	{provider: "microsoft", code: "unknown_model", class: ModelNotFound},
	{provider: "microsoft", code: "RateLimitReached", class: RateLimited},
	{provider: "microsoft", text: "content management policy", class: ContentFiltered},

	// Xiaomi
	{provider: "xiaomi", status: 403, text: "risk", class: ContentFiltered},

	// The shape of most. Texts of routers, which pass on what theirs said, count for any provider.
	{code: "insufficient_quota", class: Quota},
	{text: "insufficient balance", class: Quota},
	{text: "insufficient credits", class: Quota},
	{code: "invalid_api_key", class: Auth},
	{text: "incorrect api key provided", class: Auth},
	{typ: "authentication_error", class: Auth},
	{code: "model_not_found", class: ModelNotFound},
	{text: "is not a valid model id", class: ModelNotFound},
	{text: "no endpoints found", class: ModelNotFound},
	{text: "does not exist or you do not have access to it", class: ModelNotFound},
	{code: "context_length_exceeded", class: ContextTooLong},
	{text: "maximum context length", class: ContextTooLong},
	{text: "exceeds the context window", class: ContextTooLong},
	{text: "prompt is too long", class: ContextTooLong},
	{text: "token limit reached", class: ContextTooLong},
	{code: "content_filter", class: ContentFiltered},
	{code: "content_policy_violation", class: ContentFiltered},
	{text: "content violates usage guidelines", class: ContentFiltered},
	{text: "flagged by our moderation", class: ContentFiltered},
	{code: "rate_limit_exceeded", class: RateLimited},
	{typ: "rate_limit_error", class: RateLimited},
	{typ: "overloaded_error", class: Overloaded},
	{text: "currently overloaded", class: Overloaded},
	{status: 200, code: "server_error", class: Server},
	{status: 200, typ: "server_error", class: Server},
	{status: 200, typ: "invalid_request_error", class: BadRequest},
}

// byStatus is the class where no rule fits.
var byStatus = map[int]Class{
	400: BadRequest, 401: Auth, 402: Quota, 403: Auth, 404: ModelNotFound, 408: Timeout, 410: ModelNotFound,
	413: ContextTooLong, 422: BadRequest, 425: Overloaded, 429: RateLimited, 500: Server, 502: Server, 503: Overloaded,
	504: Timeout, 524: Timeout, 529: Overloaded,
}
