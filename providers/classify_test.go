package providers

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// classified are error bodies as providers send them, and what they mean. Every rule has one here: see TestEveryRule.
var classified = []struct {
	provider string
	status   int
	body     string
	class    Class
}{
	{"openai", 401, `{"error":{"message":"Incorrect API key provided: sk-inval************************-key. You can find your API key at https://platform.openai.com/account/api-keys.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}`, Auth},
	{"openai", 429, `{"error":{"message":"You exceeded your current quota, please check your plan and billing details.","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}`, Quota},
	{"openai", 429, `{"error":{"message":"Rate limit reached for gpt-5.4 in organization org on tokens per min (TPM): Limit 30000, Used 30000. Please try again in 6m0s.","type":"tokens","param":null,"code":"rate_limit_exceeded"}}`, RateLimited},
	{"openai", 404, `{"error":{"message":"The model 'x' does not exist or you do not have access to it.","type":"invalid_request_error","param":null,"code":"model_not_found"}}`, ModelNotFound},
	{"openai", 403, `{"error":{"code":null,"message":"You are not allowed to sample from this model","param":null,"type":"invalid_request_error"}}`, ModelNotFound},
	{"openai", 404, `{"error":{"message":"This is not a chat model and thus not supported in the v1/chat/completions endpoint. Did you mean to use v1/completions?","type":"invalid_request_error","param":"model","code":null}}`, ModelNotFound},
	{"openai", 404, `{"error":{"code":null,"message":"tools is not supported in this model. For a list of supported models, refer to https://platform.openai.com/docs/guides/function-calling#models-supporting-function-calling.","param":null,"type":"invalid_request_error"}}`, BadRequest},
	{"openai", 403, `{"error":{"code":"unsupported_country_region_territory","message":"Country, region, or territory not supported","param":null,"type":"request_forbidden"}}`, Auth},
	{"openai", 400, `{"error":{"message":"Your input exceeds the context window of this model. Please adjust your input and try again.","type":"invalid_request_error","param":"input","code":"context_length_exceeded"}}`, ContextTooLong},
	{"openai", 400, `{"error":{"message":"Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.","type":"invalid_request_error","param":"max_tokens","code":"unsupported_parameter"}}`, BadRequest},
	{"openai", 503, `{"error":{"message":"The engine is currently overloaded, please try again later","type":"server_error","param":null,"code":null}}`, Overloaded},
	{"openai", 500, `{"error":{"message":"The server had an error while processing your request. Sorry about that!","type":"server_error","param":null,"code":null}}`, Server},
	{"openai", 200, `{"error":{"message":"The server had an error while processing your request.","type":"server_error","param":null,"code":null}}`, Server},
	{"openai", 200, `{"error":{"message":"x","type":null,"param":null,"code":"server_error"}}`, Server},
	{"openai", 400, `{"error":{"message":"Your request was rejected.","type":"invalid_request_error","param":null,"code":"content_policy_violation"}}`, ContentFiltered},
	{"openai", 413, ``, ContextTooLong},
	{"openai", 418, `{"error":{"message":"teapot"}}`, BadRequest},
	{"openai", 599, ``, Server},

	{"anthropic", 401, `{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"},"request_id":"req_011CX88X7DM3SrsuuERgZeYJ"}`, Auth},
	{"anthropic", 400, `{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits."},"request_id":"req_011CX88ZmBumGkvj7aK6Gqzx"}`, Quota},
	{"anthropic", 402, `{"type":"error","error":{"type":"billing_error","message":"x"}}`, Quota},
	{"anthropic", 400, `{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 3333404 tokens > 200000 maximum"},"request_id":"req_011CeCGmMJJGRCp7xgjqapmJ"}`, ContextTooLong},
	{"anthropic", 413, `{"type":"error","error":{"type":"request_too_large","message":"Request exceeds the maximum size"}}`, ContextTooLong},
	{"anthropic", 529, `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`, Overloaded},
	{"anthropic", 200, `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`, Overloaded},
	{"anthropic", 429, `{"type":"error","error":{"type":"rate_limit_error","message":"x"}}`, RateLimited},
	{"anthropic", 404, `{"type":"error","error":{"type":"not_found_error","message":"model: there-is-no-such-model"}}`, ModelNotFound},
	{"anthropic", 504, `{"type":"error","error":{"type":"timeout_error","message":"x"}}`, Timeout},
	{"anthropic", 200, `{"type":"error","error":{"type":"api_error","message":"Internal server error"}}`, Server},
	{"anthropic", 400, `{"error":{"message":"temperature: range: 0..1","type":"invalid_request_error"},"request_id":"req_REDACTED_1","type":"error"}`, BadRequest},

	{"google", 400, `{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com"}]}}`, Auth},
	{"google", 400, `[{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT"}}]`, Auth},
	{"google", 400, `{"error":{"code":400,"message":"API key expired. Please renew the API key.","status":"INVALID_ARGUMENT"}}`, Auth},
	{"google", 403, `{"error":{"code":403,"message":"Generative Language API has not been used in project 12345678 before or it is disabled.","status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"SERVICE_DISABLED"}]}}`, Auth},
	{"google", 404, `{"error":{"code":404,"message":"models/gemini-1.5-flash is not found for API version v1beta, or is not supported for generateContent.","status":"NOT_FOUND"}}`, ModelNotFound},
	{"google", 400, `{"error":{"code":400,"message":"The input token count (1250074) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}}`, ContextTooLong},
	{"google", 429, `{"error":{"code":429,"message":"You exceeded your current quota, please check your plan.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequestsPerMinutePerProjectPerModel-FreeTier"}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.4s"}]}}`, RateLimited},
	{"google", 429, `{"error":{"code":429,"message":"You exceeded your current quota.","status":"RESOURCE_EXHAUSTED","details":[{"violations":[{"quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]}]}}`, Quota},
	{"google", 503, `{"error":{"code":503,"message":"The model is overloaded. Please try again later.","status":"UNAVAILABLE"}}`, Overloaded},
	{"google", 504, `{"error":{"code":504,"message":"Deadline expired before operation could complete.","status":"DEADLINE_EXCEEDED"}}`, Timeout},

	{"deepseek", 402, `{"error":{"message":"Insufficient Balance","type":"unknown_error","param":null,"code":"invalid_request_error"}}`, Quota},
	{"deepseek", 401, `{"error":{"code":"invalid_request_error","message":"Authentication Fails, Your api key: ****-key is invalid","param":null,"type":"authentication_error"}}`, Auth},
	{"deepseek", 400, `{"error":{"code":"invalid_request_error","message":"The supported API model names are deepseek-v4-pro or deepseek-v4-flash, but you passed deepseek-v9-nonexistent.","param":null,"type":"invalid_request_error"}}`, ModelNotFound},
	{"deepseek", 400, `{"error":{"message":"This model's maximum context length is 1048565 tokens. However, you requested 1250074 tokens","type":"invalid_request_error","param":null,"code":"invalid_request_error"}}`, ContextTooLong},
	{"deepseek", 400, `{"error":{"message":"Content Exists Risk","type":"invalid_request_error","param":null,"code":"invalid_request_error"}}`, ContentFiltered},
	{"deepseek", 400, `{"error":{"message":"Thinking mode does not support this tool_choice","type":"invalid_request_error","param":null,"code":"invalid_request_error"}}`, BadRequest},

	{"xai", 400, `{"code":"invalid-argument","error":"Incorrect API key provided: sk***id. You can obtain an API key from https://console.x.ai."}`, Auth},
	{"xai", 404, `{"code":"Some requested entity was not found","error":"The model grok-beta was deprecated on 2025-09-15 and is no longer accessible via the API. Please use grok-3 instead."}`, ModelNotFound},
	{"xai", 429, `{"code":"Some resource has been exhausted","error":"Your team has used all available credits."}`, Quota},
	{"xai", 403, `{"code":"The caller does not have permission to execute the specified operation","error":"Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_DATA_LEAKAGE"}`, ContentFiltered},
	{"xai", 400, `{"code":"Client specified an invalid argument","error":"This model's maximum prompt length is 131072 but the request contains 558009 tokens."}`, ContextTooLong},
	{"xai", 400, `{"code":"Client specified an invalid argument","error":"Invalid request content: Required function  is not present in the provided tools."}`, BadRequest},

	{"nvidia", 400, `{"status":400,"title":"Bad Request","detail":"Function id '87ea0ddc-cff1-4bca-bf8b-3bd98a35ddd0': DEGRADED function cannot be invoked"}`, Overloaded},
	{"nvidia", 404, `{"status":404,"title":"Not Found","detail":"Function '23d4f03a-b8a6-4adb-a183-7daa083a09cc': Not found for account 'REDACTED'"}`, ModelNotFound},
	{"nvidia", 410, `{"status":410,"title":"Gone"}`, ModelNotFound},
	{"nvidia", 400, `{"message":"Validation: Function name at index 51 exceeds 96 character limit, got 102 characters","type":"Bad Request","code":400}`, BadRequest},

	{"moonshot", 429, `{"error":{"message":"You exceeded your current token quota: <org> 0, please check your account balance","type":"exceeded_current_quota_error"}}`, Quota},
	{"moonshot", 429, `{"error":{"message":"The engine is currently overloaded, please try again later","type":"engine_overloaded_error"}}`, Overloaded},
	{"moonshot", 429, `{"error":{"message":"Organization Rate limit exceeded, please try again after 1 seconds","type":"rate_limit_reached_error"}}`, RateLimited},
	{"moonshot", 401, `{"error":{"message":"Invalid Authentication","type":"invalid_authentication_error"}}`, Auth},
	{"moonshot", 401, `{"error":{"message":"Incorrect API key provided","type":"incorrect_api_key_error"}}`, Auth},
	{"moonshot", 404, `{"error":{"message":"Not found the model x or Permission denied","type":"resource_not_found_error"}}`, ModelNotFound},
	{"moonshot", 400, `{"error":{"message":"Invalid request: Your request exceeded model token limit: 262144 (requested: 558009)","type":"invalid_request_error"}}`, ContextTooLong},
	{"moonshot", 400, `{"error":{"message":"The request was rejected because it was considered high risk","type":"content_filter"}}`, ContentFiltered},

	{"minimax", 402, `{"type":"error","error":{"type":"insufficient_balance_error","message":"insufficient balance (1008)","http_code":"402"},"request_id":"0714fe18ba0c76b34a378dd6ac6898b0"}`, Quota},
	{"minimax", 500, `{"type":"error","error":{"type":"api_error","message":"insufficient balance (1008)"},"request_id":"05997465cd2ee4bd50b24b216c911b75"}`, Quota},
	{"minimax", 200, `{"id":"0637e81341eec253ae806406d16766a5","choices":null,"base_resp":{"status_code":2061,"status_msg":"your current token plan not support model, abab6.5s-chat"}}`, ModelNotFound},
	{"minimax", 200, `{"choices":null,"base_resp":{"status_code":1002,"status_msg":"rate limit"}}`, RateLimited},
	{"minimax", 200, `{"choices":null,"base_resp":{"status_code":1041,"status_msg":"conn limit"}}`, RateLimited},
	{"minimax", 200, `{"choices":null,"base_resp":{"status_code":2045,"status_msg":"rate growth limit"}}`, RateLimited},
	{"minimax", 200, `{"choices":null,"base_resp":{"status_code":1004,"status_msg":"not authorized"}}`, Auth},
	{"minimax", 200, `{"choices":null,"base_resp":{"status_code":2049,"status_msg":"invalid api key"}}`, Auth},
	{"minimax", 200, `{"choices":null,"base_resp":{"status_code":1008,"status_msg":"balance"}}`, Quota},
	{"minimax", 200, `{"choices":null,"base_resp":{"status_code":2056,"status_msg":"usage limit exceeded"}}`, Quota},
	{"minimax", 200, `{"choices":null,"base_resp":{"status_code":1026,"status_msg":"input new_sensitive"}}`, ContentFiltered},
	{"minimax", 200, `{"choices":null,"base_resp":{"status_code":1027,"status_msg":"output new_sensitive"}}`, ContentFiltered},
	{"minimax", 200, `{"choices":null,"base_resp":{"status_code":1039,"status_msg":"token limit"}}`, ContextTooLong},
	{"minimax", 200, `{"choices":null,"base_resp":{"status_code":2013,"status_msg":"invalid params"}}`, BadRequest},
	{"minimax", 200, `{"choices":null,"base_resp":{"status_code":1000,"status_msg":"unknown error"}}`, Server},
	{"minimax", 200, `{"choices":null,"base_resp":{"status_code":1001,"status_msg":"request timeout"}}`, Timeout},

	{"zai", 401, `{"error":{"code":"1000","message":"Authentication failed"}}`, Auth},
	{"zai", 401, `{"error":{"code":"1001","message":"x"}}`, Auth},
	{"zai", 401, `{"error":{"code":"1002","message":"Authorization Token非法，请确认Authorization Token正确传递。"}}`, Auth},
	{"zai", 401, `{"error":{"code":"1003","message":"x"}}`, Auth},
	{"zai", 401, `{"error":{"code":"1004","message":"x"}}`, Auth},
	{"zai", 429, `{"error":{"code":"1113","message":"Insufficient balance or no resource package. Please recharge."}}`, Quota},
	{"zai", 429, `{"type":"error","error":{"type":"1113","message":"Insufficient balance or no resource package. Please recharge."},"request_id":"202510091744123546de24396949b8"}`, Quota},
	{"zai", 400, `{"error":{"code":"1211","message":"Unknown Model, please check the model code."}}`, ModelNotFound},
	{"zai", 400, `{"error":{"code":"1261","message":"Prompt exceeds max length"}}`, ContextTooLong},
	{"zai", 400, `{"error":{"code":"1301","message":"System detected potentially unsafe or sensitive content in input or generation."}}`, ContentFiltered},
	{"zai", 429, `{"error":{"code":"1302","message":"High concurrency usage of this API, please reduce concurrency or contact customer service to increase limits"}}`, RateLimited},
	{"zai", 429, `{"error":{"code":"1303","message":"x"}}`, RateLimited},
	{"zai", 429, `{"error":{"code":"1304","message":"daily limit"}}`, Quota},
	{"zai", 429, `{"error":{"code":"1305","message":"The service may be temporarily overloaded, please try again later"}}`, Overloaded},
	{"zai", 429, `{"error":{"code":"1308","message":"Usage limit reached for 5 hour."}}`, Quota},

	{"alibaba", 401, `{"error":{"message":"You didn't provide an API key.","type":"invalid_request_error","param":null,"code":null},"request_id":"b4f1fde8-555d-950f-b9e2-fd65be9bd8f5"}`, Auth},
	{"alibaba", 401, `{"code":"InvalidApiKey","message":"Invalid API-key provided.","request_id":"d55d7c5f-69b1-49d7-a928-868a37724e6b"}`, Auth},
	{"alibaba", 400, `{"error":{"message":"Access denied, please make sure your account is in good standing.","type":"Arrearage","param":null,"code":"Arrearage"}}`, Quota},
	{"alibaba", 429, `{"error":{"message":"x","code":"insufficient_quota"}}`, Quota},
	{"alibaba", 429, `{"error":{"message":"x","code":"Throttling.AllocationQuota"}}`, Quota},
	{"alibaba", 429, `{"error":{"message":"x","code":"Throttling.RateQuota"}}`, RateLimited},
	{"alibaba", 404, `{"error":{"message":"x","code":"ModelNotFound"}}`, ModelNotFound},
	{"alibaba", 400, `{"error":{"message":"<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 258048]","type":"invalid_request_error","param":null,"code":"InvalidParameter"}}`, ContextTooLong},
	{"alibaba", 400, `{"error":{"message":"x","code":"data_inspection_failed"}}`, ContentFiltered},
	{"alibaba", 400, `{"code":"DataInspectionFailed","message":"x"}`, ContentFiltered},

	{"mistral", 401, `{"detail":"Invalid API Key"}`, Auth},
	{"mistral", 400, `{"code":"1500","message":"Invalid model: definitely-not-a-model","object":"error","param":null,"raw_status_code":400,"type":"invalid_model"}`, ModelNotFound},
	{"mistral", 400, `{"object":"error","message":"A human-readable description of the error.","type":"invalid_request_error","param":"model","code":"unknown_model"}`, ModelNotFound},
	{"mistral", 400, `{"object":"error","message":"Prompt contains 558009 tokens, too large for model with 262144 maximum context length","type":"invalid_request_error","code":"3051"}`, ContextTooLong},
	{"mistral", 400, `{"code":"3051","message":"Logprobs are not enabled for this model","object":"error","param":null,"raw_status_code":400,"type":"invalid_request_invalid_args"}`, BadRequest},
	{"mistral", 422, `{"detail":[{"type":"missing","loc":["body","messages"],"msg":"Field required"}]}`, BadRequest},

	{"microsoft", 401, `{"error":{"code":"401","message":"Access denied due to invalid subscription key or wrong API endpoint."}}`, Auth},
	{"microsoft", 404, `{"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource does not exist."}}`, ModelNotFound},
	{"microsoft", 400, `{"error":{"code":"unknown_model","message":"Unknown model: x"}}`, ModelNotFound},
	{"microsoft", 429, `{"error":{"code":"RateLimitReached","message":"Your requests to grok-4-1-fast-non-reasoning in westeurope have exceeded rate limit."}}`, RateLimited},
	{"microsoft", 200, `{"error":{"message":"The response was filtered due to the prompt triggering Azure Content management policy. Please modify your prompt and retry.","type":null,"param":"prompt","code":"content_filter"}}`, ContentFiltered},

	{"xiaomi", 403, `{"error":{"message":"The request was blocked by risk control"}}`, ContentFiltered},
	{"xiaomi", 402, `{"error":{"message":"x"}}`, Quota},

	// Others, whose upstream speaks through them.
	{"openrouter", 402, `{"error":{"message":"Insufficient credits","code":402}}`, Quota},
	{"openrouter", 400, `{"error":{"code":400,"message":"openai/gpt-nonexistent-routed-model is not a valid model ID"},"user_id":"u"}`, ModelNotFound},
	{"openrouter", 404, `{"error":{"code":404,"message":"No endpoints found for qwen/qwq-32b:free."}}`, ModelNotFound},
	{"openrouter", 400, `{"error":{"message":"This endpoint's maximum context length is 200000 tokens. However, you requested about 2500021 tokens","code":400}}`, ContextTooLong},
	{"openrouter", 403, `{"error":{"code":403,"message":"Provider returned error","metadata":{"provider_name":"xAI","raw":"{\"code\":\"The caller does not have permission\",\"error\":\"Content violates usage guidelines. Model: grok-3-mini\"}"}}}`, ContentFiltered},
	{"openrouter", 403, `{"error":{"code":403,"message":"Your chosen model requires moderation and your input was flagged by our moderation"}}`, ContentFiltered},
	{"openrouter", 200, `{"error":{"code":502,"message":"Provider returned error","metadata":{"provider_name":"Cloudflare","raw":"AiError: Internal server error"}}}`, Server},
	{"openrouter", 200, `{"id":"gen-1","error":{"code":400,"message":"Token limit reached"},"choices":[{"delta":{"content":""}}]}`, ContextTooLong},
	{"openrouter", 429, `{"error":{"code":429,"message":"Rate limit exceeded: free-models-per-min. ","metadata":{"headers":{"X-RateLimit-Limit":"20","X-RateLimit-Reset":"1759845420000"}}}}`, RateLimited},
	{"groq", 200, `{"error":{"message":"Tool choice is required, but model did not call a tool","type":"invalid_request_error","code":"tool_use_failed","failed_generation":"","status_code":400}}`, BadRequest},
	{"groq", 400, `{"error":{"message":"prompt is too long","type":"invalid_request_error"}}`, ContextTooLong},
	{"groq", 401, `{"error":{"message":"x","type":"authentication_error"}}`, Auth},
	{"groq", 400, `{"error":{"message":"Incorrect API key provided"}}`, Auth},
	{"groq", 500, `{"error":{"message":"insufficient balance"}}`, Quota},
	{"groq", 200, `{"error":{"message":"x","type":"rate_limit_error"}}`, RateLimited},
	{"groq", 200, `{"error":{"message":"x","type":"overloaded_error"}}`, Overloaded},
	{"groq", 429, `{"error":{"message":"x","code":"insufficient_quota"}}`, Quota},
	{"groq", 400, `{"error":{"message":"The model 'x' does not exist or you do not have access to it."}}`, ModelNotFound},
	{"groq", 400, `{"error":{"message":"Your input exceeds the context window of this model."}}`, ContextTooLong},
	{"groq", 400, `{"error":{"message":"x","code":"content_filter"}}`, ContentFiltered},
	{"vllm", 404, "404 page not found", Server},
	{"vllm", 404, `{"object":"error","message":"The model x does not exist.","type":"NotFoundError","param":null,"code":404}`, ModelNotFound},
	{"vllm", 502, "<html><head><title>502 Bad Gateway</title></head></html>", Server},
	{"vllm", 200, "<html>", InBand},
	{"vllm", 200, `{"error":true}`, InBand},
}

