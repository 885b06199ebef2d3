package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The company's directory is WeCom's or DingTalk's, the deals are the CRM's: whoever both list with one e-mail or phone owns the deals under the directory's tree, with what the
// teams add up to; whom nothing joins stays the CRM's and is told.
func TestDirectory_MembersOwnTheCRMsDeals(t *testing.T) {
	const secret = "canary-5e2a"
	for _, tt := range []struct {
		kind, vars string
		answer     func(path, dept string, body map[string]any, token bool) any
	}{
		{"wecom", "{corp_id: ww1}", wecomDirectory},
		{"dingtalk", "{app_key: ding1, api: %q}", dingtalkDirectory},
	} {
		t.Run(tt.kind, func(t *testing.T) {
			signedIn := 0
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				var body map[string]any
				_ = json.NewDecoder(r.Body).Decode(&body)
				w.Header().Set("Content-Type", "application/json")
				if q := r.URL.Query(); q.Get("corpsecret") == secret || body["appSecret"] == secret {
					signedIn++
				}
				_ = json.NewEncoder(w).Encode(tt.answer(r.URL.Path, r.URL.Query().Get("department_id"), body, r.URL.Query().Get("access_token") == "t1"))
			}))
			defer srv.Close()
			dir := t.TempDir()
			t.Chdir(dir)
			t.Setenv("DIRECTORY_SECRET", secret)
			vars := tt.vars
			if strings.Contains(vars, "%q") {
				vars = fmt.Sprintf(vars, srv.URL)
			}
			now := time.Now()
			created, due := now.AddDate(0, -1, 0).Format(time.DateOnly), now.Format(time.DateOnly) // the quarter that is open on any day of it
			for name, text := range map[string]string{
				"flightdeck.yaml": fmt.Sprintf(`organisation: {name: 海川, currency: CNY, time_zone: UTC, stages: [{id: lead, name: 线索}]}
sources:
  - {id: oa, kind: %s, url: %q, vars: %s, token: "env:DIRECTORY_SECRET"}
  - {id: crm, kind: table, dir: crm, settle: -1s, files: [
      {file: people.csv, rows: [{entity: person, fields: {id: id, name: name, email: email, phone: phone}}]},
      {file: deals.csv, rows: [{entity: deal, fields: {id: id, name: name, owner: owner, stage: stage, amount: amount, created: created, close: close}}]}]}
`, tt.kind, srv.URL, vars),
				"crm/people.csv": "id,name,email,phone\n1,Wang Qiang,WQ@x.cn,\n2,李敏,,+86 13800138001\n3,外包,nobody@y.cn,\n",
				"crm/deals.csv": "id,name,owner,stage,amount,created,close\n" +
					fmt.Sprintf("d1,泵站,1,lead,100.00,%[1]s,%[2]s\nd2,风机,2,lead,50.00,%[1]s,%[2]s\nd3,水厂,3,lead,7.00,%[1]s,%[2]s\n", created, due),
			} {
				path := filepath.Join(dir, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			code, out, errs := invoke(t, "sync", "--once", "--store", "s")
			if code != 0 || signedIn == 0 {
				t.Fatalf("sync: %d, signed in %d times: %s%s", code, signedIn, out, errs)
			}
			if strings.Contains(out+errs, secret) {
				t.Errorf("the credential is shown: %s%s", out, errs)
			}
			code, out, errs = invoke(t, "forecast", "--store", "s", "--csv")
			if code != 0 {
				t.Fatal(errs)
			}
			rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			column := map[string]int{}
			for i, name := range rows[0] {
				column[name] = i
			}
			got := map[string]string{}
			for _, row := range rows[1:] {
				got[row[column["node"]]] = row[column["name"]] + " " + row[column["kind"]] + " " + row[column["pipeline"]]
			}
			for id, want := range map[string]string{"oa:dept/1": "海川 company 157.00", "oa:dept/3": "苏州组 team 150.00", "oa:wang": "王强 person 100.00", "oa:li": "李敏 person 50.00"} {
				if got[id] != want {
					t.Errorf("%s: %q, want %q\n%s", id, got[id], want, out)
				}
			}
			for _, id := range []string{"crm:1", "crm:2"} {
				if row, ok := got[id]; ok {
					t.Errorf("%s is listed beside the member who it is: %s", id, row)
				}
			}
			if !strings.Contains(got["crm:3"], "7.00") {
				t.Errorf("whom nothing joins lost the deal: %q\n%s", got["crm:3"], out)
			}
		})
	}
}

// wecomDirectory answers as the server API of WeCom is documented to.
func wecomDirectory(path, dept string, _ map[string]any, token bool) any {
	type object = map[string]any
	switch {
	case path == "/cgi-bin/gettoken":
		return object{"errcode": 0, "errmsg": "ok", "access_token": "t1", "expires_in": 7200}
	case !token:
		return object{"errcode": 40014, "errmsg": "invalid access_token"}
	case path == "/cgi-bin/department/list":
		return object{"errcode": 0, "errmsg": "ok", "department": []object{
			{"id": 1, "name": "海川智控", "parentid": 0}, {"id": 2, "name": "华东", "parentid": 1}, {"id": 3, "name": "苏州组", "parentid": 2, "department_leader": []string{"wang"}},
		}}
	case path == "/cgi-bin/user/list" && dept == "3":
		return object{"errcode": 0, "errmsg": "ok", "userlist": []object{
			{"userid": "wang", "name": "王强", "department": []int{3}, "main_department": 3, "biz_mail": "wq@x.cn", "status": 1},
			{"userid": "li", "name": "李敏", "department": []int{3}, "main_department": 3, "mobile": "13800138001", "status": 1},
		}}
	case path == "/cgi-bin/user/list":
		return object{"errcode": 0, "errmsg": "ok", "userlist": []object{}}
	}
	return object{"errcode": 40066, "errmsg": "invalid url"}
}

// dingtalkDirectory answers as the server API of DingTalk is documented to.
func dingtalkDirectory(path, _ string, body map[string]any, token bool) any {
	type object = map[string]any
	departments := []object{{"dept_id": 1, "name": "海川智控"}, {"dept_id": 2, "name": "华东", "parent_id": 1}, {"dept_id": 3, "name": "苏州组", "parent_id": 2}}
	id, _ := body["dept_id"].(float64)
	switch {
	case path == "/v1.0/oauth2/accessToken":
		return object{"accessToken": "t1", "expireIn": 7200}
	case !token:
		return object{"errcode": 40014, "errmsg": "不合法的access_token"}
	case path == "/topapi/v2/department/get":
		return object{"errcode": 0, "errmsg": "ok", "result": departments[0]}
	case path == "/topapi/v2/department/listsub":
		under := []object{}
		for _, d := range departments {
			if fmt.Sprint(d["parent_id"]) == fmt.Sprint(id) {
				under = append(under, d)
			}
		}
		return object{"errcode": 0, "errmsg": "ok", "result": under}
	case path == "/topapi/v2/user/list":
		list := []object{}
		if id == 3 {
			list = []object{
				{"userid": "wang", "name": "王强", "dept_id_list": []int{3}, "org_email": "wq@x.cn", "leader": true, "active": true},
				{"userid": "li", "name": "李敏", "dept_id_list": []int{3}, "mobile": "138-0013-8001", "active": true},
			}
		}
		return object{"errcode": 0, "errmsg": "ok", "result": object{"has_more": false, "list": list}}
	}
	return object{"errcode": 22, "errmsg": "不合法的请求"}
}
