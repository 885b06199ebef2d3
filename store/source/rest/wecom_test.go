package rest

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
	"flightdeck/store/source/sourcetest"
	"flightdeck/store/storetest"
)

// vendor opens a built-in connector on a server of the kit.
func vendor(t testing.TB, cfg Config, url string) *Source {
	t.Helper()
	cfg.ID, cfg.URL, cfg.Currency, cfg.TimeZone = "crm", url, "CNY", "Asia/Shanghai"
	cfg.Credential = func() (string, error) { return canary, nil }
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.limiter = nil // the vendor's pace is not what is tested
	for _, st := range s.streams {
		if st.list != nil {
			st.list.parts[0].Every = 0 // nor is how often everything is compared
		}
	}
	return s
}

// errcode is how WeCom and DingTalk say that something is wrong.
func errcode(code int, text string) sourcetest.Reply {
	return sourcetest.Reply{Body: sourcetest.Row{"errcode": code, "errmsg": fmt.Sprintf("%s, hint: [1772352000 %s], from ip: 203.0.113.7", text, canary)}}
}

// wecomSpeech is a server that talks as WeCom does: everything is a success by its status, the token stands in the address, members are listed by department. The rows of
// "people" are members, with the department in "dept".
func wecomSpeech() sourcetest.Speech {
	return sourcetest.Speech{
		SignsIn: func(r *http.Request) bool { return r.URL.Path == "/cgi-bin/gettoken" },
		Answer: func(d *sourcetest.Desk, r *http.Request, _ []byte) sourcetest.Reply {
			q := r.URL.Query()
			if r.URL.Path == "/cgi-bin/gettoken" {
				if q.Get("corpid") != "ww1" || q.Get("corpsecret") != d.Secret() {
					return errcode(40001, "invalid credential")
				}
				return sourcetest.Reply{Body: sourcetest.Row{"errcode": 0, "errmsg": "ok", "access_token": d.Grant(), "expires_in": 7200}}
			}
			if !d.Knows(q.Get("access_token")) {
				return errcode(42001, "access_token expired")
			}
			switch r.URL.Path {
			case "/cgi-bin/department/list":
				all := []sourcetest.Row{{"id": 1, "name": "海川智控", "parentid": 0, "order": 1, "department_leader": []string{"1"}}}
				for i := 2; i <= orgDepartments; i++ {
					all = append(all, sourcetest.Row{"id": i, "name": fmt.Sprintf("销售 %d 部", i), "parentid": i / 2, "order": i, "department_leader": []string{}})
				}
				return sourcetest.Reply{Body: sourcetest.Row{"errcode": 0, "errmsg": "ok", "department": all}}
			case "/cgi-bin/user/list":
				all := []sourcetest.Row{}
				for _, m := range d.Rows("people") {
					if fmt.Sprint(m["main_department"]) == q.Get("department_id") {
						all = append(all, m)
					}
				}
				return sourcetest.Reply{Body: sourcetest.Row{"errcode": 0, "errmsg": "ok", "userlist": all}}
			}
			return errcode(40066, "invalid url")
		},
		Faults: map[sourcetest.Kind]sourcetest.Reply{
			sourcetest.ServerError:  errcode(-2, "system error"),
			sourcetest.Throttle:     errcode(45009, "reach max api daily quota limit"),
			sourcetest.Limit200:     errcode(45033, "api concurrent out of limit"),
			sourcetest.Unauthorized: errcode(40014, "invalid access_token"),
			sourcetest.Forbidden:    errcode(60011, "no privilege to access/modify contact/party/agent"),
		},
	}
}

// orgDepartments is how many the directories have.
const orgDepartments = 7

// member is one of the rows.
func member(id int, name, title, mail string, out bool) sourcetest.Row {
	status := 1
	if out {
		status = 2
	}
	dept := 1 + id%orgDepartments
	return sourcetest.Row{
		"id": id, "userid": strconv.Itoa(id), "name": name, "department": []int{dept, 1}, "main_department": dept, "position": title, "biz_mail": mail, "status": status,
		"is_leader_in_dept": []int{0, 0}, "order": []int{0, 0},
	}
}

