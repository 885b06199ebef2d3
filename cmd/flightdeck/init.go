package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/spf13/cobra"

	"flightdeck/store"
	"flightdeck/store/source/feed"
	"flightdeck/store/source/rest"
	"flightdeck/store/source/rpc"
	"flightdeck/store/source/sql"
	"flightdeck/store/source/table"
	"flightdeck/store/source/watch"
)

//go:embed init.yaml.tmpl
var initText string

var initTemplate = template.Must(template.New("init").Parse(initText))

// preset is one configuration that init can print: the source's own section comes from its package, the surroundings from the template.
type preset struct {
	name     string
	about    string
	zone     string
	currency string
	org      string
	stages   []string // lines; none: the source brings its own
	folder   bool     // --data means something
	section  func() ([]byte, error)
}

var ownStages = []string{
	"{id: lead,        name: 线索,     name_en: Lead,        probability: 10}",
	"{id: qualified,   name: 需求确认, name_en: Qualified,   probability: 25}",
	"{id: proposal,    name: 方案报价, name_en: Proposal,    probability: 50}",
	"{id: negotiation, name: 商务谈判, name_en: Negotiation, probability: 75}",
	"{id: won,         name: 赢单,     name_en: Won,  kind: won,  probability: 100}",
	"{id: lost,        name: 输单,     name_en: Lost, kind: lost, probability: 0}",
}

// trytonStages are those that the states of an opportunity are mapped to; a state says less than a pipeline does.
var trytonStages = []string{ownStages[0], ownStages[1], ownStages[4], ownStages[5]}

// odooStages are those that a new Odoo has.
var odooStages = []string{ownStages[0], ownStages[1], ownStages[2], ownStages[4], ownStages[5]}

func presets() []preset {
	const org, zone, cny = "我的公司", "Asia/Shanghai", "CNY"
	all := []preset{
		{name: "tryton", about: "Tryton over JSON-RPC", org: org, zone: zone, currency: cny, stages: trytonStages, section: func() ([]byte, error) { return rpc.Preset("tryton") }},
		{name: "odoo", about: "Odoo over JSON-RPC or JSON-2", org: org, zone: zone, currency: cny, stages: odooStages, section: func() ([]byte, error) { return rpc.Preset("odoo") }},
		{name: "sql", about: "tables of a PostgreSQL, MySQL, MariaDB, SQL Server or SQLite database", org: org, zone: zone, currency: cny, stages: ownStages,
			section: func() ([]byte, error) { return sql.Preset("sql") }},
		{name: "yonyou-u8", about: "用友 U8 by its SQL Server (not verified)", org: org, zone: zone, currency: cny, stages: ownStages,
			section: func() ([]byte, error) { return sql.Preset("yonyou-u8") }},
		{name: "maven-crm", about: "the CRM Sales Opportunities files of Maven Analytics", org: "Maven Computer Hardware", zone: "America/New_York", currency: "USD",
			folder: true, section: func() ([]byte, error) { return table.Preset("maven-crm") }, stages: []string{
				"{id: prospecting, name: 接洽, name_en: Prospecting, probability: 10}",
				"{id: engaging,    name: 推进, name_en: Engaging,    probability: 40}",
				"{id: won,         name: 赢单, name_en: Won,  kind: won,  probability: 100}",
				"{id: lost,        name: 输单, name_en: Lost, kind: lost, probability: 0}",
			}},
		{name: "folder", about: "a folder of CSV or Excel files of your own", org: org, zone: zone, currency: cny, stages: ownStages, folder: true,
			section: func() ([]byte, error) { return table.Preset("folder") }},
		{name: "watch", about: "customers' pages, feeds and files, watched for white papers and postings for a CTO", org: org, zone: zone, currency: cny,
			section: func() ([]byte, error) { return watch.Preset(), nil }},
		{name: "feed", about: "tender notices in an RSS, Atom or JSON feed", org: org, zone: zone, currency: cny, section: func() ([]byte, error) { return feed.Preset(), nil }},
	}
	for _, name := range rest.Presets() {
		about := name
		if spec, err := rest.LoadSpec(name); err == nil { // built in: a test has read it
			about = spec.About + "; verified: " + spec.Verified
		}
		all = append(all, preset{name: name, about: about, org: org, zone: zone, currency: cny, section: func() ([]byte, error) { return rest.Preset(name) }})
	}
	return all
}

func (in *invocation) initCommand() *cobra.Command {
	var names, lines []string
	for _, p := range presets() {
		names = append(names, p.name)
		lines = append(lines, fmt.Sprintf("  %-10s %s", p.name, p.about))
	}
	var data string
	c := &cobra.Command{
		Use:       "init NAME",
		Short:     "Print a commented configuration",
		Long:      "Print a commented configuration to standard output. NAME is one of:\n\n" + strings.Join(lines, "\n"),
		Example:   "flightdeck init folder --data ~/sales > flightdeck.yaml",
		ValidArgs: names,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("init: want one NAME of %s", strings.Join(names, ", "))
			}
			return nil
		},
		RunE: in.do(func(_ *cobra.Command, args []string) error { return writePreset(in.stdout, args[0], data) }),
	}
	c.Flags().StringVar(&data, "data", "", "the folder that holds the files (maven-crm and folder)")
	_ = c.MarkFlagDirname("data")
	return c
}

var dirLine = regexp.MustCompile(`(?m)^(\s*dir:\s*)\.(\s)`)

// writePreset prints the configuration called name.
func writePreset(w io.Writer, name, data string) error {
	all := presets()
	i := slices.IndexFunc(all, func(p preset) bool { return p.name == name })
	if i < 0 {
		var names []string
		for _, p := range all {
			names = append(names, p.name)
		}
		return usagef("init %q: want one of %s", store.Clip(name, 40), strings.Join(names, ", "))
	}
	p := all[i]
	section, err := p.section()
	if err != nil {
		return err
	}
	if data != "" {
		if !p.folder {
			return usagef("--data: %s reads no folder", name)
		}
		if data, err = filepath.Abs(data); err != nil {
			return err
		}
		section = dirLine.ReplaceAll(section, []byte("${1}"+strings.ReplaceAll(strconv.Quote(data), "$", "$$")+"${2}"))
	}
	return writeConfig(w, p, section, "init "+p.name)
}

// writeConfig prints a whole configuration around the section of its sources; by is the command that made it.
func writeConfig(w io.Writer, p preset, section []byte, by string) error {
	var indented strings.Builder
	for line := range bytes.Lines(section) {
		if len(bytes.TrimSpace(line)) > 0 {
			indented.WriteString("  ")
		}
		indented.Write(line)
	}
	return initTemplate.Execute(w, map[string]any{"By": by, "Org": p.org, "Zone": p.zone, "Currency": p.currency, "Stages": p.stages,
		"Sources": strings.TrimRight(indented.String(), "\n")})
}
