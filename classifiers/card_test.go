package classifiers

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/routor/routor/classifiers/wasm/wasmtest"
)

// withInfo assembles text and adds routor_info, which answers info.
func withInfo(text, info string) []byte {
	const at = 65536
	return wasmtest.Assemble(text + fmt.Sprintf(" data %d %x func routor_info - I - i64.const %d end", at, info, at<<32|len(info)))
}

func TestCardFromInfo(t *testing.T) {
	t.Parallel()
	info := cardJSON(t)
	text := answer(testResult(), "")
	module := withInfo(text, info)
	if got := load(t, module, Options{Instances: 1}).Card(); got.String() != "test 1" || got.Head("intent") == nil {
		t.Errorf("card %+v", got)
	}
	for name, bad := range map[string]string{"no JSON": "{", "other JSON": `{"name":"x"}`} {
		if _, err := Load(context.Background(), withInfo(text, bad), Options{}); err == nil {
			t.Errorf("%s: loaded", name)
		}
	}
}

func FuzzParseCard(f *testing.F) {
	f.Add([]byte(cardJSON(f)))
	f.Fuzz(func(t *testing.T, src []byte) {
		c, err := ParseCard(src)
		if err != nil {
			if !errors.Is(err, ErrCard) {
				t.Error(err)
			}
			return
		}
		if h := c.Head(headCategory); h == nil || len(h.Labels) != 14 || len(h.order) != 14 {
			t.Errorf("card without its categories: %+v", c)
		}
	})
}
