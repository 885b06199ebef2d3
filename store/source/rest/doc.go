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
//	limits: [no history of stages] # what it does not bring, or brings late, one line each
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
// jq: at the top of the file gives functions (def title: …;) that all its programs may call: a request's body that differs by one word from stream to stream.
//
// Everything that says where or what is jq. Plain paths (.a.b, .a[0], ."a b", .["@odata.id"]) and literals never enter the interpreter, so prefer them; anything
// else runs in gojq, with $vars. Literals are JSON (quoted strings, numbers). Numbers stay exact all the way: amounts of 17 digits survive
// unless jq calculates with them. Instead of fields, jq gives whole objects, any number per row: {entity: "change", deal: .id, …}. An object with
// deleted: true is a tombstone. Field names are those of package record.
//
// # Signing in (auth, or several as auths, each with an id that the configuration's auth: names)
//
//	kind: none | bearer | header (name, prefix) | query (name) | basic    the configuration's token as it is; basic and templates with {user} need its user
//	kind: oauth2    grant: client_credentials | refresh_token | password | jwt_bearer; url: where tokens are given; scopes, params, audience, style: form | header.
//	                The client's id is the setting client_id (vars or needs). The credentials are client_secret, refresh_token, password, private_key by grant.
//	kind: session   login: requests in order, each {url, method, query, headers, body or form, gives}; cookies: true where the session is a cookie;
//	                lifetime where the answer does not say
//	kind: signature sign: jq that gives the headers of each request, with $vars, $user, $secrets, $request (method, path, query), $now and $nonce; hmac_sha256(key) gives
//	                hexadecimal digits, xor_base64(mask) unveils what base64 stands for; secrets: as below
//	gives: {token: .access_token, expires_in: .expires_in, expires_at: .until, url: .instance_url, anything: .else}    jq over the answer of a login, or of oauth2.
//	                url becomes the base of all requests if hosts allows it: hosts: ["*.salesforce.com"]
//	secrets: {app_secret: what it is}    further credentials, which a configuration gives as secrets: {app_secret: env:NAME}; one alone may be its token
//	needs: {tenant: what it is}          settings without a default that this way to sign in needs (also for the whole spec)
//	headers, query, body                 how requests carry it; without them it is Authorization: Bearer {token}. headers and query are templates with
//	                                     {token}, {user}, vars and what gives gave; body is jq with $session: an object that is added to every JSON body
//
// In login, templates may use vars, {user}, {url} (the source's own host), the secrets by name and what earlier requests gave; its body is jq with $vars, $user, $secrets, $session, $now.
// An address may be a path on the source's host, or begin with a setting: "{login}/oauth2/token".
//
// # Requests
//
// In path, query, headers and form, {token}, {watermark}, {until}, {limit}, {offset}, {page}, {columns}, {tie}, {id}, {ids} and the vars are replaced. A parameter that comes
// out empty is left out; of a longer text the parts {?between these {watermark}?} are left out when a name in them is empty; {token:json} is written as it stands
// between the quotes of a JSON text. watermark is empty until a pass has
// been completed, and until is in a first pass. body is jq for a JSON body, with the same names as variables ($token …), $vars and $rows; form sends
// application/x-www-form-urlencoded; graphql is the text of a query whose variables body gives. method is POST where there is one of them, else GET. A path that
// begins with a setting whose value is an address goes there; requests go to no other hosts than those of url and vars.
//
// columns: [Id, Name] are joined with commas for {columns}, a list as $columns; a row that is an array becomes an object with these names. The configuration's
// extra: {deals: [Budget__c]} is added to them, and kept as custom fields; custom: .fields keeps all single values of an object so.
//
// Where a server refuses a request for a column that is not there, or that the user may not read, an error of class columns lets the part be described:
//
//	describe: {path: "objects/deal/describe", columns: jq with $columns, custom: jq}    columns gives those of them that may be asked for; with body it is posted
//
// What it does not give is left out for a day and told as an issue, and by source check; "CurrencyIsoCode?" among columns is one that not every organisation has,
// whose absence is not told. With custom, the configuration's extra may be "*": all fields that it gives. Nothing is described unless something is refused or "*" is
// wanted.
//
// if: $vars.sales == "order" says of a stream whether the settings let it in; of several streams of one name one may be chosen so. A stream called
// stages that is in replaces the file's stages, and a configuration's stages replace both.
//
// # Pagers
//
//	none
//	token   next gives what the following request needs; with keep the last token is where the next pass begins; cursors, scroll locators, GraphQL's endCursor
//	link    next gives a URL or path of the same host (@odata.nextLink, nextRecordsUrl); without next the Link header's
//	offset  {offset} rows are skipped
//	page    {page}, from start: 0 or 1
//	key     {token} is the key of the last row; with window: true, {watermark} is its time as well, so that (time, key) go on together:
//	        {?AND (changed > {watermark} OR changed = {watermark} AND id > '{token}')?}. The format of times must then be as fine as the server's.
//	delta   with token or link: what the next pass begins with (@odata.deltaLink)
//
// more says whether there is a following page, where the server tells; without it the pass ends with a page that has no next, or for offset, page and key when total
// is reached or a page is empty (a short page proves nothing: servers lower the limit without saying so). With offset and page, ask for a stable order, by id or
// creation, wherever the API has one: a row that moves during a pass pushes another one out of sight. Where the only order is that of change (incremental
// with sorted: true), set window: each page is then a new query from the last time of change on; rows at the boundary come twice, which does no harm.
//
// cap is how many rows the server gives for one query. Where rows are sorted by change the engine begins a new query at the last time of change before it is
// reached; with tie: .id, more rows than that of one time are asked for by {tie} and, behind {token}, by key. Where they are not sorted, the window is halved until
// the total fits; one of watermark and until must then be meant inclusively.
//
// # Incremental passes, deletions, parts
//
//	incremental: {field: .updated_at, format: rfc3339 | unix | unix_ms | date | a layout of package time, zone: UTC, overlap: 5m, sorted: true, clock: .server_time}
//
// zone (of the spec, of incremental) is that of times without one; without it they are the configuration's time_zone. The server's clock is its Date header, or clock.
//
// What a listing or a complete pass does not name is removed: for a stream with a noun's name (accounts, deals, touches …) the records of that entity, for others,
// or where there are more, those of carries: [touch]. Where several streams carry an entity, what none of them names.
//
// A stream may have several parts, read one after the other in one pass, each with its own path, query, pager, records and so on, the stream's being the
// defaults: only: full or incremental limits a part to such passes, every: 6h to one run in that time.
//
//	deleted: {rows: .gone, entity: .type, id: .id}                 of a stream: tombstones beside the rows
//	records: [{entity: deal, fields: {id: .id}, deleted: "true"}]  rows that are tombstones; or deleted: .is_deleted
//	feed: {mark: .latestDateCovered, span: 360h, keep: 720h}       of a part with only: incremental: a list of deletions with a watermark of its own; span: the
//	                                                               longest window that may be asked for; keep: how long the server remembers
//	list: {query: {…}, rows: …, id: .id, every: 6h}                names all records, for comparison, where the API does not tell what was deleted; of entity, or of
//	                                                               that of the stream's first record
//	then: {path: "deals/{id}", size: 1, rows: "[.]", when: .x}     asks for the details of a page's rows, which replace them: size rows a request ($rows, {ids}), or by {id}
//	then: {…, into: changes, next: .next}                          attaches them to their row instead; {token} is what next gave, {offset} how many have come; with by:
//	                                                               .order_id of an answer's row, those of size rows ($rows) in one request, each to the row whose id
//	                                                               it names; with then: the details of the details. Choose a limit so that a page with all its details takes less than a minute
//	each: {start: "[1]", walk: true}, collect: .dept_id            asks once for every {id}: those of start and, with walk, those that the rows bring; without
//	                                                               start those that an earlier part collected
//
// # Errors, rates, budgets
//
//	errors: [{status: 200, when: '.errcode == 45009', class: limit, wait: 1m, message: .errmsg}]
//
// A limit lasts for wait, or as many seconds as after gives (jq), where the server has no Retry-After. In when, message and after, $header has the answer's headers by
// their lower-case names, and $size is that of its body in bytes: message: $header["x-reason"].
//
// Classes: limit (told to wait), token (what was obtained has died: it is obtained anew, once), auth (refused: a person must act), denied (this stream only), columns
// (see describe; without it denied), expired (the cursor: a new full pass), missing, empty (no rows), setup, fail. By status alone: 429 and 503 limit, 401 token,
// 403 denied, 410 expired, 404 missing, 204 empty.
//
//	rate: {requests: 100, per: 10s, burst: 10}
//	budgets: [{name: day, per: day | month | 1h, limit: 100000, reserve: 20, used: jq, left: jq, max: jq, reset: jq}]   over {header: {"x-name": …}, body: …}
//	budgets: [{name: cost, limit: 1000, refill: 50, left: jq, rate: jq, refund: jq}]                                    a bucket that refills every second
//
// A request costs 1, or the cost: of its part. reserve is the per cent left to people and other programs.
//
// Where all of a part's mapping is plain paths, the members of a row that nobody looks at are skipped and never decoded: another reason to prefer them.
//
// # Promises
//
// The cursor is the engine's own JSON. The watermark comes from the server's rows, never beyond the server's clock at the start of the pass (so a row dated
// 2999 cannot end all syncing, and a row changed during a long pass is read again), and moves only with the last page. Every query reaches back
// by the overlap, until what it brings is long known. Where a stream's mapping has changed since, or vars, extra, stages, currency or time zone, it is read anew. A token that comes back, at once or in a circle, is an error. Redirects and next links leave neither the configured host nor its scheme.
// The address that a token's answer names is followed to the connector's hosts only. Bodies are limited to 64 MB. No error carries a credential.
//
// A token is obtained by one caller while the others wait, a tenth of its life before its end, but at most five minutes; what a JWT says of its own end counts more
// than expires_in. A 401 obtains another one once; a second one, or a refused sign-in, is [source.ErrAuth], and a refused sign-in is not tried again for a minute.
// A refresh token that replaces the one before is written back to its file or keyring.
//
// A Source waits up to two seconds for its own rate limit, honouring the context, and returns [source.RetryAfter] when the wait would be longer.
package rest
