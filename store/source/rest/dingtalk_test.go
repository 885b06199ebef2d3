package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"flightdeck/store"
	"flightdeck/store/source"
	"flightdeck/store/source/sourcetest"
	"flightdeck/store/storetest"
)

// dingtalkSpeech is a server that talks as DingTalk does: tokens are given on a modern interface with HTTP status, all else is a success by its status; the tree is
// listed one level at a time, and members by department with a cursor. The rows of "people" are members, with the department first in dept_id_list.
func dingtalkSpeech() sourcetest.Speech {
	signsIn := func(r *http.Request) bool { return r.URL.Path == "/v1.0/oauth2/accessToken" }
	ok := func(result any) sourcetest.Reply {
		return sourcetest.Reply{Body: sourcetest.Row{"errcode": 0, "errmsg": "ok", "result": result, "request_id": "4a1x"}}
	}
	department := func(id int) sourcetest.Row {
		return sourcetest.Row{"dept_id": id, "name": fmt.Sprintf("销售 %d 部", id), "parent_id": id / 2, "create_dept_group": true, "auto_add_user": true}
	}
	return sourcetest.Speech{
		SignsIn: signsIn,
		Answer: func(d *sourcetest.Desk, r *http.Request, body []byte) sourcetest.Reply {
			var q struct {
				AppKey, AppSecret string
				DeptID            int `json:"dept_id"`
				Cursor, Size      int
			}
			if err := json.Unmarshal(body, &q); err != nil {
				return errcode(40035, "不合法的参数")
			}
			if signsIn(r) {
				if q.AppKey != "ding1" || q.AppSecret != d.Secret() {
					return sourcetest.Reply{Status: http.StatusBadRequest, Body: sourcetest.Row{"code": "invalidClientIdOrSecret", "message": "无效的clientId或者clientSecret"}}
				}
				return sourcetest.Reply{Body: sourcetest.Row{"accessToken": d.Grant(), "expireIn": 7200}}
			}
			if !d.Knows(r.URL.Query().Get("access_token")) {
				return errcode(88, "ding talk error[subcode=40014,submsg=不合法的access_token]").With("sub_code", "40014")
			}
			switch r.URL.Path {
			case "/topapi/v2/department/get":
				return ok(department(q.DeptID))
			case "/topapi/v2/department/listsub":
				subs := []sourcetest.Row{}
				for _, id := range []int{2 * q.DeptID, 2*q.DeptID + 1} {
					if id > 1 && id <= orgDepartments {
						subs = append(subs, department(id))
					}
				}
				return ok(subs)
			case "/topapi/v2/user/list":
				all := []sourcetest.Row{}
				for _, m := range d.Rows("people") {
					if m["dept_id_list"].([]int)[0] == q.DeptID {
						all = append(all, m)
					}
				}
				from := min(q.Cursor, len(all))
				to := min(from+min(q.Size, 3), len(all)) // fewer than asked for
				out := sourcetest.Row{"has_more": to < len(all), "list": all[from:to]}
				if to < len(all) {
					out["next_cursor"] = to
				}
				return ok(out)
			}
			return errcode(404, "请求的URI地址不存在")
		},
		Faults: map[sourcetest.Kind]sourcetest.Reply{
			sourcetest.ServerError:  errcode(15, "远程服务调用超时"),
			sourcetest.Throttle:     errcode(90018, "您的服务器调用该接口超过qps阈值"),
			sourcetest.Limit200:     errcode(-1, "系统繁忙"),
			sourcetest.Unauthorized: errcode(40014, "不合法的access_token"),
			sourcetest.Forbidden:    errcode(88, "ding talk error[subcode=60011,submsg=没有调用该接口的权限]").With("sub_code", "60011"),
		},
	}
}

func dingtalkMember(id int, name, title, mail string, _ bool) sourcetest.Row {
	return sourcetest.Row{
		"id": id, "userid": strconv.Itoa(id), "name": name, "title": title, "org_email": mail, "dept_id_list": []int{1 + id%orgDepartments, 1}, "leader": false, "active": true,
		"admin": false, "boss": false, "unionid": "z", "mobile": "18500000000",
	}
}

