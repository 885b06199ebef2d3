package rest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"flightdeck/store"
	"flightdeck/store/source/record"
)

func oneOf(field, v string, want []string) error {
	if slices.Contains(want, v) {
		return nil
	}
	return fmt.Errorf("%s: %q is unknown: want one of %s", field, v, strings.Join(want, ", "))
}

// validate checks all that needs no compiling and fills in defaults.
func (s *Spec) validate() error {
	if s.Timeout == 0 {
		s.Timeout = time.Minute
	}
	errs := []error{oneOf("verified", s.Verified, verifieds), s.validateAuth()}
	if s.Name == "" {
		errs = append(errs, errors.New("name: missing"))
	}
	if _, err := readFunctions(s.JQ); err != nil {
		errs = append(errs, fmt.Errorf("jq: want functions, such as def title: .name // .id; (%w)", err))
	}
	if s.Zone != "" {
		if _, err := time.LoadLocation(s.Zone); err != nil {
			errs = append(errs, fmt.Errorf("zone: %q is unknown: want an IANA name such as UTC", s.Zone))
		}
	}
	for i := range s.Budgets {
		errs = append(errs, s.Budgets[i].validate(fmt.Sprintf("budgets[%d]", i)))
	}
	if (s.Rate.Requests > 0) != (s.Rate.Per > 0) {
		errs = append(errs, errors.New("rate: want both requests and per, such as {requests: 100, per: 10s}"))
	}
	for i, r := range s.Errors {
		errs = append(errs, oneOf(fmt.Sprintf("errors[%d].class", i), r.Class, classes))
	}
	if len(s.Streams) == 0 {
		errs = append(errs, errors.New("streams: missing"))
	}
	names := map[string]string{} // → if
	for i := range s.Streams {
		st := &s.Streams[i]
		if other, known := names[st.Name]; st.Name == "" || known && (other == "" || st.If == "") {
			errs = append(errs, fmt.Errorf("streams[%d].name: %q is missing or used twice, without an if to choose", i, st.Name))
		}
		names[st.Name] = st.If
		if err := st.validate(); err != nil {
			errs = append(errs, fmt.Errorf("streams[%d] (%s): %w", i, st.Name, err))
		}
	}
	errs = append(errs, validateStages(s.Stages))
	return errors.Join(errs...)
}

func validateStages(stages []Stage) error {
	var errs []error
	value := map[string]string{}
	for i, st := range stages {
		if st.ID == "" {
			errs = append(errs, fmt.Errorf("stages[%d].id: missing", i))
		}
		if _, err := store.ParseStageKind(st.Kind); err != nil {
			errs = append(errs, fmt.Errorf("stages[%d].kind: %w", i, err))
		}
		if st.Probability < 0 || st.Probability > 100 {
			errs = append(errs, fmt.Errorf("stages[%d].probability: %d: want a percentage from 0 to 100", i, st.Probability))
		}
		for _, v := range st.Values {
			if other, ok := value[v]; ok && other != st.ID {
				errs = append(errs, fmt.Errorf("stages[%d].values: %q belongs to the stage %s already", i, v, other))
			}
			value[v] = st.ID
		}
	}
	return errors.Join(errs...)
}

