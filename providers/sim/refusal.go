package sim

import (
	"regexp"
	"strings"

	"github.com/routor/routor/engine/chat"
)

// refusal is an error as a provider sends it. $MODEL stands for the model that was asked for.
type refusal struct {
	status int
	body   string
}

// refusalOf is a provider's error of a class. The bodies are recorded or documented ones where there are any, else they have
// the provider's own shape with the status that it documents.
func refusalOf(provider, class, model string) refusal {
	r := refusals[provider][class]
	model = string(appendString(nil, model))
	r.body = strings.ReplaceAll(r.body, "$MODEL", model[1:len(model)-1])
	return r
}

// refusal is an error of a class on a surface. On the Anthropic surfaces that other vendors have as well, errors have
// Anthropic's shape; a prompt that Google blocks is an answer, not an error.
func (s *surface) refusal(provider, class, model string) refusal {
	r := refusalOf(provider, class, model)
	switch {
	case s.codec == nil:
	case s.codec.Dialect() == chat.Generate && class == "content_filtered":
		r = refusal{200, `{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"},"usageMetadata":{"promptTokenCount":9,"totalTokenCount":9}}`}
	case s.codec.Dialect() == chat.Messages && provider != "anthropic":
		if r.status == 200 { // MiniMax says its errors so on the other surface only
			r.status = map[string]int{"rate_limited": 429, "model_not_found": 404, "server": 500, "overloaded": 529}[class]
			if r.status == 0 {
				r.status = 400
			}
		}
		message := wordsOf.FindStringSubmatch(r.body)
		if message == nil {
			message = []string{"", class}
		}
		r.body = string(s.codec.AppendFault(nil, &chat.Fault{Status: r.status, Message: message[1]}))
	}
	return r
}

// wordsOf are what an error says, whatever its shape.
var wordsOf = regexp.MustCompile(`"(?:message|error|detail|status_msg)":"([^"]*)"`)

