package load

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	gossh "golang.org/x/crypto/ssh"

	"flightdeck/tui/layout"
)

// plan is what the clients are told first.
type plan struct {
	Addr  string   `json:"addr"`
	N     int      `json:"n"`
	Seed  uint64   `json:"seed"`
	Jumps []string `json:"jumps"` // the letters after g, of the panes there are
}

// phase is what they are then told, once for each.
type phase struct {
	Name    string  `json:"name"` // see SSHPhase
	Seconds float64 `json:"seconds"`
}

// sample is one key press over SSH.
type sample struct {
	Action string        `json:"a"`
	Pane   string        `json:"p"` // the letter after g
	Size   string        `json:"s"`
	Zh     bool          `json:"zh"`
	First  time.Duration `json:"f"` // to the first byte
	Last   time.Duration `json:"l"` // to the last one before the silence
	Bytes  int           `json:"b"` // 0: nothing on the screen changed
}

// reply is what the clients say: one when all are connected, one for each phase.
type reply struct {
	Connected int             `json:"connected"`
	First     []time.Duration `json:"first"` // from dialling to a screen that is still
	Samples   []sample        `json:"samples"`
	Bytes     int64           `json:"bytes"` // that all sessions received in the phase
	Error     string          `json:"error"`
}

// quiet is the silence after which a screen counts as done.
const quiet = 200 * time.Millisecond

// clientSizes are the terminals of the sessions, in turn.
var clientSizes = []layout.Size{{W: 160, H: 48}, {W: 80, H: 24}, {W: 160, H: 48}, {W: 120, H: 40}, {W: 200, H: 50}}

// clientKey is the key of client i; both sides derive it from the seed.
func clientKey(seed uint64, i int) ed25519.PrivateKey {
	h := sha256.Sum256(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64([]byte("flightdeck load-test "), seed), uint64(i)))
	return ed25519.NewKeyFromSeed(h[:])
}

// ServeClients runs the clients of an SSH measurement as they are told on in, one JSON value a line, and answers on out, until in ends.
func ServeClients(in io.Reader, out io.Writer) error {
	from, to := json.NewDecoder(in), json.NewEncoder(out)
	var p plan
	if err := from.Decode(&p); err != nil {
		return fmt.Errorf("load test clients: read the plan: %w", err)
	}
	all, rep := connect(p)
	defer func() {
		for _, c := range all {
			c.close()
		}
	}()
	for err := to.Encode(rep); ; err = to.Encode(rep) {
		if err != nil {
			return err
		}
		var ph phase
		switch err := from.Decode(&ph); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		rep = reply{Connected: len(all)}
		before := received(all)
		var mu sync.Mutex
		var wg sync.WaitGroup
		start := time.Now()
		for _, c := range all {
			wg.Go(func() {
				s := c.use(ph, start)
				mu.Lock()
				rep.Samples = append(rep.Samples, s...)
				mu.Unlock()
			})
		}
		wg.Wait()
		rep.Bytes = received(all) - before
	}
}

func received(all []*client) (n int64) {
	for _, c := range all {
		n += c.total.Load()
	}
	return n
}

// connect opens all sessions, a few at a time.
func connect(p plan) ([]*client, reply) {
	var (
		all []*client
		rep reply
		mu  sync.Mutex
		wg  sync.WaitGroup
	)
	gate := make(chan struct{}, 8)
	for i := range p.N {
		wg.Go(func() {
			gate <- struct{}{}
			defer func() { <-gate }()
			start := time.Now()
			c, err := dial(p, i)
			var took time.Duration
			if err == nil {
				took, _ = c.still(start, 20*time.Second)
			}
			if err == nil && len(p.Jumps) > 0 {
				c.pane = p.Jumps[i%len(p.Jumps)]
				_, err = c.press("g" + c.pane)
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				rep.Error = err.Error()
				return
			}
			all, rep.First = append(all, c), append(rep.First, took)
		})
	}
	wg.Wait()
	rep.Connected = len(all)
	return all, rep
}

// client is one person at a terminal.
type client struct {
	conn  *gossh.Client
	keys  io.Writer
	size  layout.Size
	zh    bool
	pane  string
	jumps []string
	rng   *rand.Rand
	n     int // moves so far
	digit int

	total atomic.Int64 // bytes since the beginning
	bytes atomic.Int64 // and since the key
	first atomic.Int64 // unix nanoseconds of the first and the last byte since the key; 0: none yet
	last  atomic.Int64
}

