package api

import (
	"bytes"
	"testing"
)

func TestAdminPprof(t *testing.T) {
	r := serve(t, setup{})
	for path, want := range map[string]int{"heap": 200, "cpu?seconds=0.01": 200, "secrets": 404, "cpu?seconds=0": 400, "cpu?seconds=1e9": 400} {
		got := r.do("GET", "/admin/pprof/"+path, "", asAdmin)
		if got.status != want || want == 200 && !bytes.HasPrefix(got.body, []byte{0x1f, 0x8b}) { // profiles are gzipped
			t.Errorf("%s: %d %.60q, want %d", path, got.status, got.body, want)
		}
	}
}
