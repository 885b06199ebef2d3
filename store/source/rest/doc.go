// Package rest reads any HTTP API that lists JSON records: one engine, and a connector is a YAML file.
//
// It owns everything that connectors have in common – authentication, pacing, paging, incremental windows, the reading of errors, limits on what a
// server may do to us – and refuses to know any vendor: what is special about one is data in its file. Files in specs/ are built in; a path in
// the configuration loads one from disk, so that a system nobody thought of is added without changing code.
//
// # Adding a connector
//
// Copy specs/demo.yaml or specs/hubspot.yaml and change it. New tells what is wrong with it by line, name and accepted values.
//
//	name: acme                     # the connector's kind
//	verified: nothing              # real server | vendor specification | recorded shapes | nothing
//	url: https://api.acme.example  # the configuration may override it
//	vars: {version: v2}            # settings of the connector with their defaults; used as {version}
//	auth: {kind: bearer}           # none | bearer | header (with name) | basic (with the configuration's user)
//	rate: {requests: 100, per: 10s, burst: 10}    # shared by all streams
//	errors:                        # answers that mean something else than their status says
//	  - {status: 403, when: '.code == "LIMIT"', class: limit}   # limit | auth | denied | expired | fail
//	stages:                        # the organisation's stages and the source's values for them
//	  - {id: won, name: 赢单, name_en: Won, order: 90, kind: won, probability: 100, values: [closed_won]}
//	streams:                       # parents before children
//	  - name: deals
//	    path: "{version}/deals"
//	    query: {limit: "{limit}", after: "{token}", updated_since: "{watermark}"}   # one that comes out empty is left out
//	    limit: 100                 # rows a page; max_limit: the most that the server gives
//	    rows: .data
//	    total: .meta.total
//	    pager: {kind: token, next: .meta.next}
//	    incremental: {field: .updated_at, format: rfc3339, overlap: 5m}
//	    track: [stage, amount]     # deal fields of which the source has no history
//	    records:
//	      - entity: deal
//	        fields: {id: .id, name: .title, stage: .phase, amount: .value, owner: .owner.id, close: .closes_on}
//	        extra: {campaign: .utm}
//	        values: {category: {HOT: commit}}
//
// Everything that says where or what is jq. Plain paths (.a.b) are compiled to direct look-ups and never enter the interpreter, so prefer them; anything
// else runs in gojq, with $vars. Literals are JSON (quoted strings, numbers). Numbers stay exact all the way: amounts of 17 digits survive
// unless jq calculates with them. Instead of fields, jq gives whole objects, any number per row: {entity: "change", deal: .id, …}. An object with
// deleted: true is a tombstone. Field names are those of package record.
//
// In path and query, {token}, {watermark}, {until}, {limit}, {offset}, {page} and the vars are replaced. watermark is empty until a
// pass has been completed, and until is in a first pass. body is jq for a JSON body, with the same names as variables ($token …) and $vars.
//
// Pagers: none; token (next gives what the following request needs; with keep the last token is where the next pass begins); offset; page
// (start: 0 or 1); link (next gives a URL of the same host; without next the Link header's). more says whether there is a following page, where
// the server tells; without it the pass ends with a page that has no next, or for offset and page when total is reached or a page is empty (a short page
// proves nothing: servers lower the limit without saying so). With offset and page, ask for a stable order, by id or creation, wherever the API has
// one: a row that moves during a pass pushes another one out of sight. Where the only order is that of change (incremental with sorted: true), set window: each
// page is then a new query from the last time of change on; rows at the boundary come twice, which does no harm. cap is how many rows the server
// gives for one query; the engine then begins a new query likewise.
//
// A stream may have several parts, read one after the other in one pass, each with its own path, query, pager, records and so on, the stream's being the
// defaults: only: full or incremental limits a part to such passes, every: 6h to one run in that time. A part's
// then asks for the details of a page's rows, which replace them: size rows a request ($rows in its body), or with size: 1 by their {id}.
//
// # Promises
//
// The cursor is the engine's own JSON. The watermark comes from the server's rows, never beyond the server's clock at the start of the pass (so a row dated
// 2999 cannot end all syncing, and a row changed during a long pass is read again), and moves only with the last page. Every query reaches back
// by the overlap. A token that comes back, at once or in a circle, is an error. Redirects and next links leave neither the configured host nor its scheme.
// Bodies are limited to 64 MB. No error carries a credential.
//
// A Source waits up to two seconds for its own rate limit, honouring the context, and returns [source.RetryAfter] when the wait would be longer.
package rest
