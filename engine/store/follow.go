package store

import "context"

// Follow calls f, one after the other, for every version of the documents called name that comes after message seq of the
// history, with its content, until ctx ends. nudge is as in Watch. Versions that this Routor cannot read are said and left out.
func (h *History) Follow(ctx context.Context, name string, seq uint64, nudge <-chan struct{}, f func(*Version)) {
	subjects := make([]string, len(Kinds))
	for i, k := range Kinds {
		subjects[i] = subject(k, name)
	}
	h.store.Watch(ctx, Watch{Stream: historyStream, Subjects: subjects, After: seq, Nudge: nudge, Each: func(m Message) {
		v, err := parseVersion(m.Header, m.Data, m.Seq)
		for err == nil && ctx.Err() == nil {
			fetch, cancel := context.WithTimeout(ctx, fetchTime)
			err = h.Fetch(fetch, v)
			cancel()
			if err == nil {
				f(v)
				return
			}
			if retriable(err) { // a module whose servers are away is worth waiting for
				err = nil
			}
		}
		if err != nil {
			h.store.options.Log("warning: %v", err)
		}
	}})
}
