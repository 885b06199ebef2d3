package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"flightdeck/cmd/internal/config"
	"flightdeck/store"
	"flightdeck/store/source"
	"flightdeck/store/source/feed"
	"flightdeck/store/source/rest"
	"flightdeck/store/source/rpc"
	"flightdeck/store/source/sql"
	"flightdeck/store/source/table"
	"flightdeck/store/source/watch"
)

// kinds lists every kind of source: the one place that knows them all. A new kind is an entry here.
func kinds() []config.Kind {
	all := []config.Kind{
		kind("table", table.New,
			func(c *table.Config, id store.SourceID, org config.Organisation, dir string) {
				c.ID = id
				fallback(&c.TimeZone, org.TimeZone)
				fallback(&c.Currency, org.Currency)
				c.Dir = from(dir, c.Dir)
			}, (*table.Config).Validate,
			func(c *table.Config) config.StageUse { return config.StageUse{To: c.Stages, Open: c.StageRows()} }),
		kind("tryton", rpc.NewTryton,
			func(c *rpc.Config, id store.SourceID, org config.Organisation, _ string) {
				c.ID, c.Kind = id, "tryton"
				fallback(&c.TimeZone, org.TimeZone)
				fallback(&c.Currency, org.Currency)
			}, (*rpc.Config).Validate,
			func(c *rpc.Config) config.StageUse { return config.StageUse{To: c.StageMap()} }),
		kind("odoo", rpc.NewOdoo,
			func(c *rpc.OdooConfig, id store.SourceID, org config.Organisation, _ string) {
				c.ID, c.Kind = id, "odoo"
				fallback(&c.TimeZone, org.TimeZone)
				fallback(&c.Currency, org.Currency)
			}, (*rpc.OdooConfig).Validate,
			func(c *rpc.OdooConfig) config.StageUse { return config.StageUse{To: c.StageMap(), Open: true} }),
		restKind("rest", ""),
		kind("feed", feed.New,
			func(c *feed.Config, id store.SourceID, org config.Organisation, _ string) {
				c.ID = id
				fallback(&c.TimeZone, org.TimeZone)
			}, (*feed.Config).Validate,
			func(*feed.Config) config.StageUse { return config.StageUse{} }),
		kind("watch", watch.New,
			func(c *watch.Config, id store.SourceID, _ config.Organisation, dir string) {
				c.ID, c.Dir = id, dir
			}, (*watch.Config).Validate,
			func(*watch.Config) config.StageUse { return config.StageUse{} }),
	}
	for _, database := range sql.Kinds() {
		all = append(all, kind(database, sql.New,
			func(c *sql.Config, id store.SourceID, org config.Organisation, dir string) {
				c.ID, c.Kind = id, database
				fallback(&c.TimeZone, org.TimeZone)
				fallback(&c.Currency, org.Currency)
				c.Absolute(dir)
			}, (*sql.Config).Validate,
			func(c *sql.Config) config.StageUse { return config.StageUse{To: c.Stages, Open: c.StageRows()} }))
	}
	for _, spec := range rest.Specs() { // kind: hubspot is short for kind: rest with spec: hubspot
		all = append(all, restKind(spec, spec))
	}
	return all
}

func restKind(name, spec string) config.Kind {
	return kind(name, rest.New,
		func(c *rest.Config, id store.SourceID, org config.Organisation, dir string) {
			c.ID = id
			fallback(&c.Spec, spec)
			if strings.ContainsAny(c.Spec, `/\`) {
				c.Spec = from(dir, c.Spec)
			}
			fallback(&c.TimeZone, org.TimeZone)
			fallback(&c.Currency, org.Currency)
		},
		func(c *rest.Config) error {
			if c.Spec == "" {
				return fmt.Errorf("spec: want one of %s, or the path of a connector's file", strings.Join(rest.Specs(), ", "))
			}
			return c.Validate()
		},
		func(c *rest.Config) (u config.StageUse) {
			u.Brings, u.Open = c.StageIDs()
			return u
		})
}

// kind declares a kind by its package's own types. make must not touch the network.
func kind[C any, S source.Source](name string, make func(C) (S, error), fill func(*C, store.SourceID, config.Organisation, string),
	check func(*C) error, stages func(*C) config.StageUse,
) config.Kind {
	return config.Kind{
		Name: name,
		New:  func() any { return new(C) },
		Fill: func(cfg any, id store.SourceID, org config.Organisation, dir string) { fill(cfg.(*C), id, org, dir) },
		Check: func(cfg any) error {
			if check == nil {
				return nil
			}
			return check(cfg.(*C))
		},
		Stages: func(cfg any) config.StageUse { return stages(cfg.(*C)) },
		Build: func(cfg any) (source.Source, error) {
			s, err := make(*cfg.(*C))
			if err != nil { // not s: a nil pointer in an interface is not nil
				return nil, err
			}
			return s, nil
		},
	}
}

func fallback[T comparable](v *T, other T) {
	var zero T
	if *v == zero {
		*v = other
	}
}

// from makes a path of a configuration absolute or relative to where we are.
func from(dir, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// build makes a configured source. One that cannot be made, for want of its credential say, is put in its place as a source that fails, so that it is seen
// where the others are seen and the others go on.
func build(s config.Source) source.Source {
	for _, k := range kinds() {
		if k.Name == s.Kind {
			src, err := k.Build(s.Config)
			if err != nil {
				return broken{s.ID, s.Kind, err}
			}
			return src
		}
	}
	return broken{s.ID, s.Kind, fmt.Errorf("kind %q is not known", s.Kind)}
}

// broken is a source that could not be made.
type broken struct {
	id   store.SourceID
	kind string
	err  error
}

func (b broken) ID() store.SourceID      { return b.id }
func (b broken) Kind() string            { return b.kind }
func (b broken) Streams() []store.Stream { return []store.Stream{"setup"} }

func (b broken) Fetch(context.Context, source.Request) (source.Page, error) {
	return source.Page{}, source.Setup(b.err)
}

func (b broken) Check(context.Context) error { return b.err }