func (st *Stream) validate() error {
	if len(st.Parts) == 0 {
		st.Parts = []Part{st.Part}
	} else {
		for i := range st.Parts {
			st.Parts[i].inherit(&st.Part)
		}
	}
	var errs []error
	collected := false
	for i := range st.Parts {
		p := &st.Parts[i]
		if err := p.validate(st); err != nil {
			errs = append(errs, fmt.Errorf("part %d: %w", i, err))
		}
		if p.Each != nil && p.Each.Start == "" && !collected {
			errs = append(errs, fmt.Errorf("part %d: each.start: missing: no earlier part has collect", i))
		}
		collected = collected || p.Collect != ""
	}
	if l := st.List; l != nil {
		own := *l // an alias of YAML is the same pointer in every stream
		st.List, l = &own, &own
		l.inherit(&st.Parts[0])
		l.Then, l.Deleted, l.Only = nil, nil, ""
		entity := l.Entity
		if rs := st.Parts[0].Records; len(rs) > 0 {
			or(&entity, rs[0].Entity)
			or(&l.ID, rs[0].Fields["id"])
		}
		if entity == "" || l.ID == "" {
			errs = append(errs, errors.New("list: want entity and id, or a first record of the stream that is given by entity and fields"))
		} else {
			l.Records = []Record{{Entity: entity, Fields: map[string]string{"id": l.ID}, Deleted: "true"}}
			l.Pager.Window, l.Pager.Cap, l.Pager.Delta, l.Pager.Keep = false, 0, "", false
			if err := l.validate(&Stream{Parts: []Part{l.Part}}); err != nil {
				errs = append(errs, fmt.Errorf("list: %w", err))
			}
		}
	}
	for _, e := range st.Carries {
		errs = append(errs, oneOf("carries", e, record.Entities()))
	}
	for _, f := range st.Track {
		if _, err := store.ParseField(f); err != nil {
			errs = append(errs, fmt.Errorf("track: %w", err))
		}
	}
	if in := st.Incremental; in != nil {
		if in.Overlap == 0 {
			in.Overlap = 2 * time.Minute
		}
		if in.Overlap < 0 || in.Field == "" {
			errs = append(errs, errors.New("incremental: want field, and an overlap that is not negative"))
		}
		if _, err := formatTime(time.Time{}, in.Format, time.UTC); err != nil {
			errs = append(errs, fmt.Errorf("incremental.format: %w", err))
		}
		if in.Zone != "" {
			if _, err := time.LoadLocation(in.Zone); err != nil {
				errs = append(errs, fmt.Errorf("incremental.zone: %q is unknown: want an IANA name such as UTC", in.Zone))
			}
		}
	}
	return errors.Join(errs...)
}

// inherit fills what the part leaves open from the stream.
func (p *Part) inherit(d *Part) {
	if p.Body == "" && p.Form == nil && p.GraphQL == "" && p.Path == "" { // another path has another body
		p.Body, p.Form, p.GraphQL = d.Body, d.Form, d.GraphQL
		or(&p.Method, d.Method)
	}
	or(&p.Path, d.Path)
	or(&p.Rows, d.Rows)
	or(&p.Total, d.Total)
	or(&p.Limit, d.Limit)
	or(&p.MaxLimit, d.MaxLimit)
	or(&p.Cost, d.Cost)
	or(&p.Pager, d.Pager)
	or(&p.Deleted, d.Deleted)
	or(&p.Then, d.Then)
	if p.Query == nil {
		p.Query = d.Query
	}
	if p.Headers == nil {
		p.Headers = d.Headers
	}
	if p.Columns == nil {
		p.Columns = d.Columns
	}
	or(&p.Describe, d.Describe)
	if p.Records == nil {
		p.Records = d.Records
	}
}

func or[T comparable](p *T, v T) {
	var zero T
	if *p == zero {
		*p = v
	}
}

func (p *Part) validate(st *Stream) error {
	if p.Body != "" || p.Form != nil || p.GraphQL != "" {
		or(&p.Method, "POST")
	}
	or(&p.Method, "GET")
	or(&p.Pager.Kind, "none")
	or(&p.Limit, 100)
	errs := []error{
		oneOf("only", p.Only, []string{"", "full", "incremental"}), oneOf("method", p.Method, []string{"GET", "POST"}),
		oneOf("pager.kind", p.Pager.Kind, pagerKinds), p.Pager.validate(p, st),
	}
	bad := func(text string) { errs = append(errs, errors.New(text)) }
	if p.Limit < 1 || p.MaxLimit < 0 || p.Cost < 0 {
		bad("limit, max_limit and cost: want positive numbers")
	}
	if p.Form != nil && (p.Body != "" || p.GraphQL != "") {
		bad("want either form or body")
	}
	if f := p.Feed; f != nil {
		if p.Only != "incremental" || st.Incremental == nil {
			bad("feed: only for a part with only: incremental of a stream that is incremental")
		}
		if f.Span < 0 || f.Keep < 0 {
			bad("feed: want span and keep that are not negative")
		}
	}
	if e := p.Each; e != nil {
		or(&e.Max, 20_000)
		if e.Walk && p.Collect == "" {
			bad("each.walk: needs collect: where a row has the id that is to be asked for")
		}
		if st.Incremental != nil || p.Pager.Keep || p.Pager.Delta != "" {
			bad("each: only for a stream that is read anew each time")
		}
	}
	if d := p.Describe; d != nil && (d.Path == "" || d.Columns == "") {
		bad("describe: want path and columns")
	}
	if p.Rows == "" {
		bad("rows: missing: where the answer has its list, or . when it is one")
	}
	if len(p.Records) == 0 {
		bad("records: missing")
	}
	for i, r := range p.Records {
		if err := r.validate(); err != nil {
			errs = append(errs, fmt.Errorf("records[%d]: %w", i, err))
		}
	}
	for t := p.Then; t != nil; t = t.Then {
		if t.Body != "" || t.Form != nil {
			or(&t.Method, "POST")
		}
		or(&t.Method, "GET")
		if t.Into != "" && t.By == "" {
			or(&t.Size, 1)
		}
		or(&t.Size, 100)
		or(&t.ID, ".id")
		if t.Rows == "" || t.Size < 1 {
			bad("then: want rows and a positive size")
		}
		if t.Into != "" && t.By == "" && t.Size != 1 || t.Next != "" && t.Into == "" || t.By != "" && t.Into == "" {
			bad("then: into asks for one row at a time, unless by says whose a row of the answer is; next and by go with into")
		}
	}
	return errors.Join(errs...)
}

