package api

import "testing"

func TestGatherKeepsTheLargestGroups(t *testing.T) {
	t.Parallel()
	groups := func() map[string]sumsCard {
		return map[string]sumsCard{"a": {Requests: 5, Cost: 1, MeanMS: 10}, "b": {Requests: 3, Cost: 2, MeanMS: 20}, "c": {Requests: 1, Cost: 4, MeanMS: 40}}
	}
	for _, test := range []struct {
		top   int
		other int64
		mean  float64
		left  int
	}{{0, 0, 0, 3}, {1, 4, 25, 2}, {2, 1, 40, 3}, {3, 0, 0, 3}} {
		r := rollupCard{Groups: groups()}
		r.gather(largest(r.Groups, test.top))
		if o := r.Groups["other"]; len(r.Groups) != test.left || o.Requests != test.other || o.MeanMS != test.mean {
			t.Errorf("top %d: %d groups, other %+v", test.top, len(r.Groups), o)
		}
	}
}