var orgFaults = []sourcetest.Kind{
	sourcetest.ServerError, sourcetest.Cut, sourcetest.HTML, sourcetest.Throttle, sourcetest.Limit200, sourcetest.Unauthorized, sourcetest.Forbidden, sourcetest.Hang, sourcetest.Drip,
}

// orgWorld is an organisation's directory for the contract suite.
func orgWorld(t testing.TB, n int, rows sourcetest.Kind, speech sourcetest.Speech, cfg func(url string) Config, member func(id int, name, title, mail string, out bool) sourcetest.Row) sourcetest.World {
	srv := sourcetest.NewServer(t, canary)
	srv.Speak(speech)
	next := 0
	add := func(n int) (ids []store.ID) {
		for range n {
			next++
			m := member(next, fmt.Sprintf("王 %d", next), "客户经理", fmt.Sprintf("%d@example.com", next), false)
			if rows == sourcetest.Hostile {
				m["name"] = "\x1b[2J\u202e\x00" + string([]byte{0xff}) + "王\u0085"
			}
			srv.Put("people", m)
			ids = append(ids, store.MakeID("crm", fmt.Sprint(next)))
		}
		return ids
	}
	open := func() source.Source { return vendor(t, cfg(srv.URL), srv.URL) }
	return sourcetest.World{Source: open(), Want: add(n), Reopen: open, Break: srv.Break, Heal: srv.Heal, Add: add, Now: srv.Now, Later: srv.Later}
}

// orgSystem is an organisation's directory in which people come, move and go: a member stands for a deal, the title for its stage, and the mailbox's number for its
// amount.
func orgSystem(t testing.TB, srv *sourcetest.Server, cfg Config, member func(id int, name, title, mail string, out bool) sourcetest.Row) sourcetest.System {
	return sourcetest.System{
		ID: "crm", Now: srv.Now, Stages: []string{"客户经理", "大区经理", "总监"}, Archives: true, Secret: canary, Calm: true,
		Open: func() source.Source { return vendor(t, cfg, srv.URL) },
		Put: func(tie bool, deals ...sourcetest.Deal) {
			srv.Tie(tie)
			for _, d := range deals {
				srv.Put("people", member(d.ID, d.Name, d.Stage, fmt.Sprintf("%d@example.com", d.Cents), d.Archived))
			}
			srv.Tie(false)
		},
		Delete: func(id int) { srv.Delete("people", "person", fmt.Sprint(id)) },
		Kept: func(r *store.Records) (all []sourcetest.Deal) {
			for _, p := range r.People {
				id, _ := strconv.Atoi(p.ID.Native())
				box, _, _ := strings.Cut(p.Email, "@")
				n, _ := strconv.ParseInt(box, 10, 64)
				all = append(all, sourcetest.Deal{ID: id, Name: p.Name, Stage: p.Title, Cents: n, Archived: p.Inactive})
			}
			return all
		},
		Faults: orgFaults, Break: srv.Break, Heal: srv.Heal,
	}
}

var wecomConfig = Config{Spec: "wecom", Vars: map[string]string{"corp_id": "ww1"}}

func TestWeCom_Contract(t *testing.T) {
	t.Parallel()
	sourcetest.Run(t, sourcetest.Harness{
		Stream: "people", Entity: store.EntityPerson, PageSize: 10, Secret: canary, Wait: time.Minute, Nothing: 8, // departments and members are listed whole: there is no asking for changes
		Make: func(t testing.TB, n int, rows sourcetest.Kind) sourcetest.World {
			return orgWorld(t, n, rows, wecomSpeech(), func(string) Config { return wecomConfig }, member)
		},
		Faults: []sourcetest.Kind{
			sourcetest.ServerError, sourcetest.Cut, sourcetest.HTML, sourcetest.Throttle, sourcetest.Unauthorized, sourcetest.Forbidden, sourcetest.Hang, sourcetest.Drip, sourcetest.Hostile,
		},
	})
}