// dingtalkConfig is that of a server which is both of DingTalk's.
func dingtalkConfig(url string) Config {
	return Config{Spec: "dingtalk", Vars: map[string]string{"app_key": "ding1", "api": url}, Budgets: map[string]int{"month": 1e6}}
}

func TestDingTalk_Contract(t *testing.T) {
	t.Parallel()
	sourcetest.Run(t, sourcetest.Harness{
		Stream: "people", Entity: store.EntityPerson, PageSize: 10, Secret: canary, Wait: time.Minute, Nothing: 15, // departments and members are listed whole: there is no asking for changes
		Make: func(t testing.TB, n int, rows sourcetest.Kind) sourcetest.World {
			return orgWorld(t, n, rows, dingtalkSpeech(), dingtalkConfig, dingtalkMember)
		},
		Faults: []sourcetest.Kind{
			sourcetest.ServerError, sourcetest.Cut, sourcetest.HTML, sourcetest.Throttle, sourcetest.Unauthorized, sourcetest.Forbidden, sourcetest.Hang, sourcetest.Drip, sourcetest.Hostile,
		},
	})
}

func TestDingTalk_Play(t *testing.T) {
	t.Parallel()
	rnd := storetest.Rand(t)
	srv := sourcetest.NewServer(t, canary)
	srv.Speak(dingtalkSpeech())
	srv.Issue(sourcetest.Issue{Requests: 25})
	s := orgSystem(t, srv, dingtalkConfig(srv.URL), dingtalkMember)
	s.Archives = false // who is no longer with the company is not in the list
	sourcetest.Play(t, rnd, s)
	if srv.Tokens() < 5 {
		t.Errorf("%d tokens were given out: this proved nothing", srv.Tokens())
	}
}

