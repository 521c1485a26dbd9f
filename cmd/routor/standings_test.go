package main

import (
	"testing"

	"github.com/routor/routor/providers"
)

func TestVerdict(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		account providers.Account
		missing []string
		want    string
	}{
		{providers.Account{State: providers.Healthy, Detail: "key accepted, 52 models", KeyLast4: "abcd"}, nil, "usable (key …abcd): key accepted, 52 models"},
		{providers.Account{State: providers.KeyRejected, Detail: "HTTP 401: no", KeyLast4: "abcd"}, nil, "key rejected (key …abcd): HTTP 401: no"},
		{providers.Account{State: providers.OutOfCredit}, nil, "out of credit"},
		{providers.Account{State: providers.Down, Detail: "no answer in time"}, nil, "unreachable: no answer in time"},
		{providers.Account{State: providers.Healthy}, []string{"a", "b"}, "usable; not in its list of models: a, b"},
		{providers.Account{State: providers.Healthy}, []string{"a", "b", "c", "d", "e", "f", "g"}, "usable; not in its list of models: a, b, c, d, e and 2 more"},
	} {
		if got := verdict(x.account, x.missing); got != x.want {
			t.Errorf("%q, want %q", got, x.want)
		}
	}
}
