// Package server owns the HTTP face of a synthetic company: a small CRM on loopback, for the demo and for tests.
//
// It is a server like those out there, so that the demo takes no other way than real data: a bearer token, lists of flat JSON records in pages, and
// a cursor per list that later gives only what changed. It knows nothing of the client; the connector is store/source/rest/specs/demo.yaml, a
// file like any other connector's. It keeps nothing on disk and refuses every address but loopback.
//
//	GET /v1/{stream}?cursor=…&limit=N     Authorization: Bearer TOKEN
//	{"data": [{…}], "deleted": [{"entity": "touch", "id": "a1.t9"}], "next": "…", "more": true, "total": 1200}
//
// A page has at most 5,000 rows. When more is false, next is where the following pass begins. Each stream is a log of its rows in the order of their last
// change; a row that changes while a client reads on moves to the log's end, so it is never missed, and is given again at most as often as it
// changes. A cursor names the server's life: one from another life is answered with 410, since the company began anew.
//
// Other answers: 400 limit is no number, 401 token missing or wrong, 404 no such stream, 405 not GET, 500 with the reason once the company has stopped living
// because of an error of ours. Errors are {"error": "…"} and never repeat the token.
package server
