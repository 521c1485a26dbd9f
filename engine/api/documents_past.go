package api

import (
	"context"

	"github.com/routor/routor/engine/store"
)

// Past publishes a version as if that had been at its own time, for a past that is made up, and brings it live.
func (d *Documents) Past(ctx context.Context, v store.Version) error {
	h, now, err := d.changeable(ctx, Publication{Kind: v.Kind})
	if err != nil {
		return err
	}
	on := uint64(0)
	if now != nil {
		on = now.Number
	}
	v.Name, v.Owner = store.Live, store.OwnerStore
	published, err := h.Publish(ctx, v, on)
	if err != nil {
		return err
	}
	_, err = d.await(ctx, published)
	return err
}
