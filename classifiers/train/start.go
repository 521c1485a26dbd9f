package train

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/tetratelabs/wazero"

	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/classifiers/wasm"
)

// begin reads the model to go on from. Its own heads stay, but for those that are learned anew.
func (t *trainer) begin() (*model, []classifiers.HeadCard, error) {
	m, err := weightsOf(t.ctx, t.Init)
	if err != nil {
		return nil, nil, fmt.Errorf("go on from the module: %w", err)
	}
	section, err := wasm.Custom(t.Init, classifiers.MetaSection)
	if err != nil {
		return nil, nil, fmt.Errorf("go on from the module: %w", err)
	}
	card, err := classifiers.ParseCard(section)
	if err != nil {
		return nil, nil, fmt.Errorf("go on from the module: %w", err)
	}
	if len(card.Heads) != 2+len(m.own) {
		return nil, nil, fmt.Errorf("go on from the module: %d heads in its card, %d in its weights", len(card.Heads), 2+len(m.own))
	}
	anew := map[string]bool{}
	for _, h := range t.own {
		anew[h.Name] = true
	}
	var kept []classifiers.HeadCard
	var tables []*table
	for i, h := range card.Heads[2:] {
		if !anew[h.Name] {
			kept, tables = append(kept, h), append(tables, m.own[i])
		}
	}
	m.own = tables
	return m, kept, nil
}

// weightsOf reads the weights where the running module says that they lie.
func weightsOf(ctx context.Context, module []byte) (*model, error) {
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().WithMemoryLimitPages(1024))
	defer func() { _ = r.Close(ctx) }()
	instance, err := r.Instantiate(ctx, module)
	if err != nil {
		return nil, err
	}
	global := instance.ExportedGlobal("routor_model")
	if global == nil || instance.Memory() == nil {
		return nil, fmt.Errorf("%w: it exports no routor_model; go on from a module that routor train has made", errModel)
	}
	head, ok := instance.Memory().Read(uint32(global.Get()), 8)
	if !ok {
		return nil, errModel
	}
	b, ok := instance.Memory().Read(binary.LittleEndian.Uint32(head), binary.LittleEndian.Uint32(head[4:]))
	if !ok {
		return nil, errModel
	}
	return parseModel(b)
}