func (p *Pager) validate(pt *Part, st *Stream) error {
	var errs []error
	bad := func(text string) { errs = append(errs, errors.New(text)) }
	if p.Cap < 0 {
		bad("pager.cap: want a positive number")
	}
	if p.Kind == "token" && p.Next == "" {
		bad("pager.next: missing: where the answer has the next token")
	}
	if (p.Kind == "key") != (p.Key != "") {
		bad("pager.key: want jq over a row with kind key, and only there")
	}
	lasting := p.Keep || p.Delta != ""
	if lasting && (p.Kind != "token" && p.Kind != "link" || st.Incremental != nil || len(st.Parts) > 1) {
		bad("pager.keep, pager.delta: only for a stream with one part, of kind token or link, and without incremental")
	}
	if p.Window && (st.Incremental == nil || !st.Incremental.Sorted) {
		bad("pager.window: only for a stream whose incremental is sorted")
	}
	if p.Cap > 0 && (st.Incremental == nil || !st.Incremental.Sorted && pt.Total == "") {
		bad("pager.cap: only for a stream whose incremental is sorted, or whose answers have a total")
	}
	if p.Tie != "" && (p.Cap == 0 || !st.Incremental.Sorted) {
		bad("pager.tie: only with cap, for a stream whose incremental is sorted")
	}
	return errors.Join(errs...)
}

func (r *Record) validate() error {
	if r.JQ != "" {
		if r.Entity != "" || r.Fields != nil || r.Extra != nil || r.When != "" || r.Deleted != "" {
			return errors.New("want either jq or entity and fields")
		}
		return nil
	}
	var fields []string
	for f := range r.Fields {
		fields = append(fields, f)
	}
	slices.Sort(fields)
	if r.Extra != nil {
		fields = append(fields, "extra")
	}
	for _, f := range slices.Sorted(maps.Keys(r.Values)) {
		for _, from := range slices.Sorted(maps.Keys(r.Values[f])) {
			if err := record.CheckWord(r.Entity, f, r.Values[f][from]); err != nil {
				return fmt.Errorf("values.%s.%s: %w", f, store.Clip(from, 40), err)
			}
		}
	}
	if r.Deleted == `true` { // a list of deleted records: only the id matters
		fields = record.Fields(r.Entity)
	}
	return record.Check(r.Entity, fields...)
}

// formatTime writes a watermark as the server wants it.
func formatTime(t time.Time, format string, loc *time.Location) (string, error) {
	switch format {
	case "", "rfc3339":
		return t.UTC().Format("2006-01-02T15:04:05.999Z07:00"), nil
	case "unix":
		return fmt.Sprint(t.Unix()), nil
	case "unix_ms":
		return fmt.Sprint(t.UnixMilli()), nil
	case "date":
		return t.In(loc).Format(time.DateOnly), nil
	}
	if !strings.Contains(format, "2006") {
		return "", fmt.Errorf("%q: want rfc3339, unix, unix_ms, date or a layout such as 2006-01-02 15:04:05", format)
	}
	return t.In(loc).Format(format), nil
}
