package rest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"flightdeck/store/source/sourcetest"
)

// pipedriveSpoken is a Pipedrive account: deals by id with a cursor, changed since a time, deleted ones by their status, and the history of each at the older version.
func pipedriveSpoken() spoken {
	return spoken{spec: "pipedrive", speak: pipedriveSpeech, deletes: true, nothing: 3, faults: []sourcetest.Kind{sourcetest.Repeat}}
}

func pipedriveError(status int, words string) sourcetest.Reply {
	return sourcetest.Reply{Status: status, Body: sourcetest.Row{"success": false, "error": words + " " + canary, "errorCode": status}}
}

func pipedriveSpeech() sourcetest.Speech {
	throttled := pipedriveError(http.StatusTooManyRequests, "request over limit")
	throttled.Header = http.Header{"Retry-After": {"7"}}
	number := func(v any) int { n, _ := strconv.Atoi(strings.TrimRight(fmt.Sprint(v), "\x07")); return n }
	page := func(rows []any, next any) sourcetest.Reply {
		return sourcetest.Reply{Body: sourcetest.Row{"success": true, "data": rows, "additional_data": sourcetest.Row{"next_cursor": next}}}
	}
	return sourcetest.Speech{
		Faults: map[sourcetest.Kind]sourcetest.Reply{
			sourcetest.Throttle:     throttled,
			sourcetest.Unauthorized: pipedriveError(http.StatusUnauthorized, "unauthorized access"),
			sourcetest.Forbidden:    pipedriveError(http.StatusForbidden, "Scope and URL mismatch"),
			sourcetest.ServerError:  pipedriveError(http.StatusInternalServerError, "Internal error"),
		},
		Answer: func(d *sourcetest.Desk, r *http.Request, _ []byte) sourcetest.Reply {
			if r.Header.Get("X-Api-Token") != d.Secret() {
				return pipedriveError(http.StatusUnauthorized, "unauthorized access")
			}
			q := r.URL.Query()
			switch {
			case strings.HasSuffix(r.URL.Path, "/changelog"), r.URL.Path == "/api/v2/deals/archived":
				return page([]any{}, nil)
			case r.URL.Path != "/api/v2/deals":
				return pipedriveError(http.StatusNotFound, "Unknown method .")
			}
			rows := d.Rows("deals")
			if q.Get("status") == "deleted" {
				rows = d.Gone("deals")
			}
			rows = sourcetest.Window(rows, q.Get("updated_since"), "")
			slices.SortStableFunc(rows, func(a, b sourcetest.Row) int { return number(a["id"]) - number(b["id"]) })
			limit, _ := strconv.Atoi(q.Get("limit"))
			out, more := []any{}, false
			last := 0
			for _, row := range rows {
				if number(row["id"]) <= number(strings.TrimPrefix(q.Get("cursor"), "c")) {
					continue
				}
				if more = len(out) == limit; more {
					break
				}
				status, stage := "open", row["stage"]
				switch stage {
				case "Closed Won":
					status = "won"
				case "Closed Lost":
					status = "lost"
				}
				out = append(out, sourcetest.Row{
					"id": row["id"], "title": row["name"], "status": status, "stage_id": stage, "value": row["amount"], "currency": "CNY", "expected_close_date": row["close"],
					"update_time": row["updated_at"], "add_time": "2026-01-05T02:00:00Z", "custom_fields": sourcetest.Row{"abc": row["campaign"]},
				})
				last = number(row["id"])
			}
			switch {
			case d.Again:
				return page(out, "c0")
			case more:
				return page(out, fmt.Sprintf("c%d", last))
			}
			return page(out, nil)
		},
	}
}