// Answers as the documentation has them: the tree, leaders, members of several departments and pages, and the errors by their class.
func TestDingTalk_Shapes(t *testing.T) {
	answer, asked := "", 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q map[string]any
		_ = json.NewDecoder(r.Body).Decode(&q)
		asked++
		switch at := fmt.Sprint(r.URL.Path, " ", q["dept_id"], " ", q["cursor"]); {
		case strings.HasPrefix(at, "/v1.0/oauth2/accessToken"):
			fmt.Fprint(w, `{"accessToken":"fw8ef8we8f76e6f7s8dxxxx","expireIn":7200}`)
		case r.FormValue("access_token") != "fw8ef8we8f76e6f7s8dxxxx":
			t.Errorf("%s is not signed", at)
		case answer != "":
			fmt.Fprint(w, answer)
		case at == "/topapi/v2/department/get 1 <nil>":
			fmt.Fprint(w, `{"errcode":0,"errmsg":"ok","result":{"dept_id":1,"name":"海川智控","dept_manager_userid_list":["boss"],"org_dept_owner":"boss"},"request_id":"4k"}`)
		case at == "/topapi/v2/department/listsub 1 <nil>":
			fmt.Fprint(w, `{"errcode":0,"errmsg":"ok","result":[{"auto_add_user":true,"create_dept_group":true,"dept_id":37,"name":"华东区","parent_id":1}],"request_id":"4k"}`)
		case at == "/topapi/v2/department/listsub 37 <nil>":
			fmt.Fprint(w, `{"errcode":0,"errmsg":"ok","result":[{"auto_add_user":true,"create_dept_group":true,"dept_id":40,"name":"苏州组","parent_id":37}],"request_id":"4k"}`)
		case at == "/topapi/v2/user/list 37 0":
			fmt.Fprint(w, `{"errcode":0,"errmsg":"ok","result":{"has_more":true,"next_cursor":10,"list":[
				{"userid":"lisi","name":"李四","title":"大区经理","leader":true,"dept_id_list":[37],"org_email":"","email":"li@example.com","state_code":"86","mobile":"13800000002","active":true,"boss":false}]}}`)
		case at == "/topapi/v2/user/list 37 10":
			fmt.Fprint(w, `{"errcode":0,"errmsg":"ok","result":{"has_more":false,"list":[{"userid":"37","name":"王五","title":"","leader":false,"dept_id_list":[37,40],"active":false}]}}`)
		case strings.HasPrefix(at, "/topapi/v2/user/list"):
			fmt.Fprint(w, `{"errcode":0,"errmsg":"ok","result":{"has_more":false,"list":[]}}`)
		default:
			fmt.Fprint(w, `{"errcode":0,"errmsg":"ok","result":[]}`)
		}
	}))
	t.Cleanup(srv.Close)
	s := vendor(t, dingtalkConfig(srv.URL), srv.URL)
	p, err := s.Fetch(t.Context(), source.Request{Stream: "people", Now: monday})
	if err != nil || len(p.Issues) != 0 || !p.More {
		t.Fatalf("%v, %+v", err, p.Issues)
	}
	rest, err := s.Fetch(t.Context(), source.Request{Stream: "people", Cursor: p.Next, Now: monday})
	if err != nil || rest.More || !rest.Full {
		t.Fatalf("%v, more %v", err, rest.More)
	}
	units := append(p.Units, rest.Units...)
	wantUnits := []store.Unit{
		{ID: "crm:dept/1", Name: "海川智控", Kind: store.UnitCompany, Manager: "crm:boss"},
		{ID: "crm:dept/37", Parent: "crm:dept/1", Name: "华东区", Kind: store.UnitRegion, Manager: "crm:lisi"},
		{ID: "crm:dept/40", Parent: "crm:dept/37", Name: "苏州组", Kind: store.UnitTeam},
	}
	wantPeople := []store.Person{
		{ID: "crm:lisi", Unit: "crm:dept/37", Name: "李四", Email: "li@example.com", Phone: "13800000002", Title: "大区经理"}, {ID: "crm:37", Unit: "crm:dept/37", Name: "王五"},
	}
	if !slices.Equal(units, wantUnits) || !slices.Equal(rest.People, wantPeople) {
		t.Errorf("units  %+v\npeople %+v", units, rest.People)
	}
	if all := s.Budgets(); len(all) != 1 || all[0].Used != int64(asked) || s.Requests() != asked {
		t.Errorf("%d requests, of which the sign-in is one; budgets %+v, counted %d", asked, all, s.Requests())
	}
	wait := func(d time.Duration) func(error) bool {
		return func(err error) bool { ra := (*source.RetryAfter)(nil); return errors.As(err, &ra) && ra.Wait == d }
	}
	is := func(class error) func(error) bool { return func(err error) bool { return errors.Is(err, class) } }
	for body, right := range map[string]func(error) bool{
		`{"errcode":88,"sub_code":"60011","sub_msg":"应用尚未开通所需的权限：[qyapi_get_department_list]","errmsg":"ding talk error[subcode=60011,submsg=应用尚未开通所需的权限]"}`: is(source.ErrDenied),
		`{"errcode":88,"sub_code":"90018","errmsg":"ding talk error[subcode=90018]"}`: wait(time.Minute),
		`{"errcode":88,"sub_code":"x","errmsg":"本月调用量已用完"}`:                           wait(6 * time.Hour),
		`{"errcode":33001,"errmsg":"无效的企业ID"}`:                                        is(source.ErrSetup),
		`{"errcode":42001,"errmsg":"access_token fw8ef8we8f76e6f7s8dxxxx 超时"}`:        is(source.ErrAuth),
	} {
		answer = body
		_, err := s.Fetch(t.Context(), source.Request{Stream: "people", Now: monday})
		if !right(err) || strings.Contains(fmt.Sprint(err), "fw8ef8") {
			t.Errorf("%s: %v", body, err)
		}
	}
}

// The month's calls are the company's: a fifth is left to others, and then the source waits for the next month.
func TestDingTalk_Budget(t *testing.T) {
	srv := sourcetest.NewServer(t, canary)
	srv.Speak(dingtalkSpeech())
	cfg := dingtalkConfig(srv.URL)
	cfg.Budgets = map[string]int{"month": 10}
	s := vendor(t, cfg, srv.URL)
	c, err := store.Cursor(""), error(nil)
	for range 20 {
		var p source.Page
		if p, err = s.Fetch(t.Context(), source.Request{Stream: "people", Cursor: c, Now: srv.Now(), Limit: 1}); err != nil {
			break
		}
		c = p.Next
	}
	ra := (*source.RetryAfter)(nil)
	if !errors.As(err, &ra) || !strings.Contains(err.Error(), "budget month") || len(srv.Requests()) != 8 {
		t.Errorf("%v after %d requests, want to wait after 8", err, len(srv.Requests()))
	}
}
