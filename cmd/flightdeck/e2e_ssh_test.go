//go:build integration

package main

import (
	"bufio"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	gossh "golang.org/x/crypto/ssh"
	"golang.org/x/sys/unix"
)

// newKey writes a private key as OpenSSH reads it and returns the line of authorized_keys.
func (r *room) newKey(name string) string {
	r.tb.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		r.tb.Fatal(err)
	}
	block, err := gossh.MarshalPrivateKey(private, name)
	if err != nil {
		r.tb.Fatal(err)
	}
	key, err := gossh.NewPublicKey(public)
	if err != nil {
		r.tb.Fatal(err)
	}
	r.write("keys/"+name, string(pem.EncodeToMemory(block)))
	return strings.TrimSpace(string(gossh.MarshalAuthorizedKey(key))) + " " + name
}

// sshServer is flightdeck serve in a process of its own.
type sshServer struct {
	*room
	port  string
	cmd   *exec.Cmd
	ended chan struct{}
	mu    sync.Mutex
	log   strings.Builder
}

func (r *room) serve(args ...string) *sshServer {
	r.tb.Helper()
	s := &sshServer{room: r, cmd: r.command(binary(r.tb), append([]string{"serve"}, args...)...), ended: make(chan struct{})}
	errs, err := s.cmd.StderrPipe()
	if err != nil {
		r.tb.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		r.tb.Fatal(err)
	}
	r.tb.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		<-s.ended
	})
	address := make(chan string, 1)
	go func() {
		defer close(s.ended)
		lines := bufio.NewScanner(errs)
		for lines.Scan() {
			s.mu.Lock()
			s.log.WriteString(lines.Text() + "\n")
			s.mu.Unlock()
			if m := regexp.MustCompile(`msg=serving address=(\S+)`).FindStringSubmatch(lines.Text()); m != nil {
				address <- m[1]
			}
		}
		_ = s.cmd.Wait()
	}()
	select {
	case a := <-address:
		if _, s.port, err = net.SplitHostPort(a); err != nil {
			r.tb.Fatal(err)
		}
	case <-s.ended:
		r.tb.Fatalf("serve ended:\n%s", s.logged())
	}
	return s
}

func (s *sshServer) logged() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

// ssh makes the command of a client who is who.
func (s *sshServer) ssh(who, lang string, args ...string) *exec.Cmd {
	base := []string{"-F", "/dev/null", "-i", s.path("keys/" + who), "-p", s.port, "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o", "BatchMode=yes",
		"-o", "StrictHostKeyChecking=accept-new", "-o", "UserKnownHostsFile=" + s.path("known_hosts"), "-o", "LogLevel=ERROR", "-o", "SendEnv=LANG"}
	cmd := s.command("ssh", append(base, args...)...)
	cmd.Env = append(cmd.Env, "LANG="+lang)
	return cmd
}

func openSSH(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("ssh"); err != nil {
		missing(t, "no OpenSSH client: apt-get install openssh-client")
	}
}

const wholeCompany = "海川智控集团"

