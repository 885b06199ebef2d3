package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"flightdeck/store/company"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib" // registers "pgx"
)

// errNoPostgres: PostgreSQL is not installed here, or cannot be run by this user.
var errNoPostgres = errors.New("not installed")

// server is a PostgreSQL of our own, in the folder of the databases, reached by a socket in it.
type server struct {
	bin, home, sock string
	as              []string // how to run a command as a user who is not root
}

func findPostgres(dir string) (*server, error) {
	path, err := exec.LookPath("postgres")
	if err != nil {
		found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres") // only a bad pattern is an error
		if len(found) == 0 {
			return nil, errNoPostgres
		}
		path = found[len(found)-1]
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return nil, err
	}
	s := &server{bin: filepath.Dir(path), home: filepath.Join(dir, "postgres")}
	s.sock = s.home
	if os.Geteuid() != 0 {
		return s, os.MkdirAll(s.home, 0o700)
	}
	u, err := user.Lookup("postgres") // PostgreSQL refuses to run as root
	if err != nil {
		return nil, fmt.Errorf("%w: no user postgres to run it as", errNoPostgres)
	}
	if _, err := exec.LookPath("runuser"); err != nil {
		return nil, fmt.Errorf("%w: no runuser", errNoPostgres)
	}
	s.as = []string{"runuser", "-u", "postgres", "--"}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	if err := errors.Join(os.MkdirAll(s.home, 0o700), os.Chown(s.home, uid, gid)); err != nil {
		return nil, err
	}
	if exec.Command("runuser", "-u", "postgres", "--", "test", "-w", s.home).Run() != nil {
		return nil, fmt.Errorf("the user postgres cannot reach %s: take a -dir whose folders all may enter, or leave postgres out with -peers", s.home)
	}
	return s, nil
}

func (s *server) run(ctx context.Context, name string, args ...string) error {
	line := append(append([]string{}, s.as...), filepath.Join(s.bin, name))
	line = append(line, args...)
	c := exec.CommandContext(ctx, line[0], line[1:]...)
	c.Dir = s.home
	var out bytes.Buffer
	if name != "pg_ctl" || args[len(args)-1] != "start" { // the server would keep a pipe open, and Wait would wait for it
		c.Stdout, c.Stderr = &out, &out
	}
	if err := c.Run(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out.String())
	}
	return nil
}

// start starts the server, making its files when there are none. Nothing is durable: a crash means building again.
func (s *server) start(ctx context.Context) error {
	data := filepath.Join(s.home, "data")
	if _, err := os.Stat(filepath.Join(data, "PG_VERSION")); err != nil {
		if err := s.run(ctx, "initdb", "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync"); err != nil {
			return err
		}
	}
	if s.run(ctx, "pg_ctl", "-D", data, "status") == nil {
		return nil // left over from a run that was killed
	}
	options := "-c listen_addresses='' -c unix_socket_directories='" + s.sock + "' -c shared_buffers=1GB -c work_mem=256MB -c maintenance_work_mem=1GB" +
		" -c fsync=off -c full_page_writes=off -c synchronous_commit=off -c autovacuum=off -c jit=off -c random_page_cost=1.1 -c effective_cache_size=8GB" +
		" -c max_wal_size=8GB -c logging_collector=off"
	if err := s.run(ctx, "pg_ctl", "-D", data, "-w", "-t", "60", "-l", filepath.Join(s.home, "log"), "-o", options, "start"); err != nil {
		log, _ := os.ReadFile(filepath.Join(s.home, "log"))
		return fmt.Errorf("%w%s", err, log)
	}
	return nil
}

func (s *server) stop() error {
	return s.run(context.Background(), "pg_ctl", "-D", filepath.Join(s.home, "data"), "-m", "fast", "-w", "stop")
}

func (s *server) dsn() string { return "host=" + s.sock + " user=postgres dbname=postgres" }

func openPostgres(ctx context.Context, dir string, size company.Size, d *dims, want built) (p peer, err error) {
	s, err := findPostgres(dir)
	if err != nil {
		return nil, err
	}
	if err := s.start(ctx); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stop())
		}
	}()
	want.Schema = schema(postgres)
	if !upToDate(dir, "postgres", want) {
		if err := remove(filepath.Join(dir, "postgres.json")); err != nil {
			return nil, err
		}
		t := time.Now()
		if err := s.load(ctx, size); err != nil {
			return nil, err
		}
		if err := stamp(dir, "postgres", want, time.Since(t)); err != nil {
			return nil, err
		}
	}
	db, err := sql.Open("pgx", s.dsn())
	if err != nil {
		return nil, err
	}
	x, err := open(ctx, "postgres", postgres, d, db)
	if err != nil {
		return nil, err
	}
	x.stop = s.stop
	return x, nil
}

// pgLoader sends rows as the text that COPY reads, by the megabyte.
type pgLoader struct {
	ctx  context.Context
	conn *pgx.Conn
	text [len(tables)][]byte
}

func (s *server) load(ctx context.Context, size company.Size) (err error) {
	conn, err := pgx.Connect(ctx, s.dsn())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	l := &pgLoader{ctx: ctx, conn: conn}
	for i := range tables {
		if tables[i].only != "" {
			continue
		}
		if err := l.exec("DROP TABLE IF EXISTS "+tables[i].name, create(postgres, &tables[i], tables[i].name)); err != nil {
			return err
		}
	}
	return fill(size, l)
}

func (l *pgLoader) exec(list ...string) error {
	for _, s := range list {
		if _, err := l.conn.Exec(l.ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return nil
}

func (l *pgLoader) add(table int, row ...int64) error {
	if tables[table].only != "" {
		return nil
	}
	t := l.text[table]
	for i, v := range row {
		if i > 0 {
			t = append(t, '\t')
		}
		t = strconv.AppendInt(t, v, 10)
	}
	l.text[table] = append(t, '\n')
	if len(l.text[table]) < 1<<20 {
		return nil
	}
	return l.flush(table)
}

func (l *pgLoader) flush(table int) error {
	_, err := l.conn.PgConn().CopyFrom(l.ctx, bytes.NewReader(l.text[table]), "COPY "+tables[table].name+" FROM STDIN")
	l.text[table] = l.text[table][:0]
	return err
}

func (l *pgLoader) finish() error {
	for i := range tables {
		if tables[i].only != "" {
			continue
		}
		if err := l.flush(i); err != nil {
			return err
		}
		for k, c := range tables[i].index {
			if err := l.exec("CREATE INDEX " + tables[i].name + "_" + strconv.Itoa(k) + " ON " + tables[i].name + " (" + c + ")"); err != nil {
				return err
			}
		}
		// The visibility map lets covering indices answer alone.
		if err := l.exec("VACUUM (FREEZE, ANALYZE) " + tables[i].name); err != nil {
			return err
		}
	}
	return l.exec("CHECKPOINT")
}