func TestClassify(t *testing.T) {
	t.Parallel()
	for _, c := range classified {
		e := classify(c.provider, c.status, nil, []byte(c.body), time.Now())
		if e.Class != c.class || e.Message == "" {
			t.Errorf("%s %d %s\n is %s (%q), want %s", c.provider, c.status, c.body, e.Class, e.Message, c.class)
		}
	}
}

// TestEveryRule: a rule that no body in the table needs is not proven, or is hidden by another.
func TestEveryRule(t *testing.T) {
	t.Parallel()
	used := make([]bool, len(rules))
	for _, c := range classified {
		told := read([]byte(c.body))
		about := strings.ToLower(told.Message + "\n" + told.Detail)
		if i := slices.IndexFunc(rules, func(r rule) bool { return r.fits(c.provider, c.status, told, about) }); i >= 0 {
			used[i] = true
		}
	}
	for i, ok := range used {
		if !ok {
			t.Errorf("no body in the table is put into its class by %+v", rules[i])
		}
	}
}

// shared is a path beside the repository.
func shared(path string) string {
	dir, _ := os.Getwd()
	for dir != "/" {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	return filepath.Join(dir, "../shared", path)
}

// TestReportedErrors reads the errors that issues and documentation quote.
func TestReportedErrors(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(shared("data/providers/reported_errors.json"))
	if err != nil {
		t.Skip("no reported errors beside the repository:", err)
	}
	var reported []struct {
		Provider string
		Status   int
		Body     json.RawMessage
		Meaning  string
	}
	if err := json.Unmarshal(b, &reported); err != nil {
		t.Fatal(err)
	}
	meanings := []struct {
		text  string
		class Class
	}{
		{"model_not_found", ModelNotFound}, {"overloaded", Overloaded}, {"invalid_request", BadRequest}, {"quota", Quota}, {"rate limited", RateLimited},
		{"authentication", Auth}, {"context too long", ContextTooLong}, {"reasoning_content", BadRequest}, {"thought_signature", BadRequest},
		{"only on /v1/responses", BadRequest}, {"documented shape", ModelNotFound},
	}
	for _, r := range reported {
		i := slices.IndexFunc(meanings, func(m struct {
			text  string
			class Class
		}) bool {
			return strings.Contains(r.Meaning, m.text)
		})
		if i < 0 {
			t.Errorf("no class for the meaning %q", r.Meaning)
			continue
		}
		if e := classify(r.Provider, r.Status, nil, r.Body, time.Now()); e.Class != meanings[i].class {
			t.Errorf("%s %d %s\n is %s, want %s (%s)", r.Provider, r.Status, r.Body, e.Class, meanings[i].class, r.Meaning)
		}
	}
}

// TestRecordedErrors: every recorded error is of a class that its status allows, and has a message.
func TestRecordedErrors(t *testing.T) {
	t.Parallel()
	allowed := map[int][]Class{
		400: {BadRequest, Auth, Quota, ContextTooLong, ModelNotFound, ContentFiltered}, 401: {Auth}, 403: {Auth, ModelNotFound, ContentFiltered},
		404: {ModelNotFound, BadRequest}, 429: {RateLimited, Quota},
	}
	metas, _ := filepath.Glob(shared("data/fixtures/*/*/meta.json"))
	if len(metas) == 0 {
		t.Skip("no recorded exchanges beside the repository")
	}
	n := 0
	for _, m := range metas {
		var meta struct {
			Provider string
			Status   int
			File     string `json:"response_file"`
			Headers  map[string]string
		}
		b, _ := os.ReadFile(m)
		_ = json.Unmarshal(b, &meta)
		body, err := os.ReadFile(filepath.Join(filepath.Dir(m), meta.File))
		if meta.Status < 400 || err != nil {
			continue
		}
		n++
		var h fasthttp.ResponseHeader
		for k, v := range meta.Headers {
			h.Set(k, v)
		}
		e := classify(strings.TrimSuffix(meta.Provider, "-vertex"), meta.Status, &h, body, time.Now())
		if !slices.Contains(allowed[meta.Status], e.Class) || e.Message == "" || strings.HasPrefix(e.Message, "{") {
			t.Errorf("%s %d is %s, %q: %.300s", meta.Provider, meta.Status, e.Class, e.Message, body)
		}
	}
	if n == 0 {
		t.Fatalf("none of %d recorded exchanges was read as an error", len(metas))
	}
	t.Logf("%d recorded errors", n)
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		headers map[string]string
		body    string
		want    time.Duration
	}{
		"seconds":             {map[string]string{"Retry-After": "7"}, ``, 7 * time.Second},
		"fraction":            {map[string]string{"Retry-After": "0.5"}, ``, 500 * time.Millisecond},
		"date":                {map[string]string{"Retry-After": "Wed, 01 Jul 2026 12:00:30 GMT"}, ``, 30 * time.Second},
		"date gone by":        {map[string]string{"Retry-After": "Wed, 01 Jul 2026 11:00:30 GMT"}, ``, 0},
		"milliseconds":        {map[string]string{"retry-after-ms": "250", "retry-after": "1"}, ``, 250 * time.Millisecond},
		"Azure's zero":        {map[string]string{"retry-after-ms": "0", "retry-after": "1"}, ``, time.Second},
		"absurd":              {map[string]string{"Retry-After": "99999999999"}, ``, 24 * time.Hour},
		"nonsense":            {map[string]string{"Retry-After": "soon"}, ``, 0},
		"negative":            {map[string]string{"Retry-After": "-3"}, ``, 0},
		"RetryInfo":           {nil, `{"error":{"code":429,"message":"quota","status":"RESOURCE_EXHAUSTED","details":[{"@type":"x"},{"retryDelay":"34.4s"}]}}`, 34400 * time.Millisecond},
		"Google's words":      {nil, `{"error":{"message":"quota\nPlease retry in 48.939935699s."}}`, 48939935699 * time.Nanosecond},
		"Moonshot's words":    {nil, `{"error":{"message":"Organization Rate limit exceeded, please try again after 1 seconds"}}`, time.Second},
		"OpenAI's words":      {nil, `{"error":{"message":"Limit 500. Please try again in 120ms. Visit"}}`, 120 * time.Millisecond},
		"minutes and seconds": {nil, `{"error":{"message":"Please try again in 6m1.5s."}}`, 6*time.Minute + 1500*time.Millisecond},
		"spelled out":         {nil, `{"error":{"message":"retry after 2 minutes 5 seconds"}}`, 2*time.Minute + 5*time.Second},
		"no number":           {nil, `{"error":{"message":"please try again later"}}`, 0},
		"limits":              {map[string]string{"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "6m0s", "x-ratelimit-remaining-tokens": "10", "x-ratelimit-reset-tokens": "1h"}, ``, 6 * time.Minute},
		"Anthropic's limits":  {map[string]string{"anthropic-ratelimit-requests-remaining": "0", "anthropic-ratelimit-requests-reset": "2026-07-01T12:00:10Z"}, ``, 10 * time.Second},
		"limits in seconds":   {map[string]string{"x-ratelimit-remaining": "0", "x-ratelimit-reset": "12"}, ``, 12 * time.Second},
		"since 1970":          {map[string]string{"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1782907205000"}, ``, 5 * time.Second},
		"router's reset":      {nil, `{"error":{"code":429,"message":"x","metadata":{"headers":{"X-RateLimit-Reset":"1782907205000"}}}}`, 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var h fasthttp.ResponseHeader
			for k, v := range c.headers {
				h.Set(k, v)
			}
			if got := classify("x", 429, &h, []byte(c.body), now).RetryAfter; got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func FuzzClassify(f *testing.F) {
	for i, c := range classified {
		if i%7 == 0 {
			f.Add(c.provider, c.status, []byte(c.body), "1")
		}
	}
	f.Fuzz(func(t *testing.T, provider string, status int, body []byte, after string) {
		var h fasthttp.ResponseHeader
		h.Set("Retry-After", after)
		h.Set("X-Ratelimit-Reset", after)
		h.Set("X-Ratelimit-Remaining", "0")
		e := classify(provider, status, &h, body, time.Unix(0, 0))
		if e.Class == "" || e.Message == "" || e.RetryAfter < 0 || e.RetryAfter > longestRetry || len(e.Message) > longest+8 {
			t.Fatalf("%+v", e)
		}
	})
}