func TestWeCom_Play(t *testing.T) {
	t.Parallel()
	rnd := storetest.Rand(t)
	srv := sourcetest.NewServer(t, canary)
	srv.Speak(wecomSpeech())
	srv.Issue(sourcetest.Issue{Requests: 20}) // tokens that die long before their 7,200 seconds
	sourcetest.Play(t, rnd, orgSystem(t, srv, wecomConfig, member))
	if srv.Tokens() < 5 {
		t.Errorf("%d tokens were given out: this proved nothing", srv.Tokens())
	}
}

// Answers as the documentation has them: the tree, leaders, main departments, who has left, and the errors by their class. The token goes in the address and is shown
// nowhere.
func TestWeCom_Shapes(t *testing.T) {
	var asked []url.Values
	answer := ""
	s := vendorOn(t, wecomConfig, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Query())
		switch {
		case r.URL.Path == "/cgi-bin/gettoken":
			fmt.Fprint(w, `{"errcode":0,"errmsg":"ok","access_token":"accesstoken000001","expires_in":7200}`)
		case answer != "":
			fmt.Fprint(w, answer)
		case r.URL.Path == "/cgi-bin/department/list":
			fmt.Fprint(w, `{"errcode":0,"errmsg":"ok","department":[
				{"id":1,"name":"海川智控","name_en":"HaiChuan","department_leader":["boss"],"parentid":0,"order":1},
				{"id":2,"name":"华东区","department_leader":["lisi","wangwu"],"parentid":1,"order":10},
				{"id":3,"name":"苏州组","department_leader":[],"parentid":2,"order":40},
				{"id":9,"name":"看得见的组","department_leader":[],"parentid":8,"order":40}]}`)
		case r.FormValue("department_id") == "3":
			fmt.Fprint(w, `{"errcode":0,"errmsg":"ok","userlist":[
				{"userid":"zhangsan","name":"张三","department":[2,3],"order":[1,2],"position":"客户经理","biz_mail":"zhangsan@qyycs2.wecom.work","is_leader_in_dept":[1,0],
				 "direct_leader":["lisi"],"status":1,"main_department":3,"telephone":"010-1","mobile":"+86 13800000001","open_userid":"xx"},
				{"userid":"2","name":"赵六","department":[3],"position":"","email":"z6@example.com","status":5,"main_department":3}]}`)
		default:
			fmt.Fprint(w, `{"errcode":0,"errmsg":"ok","userlist":[]}`)
		}
	})
	var units []store.Unit
	var people []store.Person
	c, more := store.Cursor(""), true
	for more {
		p, err := s.Fetch(t.Context(), source.Request{Stream: "people", Cursor: c, Now: monday})
		if err != nil || len(p.Issues) != 0 || !p.Full {
			t.Fatalf("%v, %+v, full %v", err, p.Issues, p.Full)
		}
		units, people, c, more = append(units, p.Units...), append(people, p.People...), p.Next, p.More
	}
	slices.SortFunc(people, func(a, b store.Person) int { return cmp.Compare(a.ID, b.ID) })
	wantUnits := []store.Unit{
		{ID: "crm:dept/1", Name: "海川智控", Kind: store.UnitCompany, Manager: "crm:boss"},
		{ID: "crm:dept/2", Parent: "crm:dept/1", Name: "华东区", Kind: store.UnitRegion, Manager: "crm:lisi"},
		{ID: "crm:dept/3", Parent: "crm:dept/2", Name: "苏州组", Kind: store.UnitTeam}, {ID: "crm:dept/9", Name: "看得见的组", Kind: store.UnitTeam},
	}
	wantPeople := []store.Person{
		{ID: "crm:2", Unit: "crm:dept/3", Name: "赵六", Email: "z6@example.com", Inactive: true},
		{ID: "crm:zhangsan", Unit: "crm:dept/3", Name: "张三", Email: "zhangsan@qyycs2.wecom.work", Phone: "+86 13800000001", Title: "客户经理"},
	}
	if !slices.Equal(units, wantUnits) || !slices.Equal(people, wantPeople) {
		t.Errorf("units  %+v\npeople %+v", units, people)
	}
	if got := asked[0]; got.Get("corpid") != "ww1" || got.Get("corpsecret") != canary || asked[1].Get("access_token") != "accesstoken000001" || asked[1].Has("id") {
		t.Errorf("asked %v", asked)
	}
	for body, class := range map[string]error{
		`{"errcode":60020,"errmsg":"not allow to access from your ip"}`: source.ErrSetup, `{"errcode":48002,"errmsg":"api forbidden"}`: source.ErrDenied,
		`{"errcode":40014,"errmsg":"invalid access_token accesstoken000001"}`: source.ErrAuth,
	} {
		answer = body
		_, err := s.Fetch(t.Context(), source.Request{Stream: "people", Now: monday})
		if !errors.Is(err, class) || strings.Contains(fmt.Sprint(err), "accesstoken") {
			t.Errorf("%s: %v", body, err)
		}
	}
	answer = `{"errcode":60011,"errmsg":"no privilege"}`
	if err := s.Check(t.Context()); !errors.Is(err, source.ErrDenied) || !strings.Contains(err.Error(), "no privilege") {
		t.Errorf("check: %v", err)
	}
}

