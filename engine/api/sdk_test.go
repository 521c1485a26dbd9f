package api

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/shared"
)

// TestOpenAISDK is the official SDK for Go, unmodified but for the base URL.
func TestOpenAISDK(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{})
	ctx := context.Background()
	sdk := openai.NewClient(option.WithBaseURL(r.url+"/v1"), option.WithAPIKey("sk-any"), option.WithMaxRetries(0))
	hi := []openai.ChatCompletionMessageParamUnion{openai.UserMessage("hi")}

	t.Run("completion", func(t *testing.T) {
		t.Parallel()
		a, err := sdk.Chat.Completions.New(ctx, openai.ChatCompletionNewParams{Model: "auto", Messages: hi})
		if err != nil {
			t.Fatal(err)
		}
		var routor struct{ Model, Tier string }
		if err := json.Unmarshal([]byte(a.JSON.ExtraFields["routor"].Raw()), &routor); err != nil || routor.Tier != "NANO" {
			t.Errorf("routor: %+v, %v", routor, err)
		}
		if a.Choices[0].Message.Content == "" || a.Usage.TotalTokens == 0 {
			t.Errorf("%s", a.RawJSON())
		}
	})
	t.Run("stream", func(t *testing.T) {
		t.Parallel()
		s := sdk.Chat.Completions.NewStreaming(ctx, openai.ChatCompletionNewParams{
			Model: "auto", Messages: hi, StreamOptions: openai.ChatCompletionStreamOptionsParam{IncludeUsage: openai.Bool(true)},
		})
		var sum openai.ChatCompletionAccumulator
		last := openai.ChatCompletionChunk{}
		for s.Next() {
			last = s.Current()
			sum.AddChunk(last)
		}
		if s.Err() != nil || sum.Choices[0].Message.Content == "" || sum.Usage.TotalTokens == 0 {
			t.Errorf("%v %+v", s.Err(), sum)
		}
		if !strings.Contains(last.RawJSON(), `"routor":{`) {
			t.Errorf("the last chunk is %s", last.RawJSON())
		}
	})
	t.Run("tools", func(t *testing.T) {
		t.Parallel()
		params := openai.ChatCompletionNewParams{
			Model:    "auto",
			Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("Use get_weather to look up the weather in Paris.")},
			Tools: []openai.ChatCompletionToolUnionParam{openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{
				Name: "get_weather",
				Parameters: shared.FunctionParameters{
					"type": "object", "properties": map[string]any{"city": map[string]any{"type": "string"}}, "required": []string{"city"},
				},
			})},
		}
		first, err := sdk.Chat.Completions.New(ctx, params)
		if err != nil {
			t.Fatal(err)
		}
		calls := first.Choices[0].Message.ToolCalls
		if len(calls) == 0 || calls[0].Function.Name != "get_weather" {
			t.Fatalf("%s", first.RawJSON())
		}
		params.Messages = append(params.Messages, first.Choices[0].Message.ToParam(), openai.ToolMessage("18 degrees, sunny", calls[0].ID))
		second, err := sdk.Chat.Completions.New(ctx, params)
		if err != nil || second.Choices[0].Message.Content == "" {
			t.Fatalf("%v %s", err, second.RawJSON())
		}
		model := func(c *openai.ChatCompletion) string {
			var routor struct{ Model string }
			_ = json.Unmarshal([]byte(c.JSON.ExtraFields["routor"].Raw()), &routor)
			return routor.Model
		}
		if model(first) != model(second) {
			t.Errorf("%s made the call, %s got its result", model(first), model(second))
		}
	})
	t.Run("structured output", func(t *testing.T) {
		t.Parallel()
		a, err := sdk.Chat.Completions.New(ctx, openai.ChatCompletionNewParams{
			Model: "auto", Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("What is 6 times 7?")},
			ResponseFormat: openai.ChatCompletionNewParamsResponseFormatUnion{OfJSONSchema: &shared.ResponseFormatJSONSchemaParam{
				JSONSchema: shared.ResponseFormatJSONSchemaJSONSchemaParam{Name: "answer", Strict: openai.Bool(true), Schema: map[string]any{
					"type": "object", "properties": map[string]any{"answer": map[string]any{"type": "integer"}}, "required": []string{"answer"}, "additionalProperties": false,
				}},
			}},
		})
		if err != nil {
			t.Fatal(err)
		}
		var shaped struct{ Answer *int }
		if err := json.Unmarshal([]byte(a.Choices[0].Message.Content), &shaped); err != nil || shaped.Answer == nil {
			t.Errorf("%v: %s", err, a.Choices[0].Message.Content)
		}
	})
	t.Run("error", func(t *testing.T) {
		t.Parallel()
		_, err := sdk.Chat.Completions.New(ctx, openai.ChatCompletionNewParams{Model: "openai/gpt-nonsense", Messages: hi})
		var e *openai.Error
		if !errors.As(err, &e) || e.StatusCode != 404 || e.Code != "model_not_found" || e.Param != "model" {
			t.Errorf("%#v", err)
		}
	})
	t.Run("embeddings", func(t *testing.T) {
		t.Parallel()
		a, err := sdk.Embeddings.New(ctx, openai.EmbeddingNewParams{
			Model: "openai/text-embedding-3-small", Input: openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: []string{"one", "two"}}, Dimensions: openai.Int(8),
		})
		if err != nil || len(a.Data) != 2 || len(a.Data[1].Embedding) != 8 || a.Data[1].Index != 1 || a.Usage.PromptTokens == 0 || a.Model != "text-embedding-3-small" {
			t.Errorf("%v %+v", err, a)
		}
		_, err = sdk.Embeddings.New(ctx, openai.EmbeddingNewParams{Model: "openai/no-such-embedding", Input: openai.EmbeddingNewParamsInputUnion{OfString: openai.String("one")}})
		var e *openai.Error
		if !errors.As(err, &e) || e.StatusCode != 404 {
			t.Errorf("%v", err)
		}
	})
	t.Run("models", func(t *testing.T) {
		t.Parallel()
		var ids []string
		list := sdk.Models.ListAutoPaging(ctx)
		for list.Next() {
			ids = append(ids, list.Current().ID)
		}
		if list.Err() != nil || !slices.Contains(ids, "auto") || !slices.Contains(ids, "anthropic/claude-opus-4.8") {
			t.Errorf("%v %v", list.Err(), ids)
		}
		for _, id := range []string{"auto", "anthropic/claude-opus-4.8", "claude-opus-4-8"} {
			if m, err := sdk.Models.Get(ctx, id); err != nil || m.ID == "" {
				t.Errorf("%s: %v", id, err)
			}
		}
	})
}