func TestEndToEnd_SSH(t *testing.T) {
	openSSH(t)
	r := newRoom(t)
	r.ok("demo", "--once", "--store", "s")
	chief, east, stranger := r.newKey("chief"), r.newKey("east"), r.newKey("stranger")
	r.write("east.pub", "# the east's laptop\n"+east+"\n")
	r.write("flightdeck.yaml", fmt.Sprintf(`store: {dir: s}
serve:
  listen: "127.0.0.1:0"
  people:
    - {name: 总监, keys: [%q], sees: all}
    - {name: 华东经理, authorized_keys: east.pub, sees: 华东}
`, chief))
	s := r.serve()

	// Who is not listed is refused, whatever the user's name, and learns nothing.
	for _, args := range [][]string{{"127.0.0.1", "funnel", "--json"}, {"root@127.0.0.1", "funnel"}, {"-t", "127.0.0.1"}} {
		status, out, errs := r.finish(s.ssh("stranger", "zh_CN.UTF-8", args...))
		if status != 255 || out != "" || !strings.Contains(errs, "Permission denied") {
			t.Errorf("the stranger %q: %d\n%s%s", args, status, out, errs)
		}
	}
	fields := strings.Fields(stranger)
	if log := s.logged(); !strings.Contains(log, "refused") || strings.Contains(log, fields[1]) {
		t.Errorf("the log of refused keys:\n%s", log)
	}

	ask := func(who string, v any, args ...string) {
		t.Helper()
		status, out, errs := r.finish(s.ssh(who, "zh_CN.UTF-8", append([]string{"127.0.0.1"}, args...)...))
		if status != 0 || errs != "" {
			t.Fatalf("%s asks %q: %d\n%s%s", who, args, status, out, errs)
		}
		if err := json.Unmarshal([]byte(out), v); err != nil {
			t.Fatalf("%s asks %q: %v in\n%s", who, args, err, out)
		}
	}
	// The director sees all, and the region by name; the manager sees the region whatever is asked for.
	var all, region, mine, mineByName funnelAnswer
	ask("chief", &all, "funnel", "--json")
	ask("chief", &region, "funnel", "--region", "华东", "--json")
	ask("east", &mine, "funnel", "--json")
	ask("east", &mineByName, "funnel", "--region", "华东", "--json")
	if all.Open == 0 || region.Open == 0 || region.Open >= all.Open {
		t.Errorf("the company has %d open deals, the east %d", all.Open, region.Open)
	}
	for _, f := range []funnelAnswer{mine, mineByName} {
		if f.Open != region.Open || fmt.Sprint(f.counts()) != fmt.Sprint(region.counts()) {
			t.Errorf("the manager gets %d %v, the region has %d %v", f.Open, f.counts(), region.Open, region.counts())
		}
	}
	for _, args := range [][]string{{"funnel", "--region", "华南"}, {"forecast", "--region", "华南", "--json"}, {"funnel", "--node", "demo:south"}, {"funnel", "--team", "广州团队"},
		{"sync", "--once"}, {"funnel", "--config", "/etc/passwd"}, {"doctor"}} {
		status, out, errs := r.finish(s.ssh("east", "zh_CN.UTF-8", append([]string{"127.0.0.1"}, args...)...))
		if status != exitUsage || out != "" || strings.Contains(errs, "广州团队,") || strings.Contains(errs, "北方") {
			t.Errorf("the manager asks %q: %d\n%s%s", args, status, out, errs)
		}
	}
	var forecast struct {
		Rows []struct {
			Name string `json:"name"`
		} `json:"rows"`
	}
	ask("east", &forecast, "forecast", "--json")
	status, out, _ := r.finish(s.ssh("east", "zh_CN.UTF-8", "127.0.0.1", "forecast", "--csv"))
	if status != 0 || !strings.Contains(out, "华东") || strings.Contains(out, "华南") || strings.Contains(out, "北方") {
		t.Errorf("the manager's forecast %d:\n%s", status, out)
	}

	// Two screens at once, each its own size, language and part of the company.
	a := r.open(100, 30, s.ssh("chief", "zh_CN.UTF-8", "-t", "127.0.0.1"))
	b := r.open(80, 24, s.ssh("east", "en_US.UTF-8", "-t", "127.0.0.1"))
	a.has("销售漏斗", "全公司", "线索")
	b.has("Funnel", "华东", "Lead")
	a.press("g", "p")
	b.press("g", "p")
	a.has("业绩预测", "华东", "华南", "北方")
	if x := b.has("Forecast", "华东", "上海团队"); strings.Contains(x, "华南") || strings.Contains(x, "北方") || strings.Contains(x, wholeCompany) {
		t.Errorf("the manager's screen shows others:\n%s", x)
	}
	b.resize(120, 34)
	b.until("the new size", func(x string) bool {
		return strings.Count(x, "\n") == 34 && strings.Contains(lastLine(x), "? help") && strings.Contains(x, "上海团队")
	})
	a.press("L")
	a.has("Forecast", "Closed")
	if x := b.has("Forecast", "上海团队"); strings.Contains(x, "业绩预测") || strings.Contains(x, "全公司") { // or its frame after the resize is between two writes
		t.Errorf("one session's key moved the other:\n%s", x)
	}
	// What is looked for is looked for within the own tree.
	b.press(":")
	b.until("a prompt", func(x string) bool { return strings.HasPrefix(lastLine(x), ":") || strings.Contains(lastLine(x), ":") })
	_, _ = io.WriteString(b.pty, "华南")
	b.until("the words", func(x string) bool { return strings.Contains(lastLine(x), "华南") })
	if x := b.screen(); strings.Contains(strings.ReplaceAll(x, lastLine(x), ""), "华南") {
		t.Errorf("the palette finds what the manager may not see:\n%s", x)
	}
	b.press("esc")
	b.until("no prompt", func(x string) bool { return strings.Contains(lastLine(x), "? help") })
	b.press("q")
	if status := b.exit(); status != 0 {
		t.Errorf("the manager's session ends with %d\n%s", status, b.screen())
	}
	b.restored()

	// The server's end leaves the screens that are open in order.
	if err := s.cmd.Process.Signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	a.exit()
	a.restored()
	<-s.ended
	if code := s.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("serve ended with %d:\n%s", code, s.logged())
	}
	if info, err := os.Stat(filepath.Join(r.path("s"), "host-key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the host key: %v %v", info, err)
	}
}

func TestEndToEnd_ServeRefusesBadConfiguration(t *testing.T) {
	r := newRoom(t)
	for name, text := range map[string]string{
		"nobody":   "serve: {listen: \"127.0.0.1:0\"}\n",
		"no key":   "serve: {listen: \"127.0.0.1:0\", people: [{name: a, keys: [nonsense], sees: all}]}\n",
		"no file":  "serve: {listen: \"127.0.0.1:0\", people: [{name: a, authorized_keys: absent, sees: all}]}\n",
		"no place": "serve: {people: [{name: a, keys: [\"" + r.newKey("a") + "\"], sees: all}]}\n",
	} {
		r.write("flightdeck.yaml", text)
		if status, out, errs := r.run("serve"); status != exitUsage || out != "" || !strings.Contains(errs, "serve") {
			t.Errorf("%s: %d\n%s%s", name, status, out, errs)
		}
	}
}
