package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"flightdeck/cmd/internal/config"
	"flightdeck/store/company"
	"flightdeck/store/company/server"
	"flightdeck/store/source/rest"
	"flightdeck/store/syncer"
)

// How the demo company lives: something happens every second or so and is read soon after. Half of it are touches; a deal moves every few seconds, soon enough
// that whoever looks at the funnel for the first time sees it follow.
const (
	demoSeed  = 20260101
	demoStep  = time.Second
	demoEvery = 2 * time.Second
)

func (in *invocation) demoCommand() *cobra.Command {
	var once bool
	c := &cobra.Command{
		Use:   "demo",
		Short: "Open the cockpit on a synthetic company that lives while you watch",
		Long: "The company is served by a small CRM inside this process, on loopback, and read by the ordinary REST source into an ordinary store.\n" +
			"With --once its data is read into the folder given by --store, and the program exits.",
		Args: cobra.NoArgs,
		RunE: in.do(func(cmd *cobra.Command, _ []string) error { return in.demo(cmd.Context(), once) }),
	}
	c.Flags().BoolVar(&once, "once", false, "fill the store and exit")
	return c
}

func (in *invocation) demo(ctx context.Context, once bool) (err error) {
	if once && in.storeDir == "" {
		return usagef("demo --once: name the folder to fill with --store DIR")
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	entry, srv, err := startCompany(ctx)
	if err != nil {
		return err
	}
	if in.storeDir == "" {
		dir, remove, err := temporary()
		if err != nil {
			return err
		}
		defer remove()
		in.storeDir = dir
	}
	w := wiring{sources: []syncer.Entry{entry}}
	if once {
		p := in.progress()
		defer p.stop()
		w.done, w.progress = in.tellRun(p), p.page
	}
	cfg := demoConfig(in)
	if !once {
		cfg.RulesFile = demoRules(in.storeDir)
	}
	a, err := in.open(ctx, cfg, w)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if once {
		return report(a.once(ctx))
	}
	srv.Live(ctx, demoStep)
	return in.screen(ctx, a)
}

// startCompany serves the synthetic company on loopback and returns the source that reads it. The company is made at the first request, when the store has been
// read and is on the screen.
func startCompany(ctx context.Context) (syncer.Entry, *server.Server, error) {
	token := rand.Text()
	srv := server.Later(func() (*company.Company, error) {
		return company.New(company.Config{Seed: demoSeed, Now: time.Now(), Incident: true})
	}, token)
	url, err := srv.Start(ctx)
	if err != nil {
		return syncer.Entry{}, nil, err
	}
	src, err := rest.New(rest.Config{ID: "demo", Spec: "demo", URL: url, Currency: company.Org().Currency, TimeZone: company.Org().TimeZone,
		Credential: func() (string, error) { return token, nil }})
	if err != nil {
		return syncer.Entry{}, nil, fmt.Errorf("demo: %w", err)
	}
	return syncer.Entry{Source: src, Every: demoEvery}, srv, nil
}

// demoRules puts a file of rules beside the store, unless one is there, so that weights and drafts can be saved in the demo as anywhere. "" where it cannot: then the defaults are in force
// and a screen that is asked to save says what is missing.
func demoRules(dir string) string {
	path := filepath.Join(dir, "rules.yaml")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "" // opening the store tells
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return path
	}
	if err != nil {
		return ""
	}
	_, err = f.WriteString("# the demo company's rules: what is not named has its default; flightdeck rules show prints all of them\nversion: 1\n")
	if errors.Join(err, f.Close()) != nil {
		return ""
	}
	return path
}

// demoConfig is the configuration that a company like the demo's would have written.
func demoConfig(in *invocation) *config.Config {
	org := company.Org()
	c := &config.Config{Language: in.lang, Organisation: config.Organisation{
		Name: org.Name, TimeZone: org.TimeZone, Currency: org.Currency, FiscalYearStart: int(org.FiscalStart), Rates: map[string]config.Decimal{},
	}}
	for cur, rate := range org.Rates {
		c.Organisation.Rates[string(cur)] = config.Decimal(rate)
	}
	return c
}