// vendorOn opens a built-in connector on answers of a test's own.
func vendorOn(t testing.TB, cfg Config, h http.HandlerFunc) *Source {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return vendor(t, cfg, srv.URL)
}

// The secret and the token stand in addresses, as WeCom will have it. Whatever the network does, no error repeats an address with its query.
func TestWeCom_TokenInAddress(t *testing.T) {
	const token = "accesstoken000001"
	var happens atomic.Value // a hung-up request may still be answered while the next one is prepared
	var asked atomic.Int64
	happens.Store("")
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		happens := happens.Load()
		switch {
		case happens == "nothing" && r.URL.Path == "/cgi-bin/gettoken":
			fmt.Fprintf(w, `{"errcode":0,"errmsg":"ok","access_token":%q,"expires_in":7200}`, token)
		case happens == "redirect":
			http.Redirect(w, r, "https://elsewhere.example.com"+r.RequestURI, http.StatusFound)
		case happens == "hang up":
			panic(http.ErrAbortHandler)
		case happens == "bad redirect":
			w.Header().Set("Location", "://"+r.RequestURI)
			w.WriteHeader(http.StatusFound)
		case happens == "echo":
			w.WriteHeader(http.StatusBadGateway)
			fmt.Fprintf(w, `{"message":"cannot reach %s"}`, r.RequestURI)
		default:
			fmt.Fprint(w, `{"errcode":0,"errmsg":"ok","department":[],"userlist":[]}`)
		}
	}))
	t.Cleanup(srv.Close)
	s := vendor(t, wecomConfig, srv.URL)
	check := func(what string) {
		t.Helper()
		_, err := s.Fetch(t.Context(), source.Request{Stream: "people", Now: monday})
		if err == nil || strings.Contains(err.Error(), canary) || strings.Contains(err.Error(), token) || strings.Contains(fmt.Sprintf("%+v|%#v", err, err), token) {
			t.Errorf("%s: %v", what, strings.NewReplacer(canary, "<SECRET>", token, "<TOKEN>").Replace(fmt.Sprint(err)))
		}
	}
	signIn := func() {
		happens.Store("nothing")
		s.signer.current, s.signer.pause = nil, time.Time{}
		if _, err := s.signer.session(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, what := range []string{"redirect", "hang up", "bad redirect", "echo"} {
		s.signer.current, s.signer.pause = nil, time.Time{}
		happens.Store(what)
		check(what + " of the sign-in")
		signIn()
		happens.Store(what)
		check(what)
	}
	if asked.Load() < 12 {
		t.Errorf("%d requests: this proved nothing", asked.Load())
	}
	signIn()
	srv.Close()
	check("no server")
}
