package rpc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
)

// odooStage is one of crm.stage.
type odooStage struct {
	id       int64
	name     string // English, or what stands for it where English is not used
	nameZh   string
	sequence int64
	won      bool
	to       store.ID // the organisation's
	brought  bool     // it is the source's own, as no entry of the configuration names it
}

// pipeline returns the stages by number, read once and again when know is none of them.
func (o *Odoo) pipeline(ctx context.Context, know ...int64) (map[int64]odooStage, error) {
	o.mu.Lock()
	stages := o.stages
	o.mu.Unlock()
	if stages != nil && !slices.ContainsFunc(know, func(id int64) bool { _, ok := stages[id]; return id != 0 && !ok }) {
		return stages, nil
	}
	m, err := o.describe(ctx, "crm.stage", time.Time{})
	if err != nil {
		return nil, err
	}
	fields := m.wanted("stages", "crm.stage")
	a, err := o.c.call(ctx, "crm.stage", "search_read", []any{}, o.ctx(map[string]any{"fields": fields, "order": "sequence, id"}))
	if err != nil {
		return nil, err
	}
	stages = map[int64]odooStage{}
	for _, row := range a.list() {
		id, _ := number(row["id"])
		s := odooStage{id: id, name: words(row["name"])}
		s.sequence, _ = number(row["sequence"])
		s.won, _ = row["is_won"].(bool)
		stages[id] = s
	}
	zh := map[string]any{"fields": []string{"name"}, "order": "id", "context": map[string]any{"active_test": false, "lang": "zh_CN"}}
	a, err = o.c.call(ctx, "crm.stage", "search_read", []any{}, zh)
	if f := (*odooFault)(nil); err != nil && !errors.As(err, &f) { // a fault: Chinese is not installed
		return nil, err
	}
	for _, row := range a.list() {
		id, _ := number(row["id"])
		if s, ok := stages[id]; ok {
			s.nameZh = words(row["name"])
			stages[id] = s
		}
	}
	for id, s := range stages {
		for _, key := range []string{strconv.FormatInt(id, 10), s.name, s.nameZh} {
			if to := o.cfg.Stages[key]; to != "" && s.to == "" && key != "" {
				s.to = to
			}
		}
		if s.to == "" {
			s.to, s.brought = store.ID(fmt.Sprintf("%s-%d", o.cfg.ID, id)), true
		}
		stages[id] = s
	}
	o.mu.Lock()
	o.stages = stages
	o.mu.Unlock()
	return stages, nil
}

// bring appends those stages that the configuration does not name, each between the others by Odoo's own sequence. Odoo plans with a probability of each
// opportunity and has none of a stage: the source's own open stages get even steps, until the organisation gives better ones.
func (o *Odoo) bring(ctx context.Context, page *source.Page) error {
	o.mu.Lock()
	o.stages = nil
	o.mu.Unlock()
	all, err := o.pipeline(ctx)
	if err != nil {
		return err
	}
	order := make([]odooStage, 0, len(all))
	for _, s := range all {
		order = append(order, s)
	}
	slices.SortFunc(order, func(a, b odooStage) int { return cmp.Or(cmp.Compare(a.sequence, b.sequence), cmp.Compare(a.id, b.id)) })
	open, n := 0, 0
	for _, s := range order {
		if !s.won {
			open++
		}
	}
	dec := o.decoder("stages")
	for i, s := range order {
		f := map[string]any{"id": string(s.to), "name": s.nameZh, "name_en": s.name, "order": i + 1, "kind": "open"}
		if s.nameZh == "" {
			f["name"] = s.name
		}
		if s.won {
			f["kind"], f["probability"] = "won", 100
		} else {
			n++
			f["probability"] = 100 * n / (open + 1)
		}
		if s.brought {
			dec.Decode("stage", f, fmt.Sprintf("crm.stage %d", s.id), page)
		}
	}
	if len(o.cfg.Stages) == 0 {
		dec.Decode("stage", map[string]any{"id": "lost", "name": "输单", "name_en": "Lost", "order": len(order) + 1, "kind": "lost"}, "lost", page)
	}
	return nil
}
