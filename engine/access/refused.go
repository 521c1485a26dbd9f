package access

// refused counts.
func (ms *Meters) refused(r *Refusal) {
	for i, name := range LimitNames {
		if name == r.Limit {
			scope := 0
			if r.Scope == ScopeProfile {
				scope = 1
			}
			ms.refusals[i][scope].Add(1)
		}
	}
}

// Refusals calls f with how many requests each limit has turned away since the start.
func (ms *Meters) Refusals(f func(limit, scope string, n int64)) {
	for i, name := range LimitNames {
		f(name, ScopeKey, ms.refusals[i][0].Load())
		f(name, ScopeProfile, ms.refusals[i][1].Load())
	}
}