func dial(p plan, i int) (*client, error) {
	signer, err := gossh.NewSignerFromKey(clientKey(p.Seed, i))
	if err != nil {
		return nil, err
	}
	conn, err := gossh.Dial("tcp", p.Addr, &gossh.ClientConfig{
		User: fmt.Sprintf("client%d", i), Auth: []gossh.AuthMethod{gossh.PublicKeys(signer)}, Timeout: 30 * time.Second,
		HostKeyCallback: gossh.InsecureIgnoreHostKey(), //nolint:gosec // our own server on loopback
	})
	if err != nil {
		return nil, err
	}
	c := &client{conn: conn, size: clientSizes[i%len(clientSizes)], zh: i%3 != 2, jumps: p.Jumps, rng: rand.New(rand.NewPCG(p.Seed, uint64(5000+i)))} //nolint:gosec // not for secrets
	s, err := conn.NewSession()
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	lang := "en_US.UTF-8"
	if c.zh {
		lang = "zh_CN.UTF-8"
	}
	if c.keys, err = s.StdinPipe(); err == nil {
		s.Stdout = c
		err = errors.Join(s.Setenv("LANG", lang), s.RequestPty("xterm-256color", c.size.H, c.size.W, gossh.TerminalModes{}))
	}
	if err == nil {
		err = s.Shell()
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return c, nil
}

func (c *client) close() { _ = c.conn.Close() }

// Write takes what comes from the server.
func (c *client) Write(b []byte) (int, error) {
	now := time.Now().UnixNano()
	c.first.CompareAndSwap(0, now)
	c.last.Store(now)
	c.bytes.Add(int64(len(b)))
	c.total.Add(int64(len(b)))
	return len(b), nil
}

// still waits until something came and then nothing more; it returns how long after start the last byte came, 0 when none did within the patience.
func (c *client) still(start time.Time, patience time.Duration) (last, first time.Duration) {
	for end := start.Add(patience); ; {
		at, now := c.last.Load(), time.Now()
		silent := now.Sub(time.Unix(0, at))
		switch {
		case at != 0 && silent >= quiet, now.After(end):
			if at == 0 {
				return 0, 0
			}
			return time.Unix(0, at).Sub(start), time.Unix(0, c.first.Load()).Sub(start)
		case at == 0:
			time.Sleep(min(quiet/4, time.Until(end)))
		default:
			time.Sleep(quiet - silent)
		}
	}
}

// press sends keys as one and waits for the screen to be still.
func (c *client) press(keys string) (sample, error) {
	c.bytes.Store(0)
	c.first.Store(0)
	c.last.Store(0)
	start := time.Now()
	if _, err := io.WriteString(c.keys, keys); err != nil {
		return sample{}, err
	}
	last, first := c.still(start, 900*time.Millisecond)
	return sample{Pane: c.pane, Size: fmt.Sprintf("%dx%d", c.size.W, c.size.H), Zh: c.zh, First: first, Last: last, Bytes: int(c.bytes.Load())}, nil
}

// use presses a key a second until the phase is over.
func (c *client) use(ph phase, start time.Time) []sample {
	var all []sample
	end := start.Add(time.Duration(ph.Seconds * float64(time.Second)))
	if ph.Name == "watch" {
		time.Sleep(time.Until(end))
		return nil
	}
	due := start.Add(time.Duration(c.rng.Int64N(int64(time.Second))))
	for ; due.Before(end); due = due.Add(time.Second) {
		time.Sleep(time.Until(due))
		name, keys := c.choose(ph.Name)
		s, err := c.press(keys)
		if err != nil {
			break
		}
		s.Action = name
		all = append(all, s)
	}
	return all
}

// choose draws what a person does next.
func (c *client) choose(phase string) (name, keys string) {
	p := c.rng.Float64()
	switch {
	case phase == "ask" || p > .92:
		c.digit++
		return "ask", string("213467859"[c.digit%9])
	case p < .75:
		c.n++
		return "move", string("jjjjkjjk"[c.n%8])
	case p < .85:
		return "page", [...]string{"\x1b[6~", "\x1b[5~"}[c.rng.IntN(2)]
	case len(c.jumps) == 0:
		return "move", "j"
	}
	c.pane = c.jumps[c.rng.IntN(len(c.jumps))]
	return "switch", "g" + c.pane
}