var refusals = map[string]map[string]refusal{
	"openai": {
		"auth":             {401, `{"error":{"message":"Incorrect API key provided: sk-inval************************-key. You can find your API key at https://platform.openai.com/account/api-keys.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}`},
		"quota":            {429, `{"error":{"message":"You exceeded your current quota, please check your plan and billing details.","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}`},
		"rate_limited":     {429, `{"error":{"message":"Rate limit reached for $MODEL in organization org-sim on requests per min (RPM): Limit 500, Used 500, Requested 1. Please try again in 120ms.","type":"requests","param":null,"code":"rate_limit_exceeded"}}`},
		"overloaded":       {503, `{"error":{"message":"The engine is currently overloaded, please try again later","type":"server_error","param":null,"code":null}}`},
		"model_not_found":  {404, `{"error":{"message":"The model ` + "`$MODEL`" + ` does not exist or you do not have access to it.","type":"invalid_request_error","param":null,"code":"model_not_found"}}`},
		"context_too_long": {400, `{"error":{"message":"This model's maximum context length is 272000 tokens. However, your messages resulted in 558009 tokens. Please reduce the length of the messages.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}`},
		"content_filtered": {400, `{"error":{"message":"Invalid prompt: your prompt was flagged as potentially violating our usage policy.","type":"invalid_request_error","param":null,"code":"content_policy_violation"}}`},
		"bad_request":      {400, `{"error":{"message":"Unsupported parameter: 'stop' is not supported with this model.","type":"invalid_request_error","param":"stop","code":"unsupported_parameter"}}`},
		"server":           {500, `{"error":{"message":"The server had an error processing your request. Sorry about that!","type":"server_error","param":null,"code":null}}`},
	},
	"anthropic": {
		"auth":             {401, `{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"},"request_id":"req_011CX88X7DM3SrsuuERgZeYJ"}`},
		"quota":            {400, `{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits."},"request_id":"req_011CX88ZmBumGkvj7aK6Gqzx"}`},
		"rate_limited":     {429, `{"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed your organization's rate limit of 50 requests per minute."}}`},
		"overloaded":       {529, `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`},
		"model_not_found":  {404, `{"type":"error","error":{"type":"not_found_error","message":"model: $MODEL"}}`},
		"context_too_long": {400, `{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 3333404 tokens > 200000 maximum"},"request_id":"req_011CeCGmMJJGRCp7xgjqapmJ"}`},
		"content_filtered": {400, `{"type":"error","error":{"type":"invalid_request_error","message":"Output blocked by content filtering policy","code":"content_filter"}}`},
		"bad_request":      {400, `{"error":{"message":"temperature: range: 0..1","type":"invalid_request_error"},"request_id":"req_REDACTED_1","type":"error"}`},
		"server":           {500, `{"type":"error","error":{"type":"api_error","message":"Internal server error"}}`},
	},
	"google": {
		"auth":             {400, `{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com","metadata":{"service":"generativelanguage.googleapis.com"}}]}}`},
		"quota":            {429, `{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]}]}}`},
		"no_key":           {403, `{"error":{"code":403,"message":"Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.","status":"PERMISSION_DENIED"}}`},
		"rate_limited":     {429, `{"error":{"code":429,"message":"You exceeded your current quota, please check your plan.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequestsPerMinutePerProjectPerModel-FreeTier"}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.4s"}]}}`},
		"overloaded":       {503, `{"error":{"code":503,"message":"The model is overloaded. Please try again later.","status":"UNAVAILABLE"}}`},
		"model_not_found":  {404, `{"error":{"code":404,"message":"models/$MODEL is not found for API version v1beta, or is not supported for generateContent. Call ListModels to see the list of available models and their supported methods.","status":"NOT_FOUND"}}`},
		"context_too_long": {400, `{"error":{"code":400,"message":"The input token count (1250074) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}}`},
		"bad_request":      {400, `{"error":{"code":400,"message":"Request contains an invalid argument.","status":"INVALID_ARGUMENT"}}`},
		"server":           {500, `{"error":{"code":500,"message":"An internal error has occurred.","status":"INTERNAL"}}`},
		"content_filtered": {400, `{"error":{"code":400,"message":"The prompt was blocked: flagged by our moderation.","status":"INVALID_ARGUMENT"}}`},
	},
	"deepseek": {
		"auth":             {401, `{"error":{"message":"Authentication Fails, Your api key: ****-key is invalid","type":"authentication_error","param":null,"code":"invalid_request_error"}}`},
		"quota":            {402, `{"error":{"message":"Insufficient Balance","type":"unknown_error","param":null,"code":"invalid_request_error"}}`},
		"model_not_found":  {400, `{"error":{"message":"The supported API model names are deepseek-v4-pro or deepseek-v4-flash, but you passed $MODEL.","type":"invalid_request_error","param":null,"code":"invalid_request_error"}}`},
		"context_too_long": {400, `{"error":{"message":"This model's maximum context length is 1048565 tokens. However, you requested 1250074 tokens.","type":"invalid_request_error","param":null,"code":"invalid_request_error"}}`},
		"content_filtered": {400, `{"error":{"message":"Content Exists Risk","type":"invalid_request_error","param":null,"code":"invalid_request_error"}}`},
		"bad_request":      {400, `{"error":{"message":"Thinking mode does not support this tool_choice","type":"invalid_request_error","param":null,"code":"invalid_request_error"}}`},
		"rate_limited":     {429, `{"error":{"message":"You are sending requests too quickly. Please pace your requests reasonably.","type":"rate_limit_error","param":null,"code":"rate_limit_error"}}`},
		"overloaded":       {503, `{"error":{"message":"The server is overloaded due to high traffic. Please retry your request after a brief wait.","type":"service_unavailable_error","param":null,"code":"service_unavailable_error"}}`},
		"server":           {500, `{"error":{"message":"Our server encounters an issue. Please retry your request after a brief wait.","type":"server_error","param":null,"code":"server_error"}}`},
	},
	"xai": {
		"no_key":           {401, `{"code":"unauthenticated:no-credentials","error":"No credentials provided. Please provide an API key in the Authorization header."}`},
		"auth":             {400, `{"code":"invalid-argument","error":"Incorrect API key provided: ba***ey. You can obtain an API key from https://console.x.ai."}`},
		"quota":            {429, `{"code":"Some resource has been exhausted","error":"Your team has either used all available credits or reached its monthly spending limit."}`},
		"rate_limited":     {429, `{"code":"rate-limited","error":"Too many requests"}`},
		"overloaded":       {503, `{"code":"The service is currently unavailable","error":"Service temporarily unavailable. The model is at capacity and currently cannot serve this request."}`},
		"model_not_found":  {404, `{"code":"Some requested entity was not found","error":"The model $MODEL does not exist or your team does not have access to it."}`},
		"context_too_long": {400, `{"code":"Client specified an invalid argument","error":"This model's maximum prompt length is 256000 but the request contains 558009 tokens."}`},
		"content_filtered": {403, `{"code":"The caller does not have permission to execute the specified operation","error":"Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_DATA_LEAKAGE"}`},
		"bad_request":      {400, `{"code":"Client specified an invalid argument","error":"Invalid request content: Required function  is not present in the provided tools."}`},
		"server":           {500, `{"code":"Internal error","error":"Internal server error"}`},
	},
	"nvidia": {
		"auth":             {401, `{"status":401,"title":"Unauthorized","detail":"Authentication failed"}`},
		"quota":            {402, `{"status":402,"title":"Payment Required","detail":"Account has no credits left"}`},
		"rate_limited":     {429, `{"status":429,"title":"Too Many Requests"}`},
		"overloaded":       {400, `{"status":400,"title":"Bad Request","detail":"Function id '87ea0ddc-cff1-4bca-bf8b-3bd98a35ddd0': DEGRADED function cannot be invoked"}`},
		"model_not_found":  {404, `{"status":404,"title":"Not Found","detail":"Function '$MODEL': Not found for account 'sim'"}`},
		"bad_request":      {400, `{"message":"Validation: Function name at index 51 exceeds 96 character limit, got 102 characters","type":"Bad Request","code":400}`},
		"server":           {500, `{"status":500,"title":"Internal Server Error","detail":"Inference error"}`},
		"context_too_long": {400, `{"message":"This model's maximum context length is 262144 tokens. However, you requested 558009 tokens. Please reduce the length of the messages.","type":"Bad Request","code":400}`},
		"content_filtered": {400, `{"message":"The request was flagged by our moderation","type":"Bad Request","code":400}`},
	},
	"moonshot": {
		"auth":             {401, `{"error":{"message":"Invalid Authentication","type":"invalid_authentication_error"}}`},
		"quota":            {429, `{"error":{"message":"You exceeded your current token quota: org-sim 0, please check your account balance","type":"exceeded_current_quota_error"}}`},
		"rate_limited":     {429, `{"error":{"message":"Organization Rate limit exceeded, please try again after 1 seconds","type":"rate_limit_reached_error"}}`},
		"overloaded":       {429, `{"error":{"message":"The engine is currently overloaded, please try again later","type":"engine_overloaded_error"}}`},
		"model_not_found":  {404, `{"error":{"message":"Not found the model $MODEL or Permission denied","type":"resource_not_found_error"}}`},
		"context_too_long": {400, `{"error":{"message":"Invalid request: Your request exceeded model token limit: 262144 (requested: 558009)","type":"invalid_request_error"}}`},
		"content_filtered": {400, `{"error":{"message":"The request was rejected because it was considered high risk","type":"content_filter"}}`},
		"bad_request":      {400, `{"error":{"message":"invalid temperature: only 1 is allowed for this model","type":"invalid_request_error"}}`},
		"server":           {500, `{"error":{"message":"server internal error","type":"server_error"}}`},
	},
	"minimax": {
		"auth":             {401, `{"type":"error","error":{"type":"authentication_error","message":"login fail: Please carry the API secret key in the 'Authorization' field of the request header (1004)","http_code":"401"},"request_id":"0714fe18ba0c76b34a378dd6ac6898b1"}`},
		"quota":            {402, `{"type":"error","error":{"type":"insufficient_balance_error","message":"insufficient balance (1008)","http_code":"402"},"request_id":"0714fe18ba0c76b34a378dd6ac6898b0"}`},
		"rate_limited":     {200, `{"id":"sim","choices":null,"created":0,"model":"$MODEL","object":"chat.completion","usage":{"total_tokens":0,"total_characters":0},"base_resp":{"status_code":1002,"status_msg":"rate limit exceeded"}}`},
		"model_not_found":  {200, `{"id":"0637e81341eec253ae806406d16766a5","choices":null,"created":1776858387,"model":"$MODEL","object":"chat.completion","usage":{"total_tokens":0,"total_characters":0},"input_sensitive":false,"output_sensitive":false,"base_resp":{"status_code":2061,"status_msg":"your current token plan not support model, $MODEL"}}`},
		"context_too_long": {200, `{"id":"sim","choices":null,"created":0,"model":"$MODEL","object":"chat.completion","base_resp":{"status_code":1039,"status_msg":"token limit exceeded"}}`},
		"content_filtered": {200, `{"id":"sim","choices":null,"created":0,"model":"$MODEL","object":"chat.completion","input_sensitive":true,"base_resp":{"status_code":1026,"status_msg":"input new_sensitive"}}`},
		"bad_request":      {200, `{"id":"sim","choices":null,"created":0,"model":"$MODEL","object":"chat.completion","base_resp":{"status_code":2013,"status_msg":"invalid params"}}`},
		"server":           {200, `{"id":"sim","choices":null,"created":0,"model":"$MODEL","object":"chat.completion","base_resp":{"status_code":1000,"status_msg":"unknown error"}}`},
		"overloaded":       {529, `{"type":"error","error":{"type":"overloaded_error","message":"the server cluster is under high load, please retry later (2064)","http_code":"529"},"request_id":"0714fe18ba0c76b34a378dd6ac6898b0"}`},
	},
	"zai": {
		"auth":             {401, `{"error":{"code":"1002","message":"Authorization Token非法，请确认Authorization Token正确传递。"}}`},
		"quota":            {429, `{"error":{"code":"1113","message":"Insufficient balance or no resource package. Please recharge."}}`},
		"rate_limited":     {429, `{"error":{"code":"1302","message":"High concurrency usage of this API, please reduce concurrency or contact customer service to increase limits"}}`},
		"overloaded":       {429, `{"error":{"code":"1305","message":"The service may be temporarily overloaded, please try again later"}}`},
		"model_not_found":  {400, `{"error":{"code":"1211","message":"Unknown Model, please check the model code."}}`},
		"context_too_long": {400, `{"error":{"code":"1261","message":"Prompt exceeds max length"}}`},
		"content_filtered": {400, `{"error":{"code":"1301","message":"System detected potentially unsafe or sensitive content in input or generation."}}`},
		"bad_request":      {400, `{"error":{"code":"1210","message":"Invalid API parameter, please check the documentation."}}`},
		"server":           {500, `{"error":{"code":"500","message":"Internal server error"}}`},
	},
	"alibaba": {
		"auth":             {401, `{"error":{"message":"Incorrect API key provided. ","type":"invalid_request_error","param":null,"code":"invalid_api_key"},"request_id":"b4f1fde8-555d-950f-b9e2-fd65be9bd8f5"}`},
		"quota":            {400, `{"error":{"message":"Access denied, please make sure your account is in good standing.","type":"Arrearage","param":null,"code":"Arrearage"},"request_id":"3e1ae270-471f-9bef-a10e-add2239b0270"}`},
		"rate_limited":     {429, `{"error":{"message":"You have exceeded your current request limit.","type":"Throttling.RateQuota","param":null,"code":"Throttling.RateQuota"},"request_id":"3e1ae270-471f-9bef-a10e-add2239b0270"}`},
		"model_not_found":  {404, `{"error":{"message":"The model ` + "`$MODEL`" + ` does not exist or you do not have access to it.","type":"invalid_request_error","param":null,"code":"ModelNotFound"},"request_id":"3e1ae270-471f-9bef-a10e-add2239b0270"}`},
		"context_too_long": {400, `{"error":{"message":"<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 258048]","type":"invalid_request_error","param":null,"code":"InvalidParameter"},"request_id":"3e1ae270-471f-9bef-a10e-add2239b0270"}`},
		"content_filtered": {400, `{"error":{"message":"Input data may contain inappropriate content.","type":"data_inspection_failed","param":null,"code":"data_inspection_failed"},"request_id":"3e1ae270-471f-9bef-a10e-add2239b0270"}`},
		"overloaded":       {503, `{"error":{"message":"Too many requests. Your requests are being throttled due to system capacity limits. Please try again later.","type":"ServiceUnavailable","param":null,"code":"ServiceUnavailable"},"request_id":"3e1ae270-471f-9bef-a10e-add2239b0270"}`},
		"bad_request":      {400, `{"error":{"message":"<400> InternalError.Algo.InvalidParameter: The tool call is not supported.","type":"invalid_request_error","param":null,"code":"invalid_parameter_error"},"request_id":"3e1ae270-471f-9bef-a10e-add2239b0270"}`},
		"server":           {500, `{"error":{"message":"An internal error has occured, please try again later or contact service support.","type":"InternalError","param":null,"code":"InternalError"},"request_id":"3e1ae270-471f-9bef-a10e-add2239b0270"}`},
	},
	"mistral": {
		"auth":             {401, `{"detail":"Invalid API Key"}`},
		"quota":            {402, `{"object":"error","message":"Your account has no credits left","type":"payment_required","param":null,"code":"1400","raw_status_code":402}`},
		"rate_limited":     {429, `{"object":"error","message":"Rate limit exceeded","type":"rate_limited","param":null,"code":"1300","raw_status_code":429}`},
		"overloaded":       {503, `{"object":"error","message":"Service unavailable.","type":"unreachable_backend","param":null,"code":"1100","raw_status_code":503}`},
		"model_not_found":  {400, `{"object":"error","message":"Invalid model: $MODEL","type":"invalid_model","param":null,"code":"1500","raw_status_code":400}`},
		"context_too_long": {400, `{"object":"error","message":"Prompt contains 558009 tokens, too large for model with 262144 maximum context length","type":"invalid_request_error","param":null,"code":"3051","raw_status_code":400}`},
		"bad_request":      {400, `{"object":"error","message":"Logprobs are not enabled for this model","type":"invalid_request_invalid_args","param":null,"code":"3051","raw_status_code":400}`},
		"server":           {500, `{"object":"error","message":"Internal server error","type":"internal_server_error","param":null,"code":"1000","raw_status_code":500}`},
		"content_filtered": {403, `{"object":"error","message":"The input was flagged by our moderation","type":"guardrail_violation","param":null,"code":"2000","raw_status_code":403}`},
	},
	"microsoft": {
		"auth":             {401, `{"error":{"code":"401","message":"Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource."}}`},
		"rate_limited":     {429, `{"error":{"code":"RateLimitReached","message":"Your requests to $MODEL for $MODEL in westeurope have exceeded rate limit.","details":"Your requests to $MODEL for $MODEL in westeurope have exceeded rate limit."}}`},
		"model_not_found":  {404, `{"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please wait a moment and try again."}}`},
		"content_filtered": {400, `{"error":{"message":"The response was filtered due to the prompt triggering Azure Content management policy. Please modify your prompt and retry.","type":null,"param":"prompt","code":"content_filter","status":400}}`},
		"quota":            {429, `{"error":{"code":"insufficient_quota","message":"You exceeded your current quota, please check your plan and billing details."}}`},
		"overloaded":       {503, `{"error":{"code":"ServiceUnavailable","message":"The service is temporarily unable to process your request. Please try again later."}}`},
		"context_too_long": {400, `{"error":{"code":"context_length_exceeded","message":"This model's maximum context length is 16384 tokens. However, your messages resulted in 558009 tokens. Please reduce the length of the messages.","type":"invalid_request_error","param":"messages"}}`},
		"bad_request":      {400, `{"error":{"code":"unsupported_parameter","message":"Unsupported parameter: 'stop' is not supported with this model.","type":"invalid_request_error","param":"stop"}}`},
		"server":           {500, `{"error":{"code":"InternalServerError","message":"The server had an error while processing your request. Sorry about that!"}}`},
	},
	"xiaomi": {
		"auth":             {401, `{"error":{"code":"401","message":"Invalid API Key","param":"","type":"invalid_key"}}`},
		"quota":            {402, `{"error":{"code":"402","message":"Insufficient balance","param":"","type":"insufficient_balance"}}`},
		"rate_limited":     {429, `{"error":{"code":"429","message":"Too many requests","param":"","type":"rate_limit_exceeded"}}`},
		"overloaded":       {503, `{"error":{"code":"503","message":"The service is overloaded, please try again later","param":"","type":"service_unavailable"}}`},
		"model_not_found":  {404, `{"error":{"code":"404","message":"Not supported model $MODEL","param":"","type":"model_not_found"}}`},
		"context_too_long": {400, `{"error":{"code":"400","message":"This model's maximum context length is 262144 tokens. Your request has 558009 tokens.","param":"","type":"invalid_request_error"}}`},
		"content_filtered": {403, `{"error":{"code":"403","message":"The request was rejected by risk control","param":"","type":"forbidden"}}`},
		"bad_request":      {400, `{"error":{"code":"400","message":"Param Incorrect","param":"","type":"invalid_request_error"}}`},
		"server":           {500, `{"error":{"code":"500","message":"Internal server error","param":"","type":"internal_error"}}`},
	},
}
