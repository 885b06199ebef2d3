package rest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"flightdeck/store/source/sourcetest"
)

// hubspotSpoken is a HubSpot account: deals listed by id, searched in the order of change with no more than a number of results, read one by one, and archived ones apart.
func hubspotSpoken() spoken {
	return spoken{spec: "hubspot", speak: hubspotSpeech, deletes: true, repeats: true, nothing: 2, faults: []sourcetest.Kind{sourcetest.Repeat}}
}

// hubspotError is how HubSpot says that something is wrong; a server may repeat our secret.
func hubspotError(status int, category, words string) sourcetest.Reply {
	return sourcetest.Reply{Status: status, Body: sourcetest.Row{"status": "error", "message": words + " " + canary, "correlationId": "c0ffee", "category": category}}
}

func hubspotSpeech() sourcetest.Speech {
	throttled := hubspotError(http.StatusTooManyRequests, "RATE_LIMITS", "You have reached your ten_secondly_rolling limit.")
	throttled.Header = http.Header{"Retry-After": {"7"}}
	number := func(v any) int { n, _ := strconv.Atoi(strings.TrimRight(fmt.Sprint(v), "\x07")); return n }
	deal := func(d sourcetest.Row) sourcetest.Row {
		at := sourcetest.Changed(d)
		return sourcetest.Row{
			"id": fmt.Sprint(d["id"]), "updatedAt": d["updated_at"], "createdAt": "2026-01-05T02:00:00.000Z", "archived": false,
			"properties": sourcetest.Row{
				"dealname": d["name"], "dealstage": d["stage"], "amount": fmt.Sprint(d["amount"]), "closedate": d["close"], "hs_lastmodifieddate": at.Format("2006-01-02T15:04:05.000Z"),
			},
			"propertiesWithHistory": sourcetest.Row{"dealstage": []any{sourcetest.Row{"value": d["stage"], "timestamp": "2026-01-05T02:00:00.000Z"}}},
		}
	}
	page := func(rows []sourcetest.Row, limit int, next func(last sourcetest.Row) string, again string) sourcetest.Row {
		out := sourcetest.Row{"results": rows[:min(limit, len(rows))]}
		if again != "" {
			out["paging"] = sourcetest.Row{"next": sourcetest.Row{"after": again}}
		} else if len(rows) > limit {
			out["paging"] = sourcetest.Row{"next": sourcetest.Row{"after": next(rows[limit-1])}}
		}
		return out
	}
	return sourcetest.Speech{
		Faults: map[sourcetest.Kind]sourcetest.Reply{
			sourcetest.Throttle:     throttled,
			sourcetest.Unauthorized: hubspotError(http.StatusUnauthorized, "INVALID_AUTHENTICATION", "Authentication credentials not found."),
			sourcetest.Forbidden:    hubspotError(http.StatusForbidden, "MISSING_SCOPES", "This app hasn't been granted all required scopes to make this call."),
			sourcetest.ServerError:  hubspotError(http.StatusInternalServerError, "INTERNAL_ERROR", "internal error"),
		},
		Answer: func(d *sourcetest.Desk, r *http.Request, body []byte) sourcetest.Reply {
			if bearerOf(r) != d.Secret() {
				return hubspotError(http.StatusUnauthorized, "INVALID_AUTHENTICATION", "Authentication credentials not found.")
			}
			what, ok := strings.CutPrefix(r.URL.Path, "/crm/v3/objects/deals")
			if !ok {
				return hubspotError(http.StatusNotFound, "OBJECT_NOT_FOUND", "no such path")
			}
			rows := d.Rows("deals")
			switch what {
			case "/search":
				var q struct {
					Limit        int
					After        string
					FilterGroups []struct {
						Filters []struct{ Value string }
					}
				}
				if err := json.Unmarshal(body, &q); err != nil || len(q.FilterGroups) != 1 || len(q.FilterGroups[0].Filters) != 2 {
					return hubspotError(http.StatusBadRequest, "VALIDATION_ERROR", "Invalid input JSON")
				}
				from, to := number(q.FilterGroups[0].Filters[0].Value), number(q.FilterGroups[0].Filters[1].Value)
				rows = slices.DeleteFunc(rows, func(d sourcetest.Row) bool {
					at := int(sourcetest.Changed(d).UnixMilli())
					return at < from || at > to
				})
				slices.SortStableFunc(rows, func(a, b sourcetest.Row) int { return sourcetest.Changed(a).Compare(sourcetest.Changed(b)) })
				after := min(number(q.After), len(rows))
				again := ""
				if d.Again {
					again = fmt.Sprint(after)
				}
				var found []sourcetest.Row
				for _, d := range rows[after:] {
					found = append(found, sourcetest.Row{"id": fmt.Sprint(d["id"]), "updatedAt": d["updated_at"], "properties": deal(d)["properties"]})
				}
				out := page(found, q.Limit, func(sourcetest.Row) string { return strconv.Itoa(after + q.Limit) }, again)
				if out["total"] = len(rows); found == nil {
					out["results"] = []any{}
				}
				return sourcetest.Reply{Body: out}
			case "":
				if r.FormValue("archived") == "true" {
					rows = d.Gone("deals")
				}
				slices.SortStableFunc(rows, func(a, b sourcetest.Row) int { return number(a["id"]) - number(b["id"]) })
				all := []sourcetest.Row{}
				for _, d := range rows {
					if after := r.FormValue("after"); after == "" || number(d["id"]) > number(after) {
						all = append(all, deal(d))
					}
				}
				again := ""
				if d.Again {
					again = "0" + r.FormValue("after")
				}
				limit, _ := strconv.Atoi(r.FormValue("limit"))
				return sourcetest.Reply{Body: page(all, limit, func(last sourcetest.Row) string { return fmt.Sprint(number(last["id"])) }, again)}
			}
			for _, d := range rows {
				if "/"+fmt.Sprint(d["id"]) == what {
					return sourcetest.Reply{Body: deal(d)}
				}
			}
			return hubspotError(http.StatusNotFound, "OBJECT_NOT_FOUND", "resource not found")
		},
	}
}
