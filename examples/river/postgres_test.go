//go:build postgres && unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// startPostgres starts a PostgreSQL of its own, on a Unix socket in a temporary
// folder, and ends it with the test. It returns the database's URL.
func startPostgres(t *testing.T) string {
	t.Helper()
	programs := postgresPrograms(t)
	dir, err := os.MkdirTemp("", "river-pg-") // not t.TempDir: the path of a socket is short, and another user goes there
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	as := postgresUser(t, dir)
	data := filepath.Join(dir, "data")
	initdb := exec.Command(filepath.Join(programs, "initdb"), "-D", data, "-U", "river", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	initdb.SysProcAttr, initdb.Dir = as, dir
	said, err := initdb.CombinedOutput()
	require.NoError(t, err, "%s", said)

	var log bytes.Buffer
	server := exec.Command(filepath.Join(programs, "postgres"), "-D", data, "-k", dir, "-c", "listen_addresses=", "-c", "fsync=off")
	server.SysProcAttr, server.Dir, server.Stdout, server.Stderr = as, dir, &log, &log
	require.NoError(t, server.Start())
	ended := make(chan error, 1)
	go func() { ended <- server.Wait() }()
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGINT) // fast shutdown
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			_ = server.Process.Kill()
			<-ended
		}
		if t.Failed() {
			t.Logf("postgres said:\n%s", log.String())
		}
	})
	address := (&url.URL{Scheme: "postgres", Path: "/postgres", RawQuery: url.Values{"host": {dir}, "user": {"river"}}.Encode()}).String()
	require.Eventually(t, func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		conn, err := pgx.Connect(ctx, address)
		if err == nil {
			_ = conn.Close(ctx)
		}
		return err == nil
	}, 60*time.Second, 100*time.Millisecond, "postgres does not answer")
	return address
}

// postgresPrograms finds the folder with initdb and postgres, which Debian keeps
// out of the path.
func postgresPrograms(t *testing.T) string {
	t.Helper()
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path)
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	require.NoError(t, err)
	require.NotEmpty(t, found, "there is no PostgreSQL (Debian: apt-get install postgresql)")
	return filepath.Dir(found[len(found)-1])
}

// postgresUser gives the folder to a user that is not root, as PostgreSQL wants.
func postgresUser(t *testing.T, dir string) *syscall.SysProcAttr {
	t.Helper()
	if os.Geteuid() != 0 {
		return nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		account, err = user.Lookup("nobody")
	}
	require.NoError(t, err)
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	require.NoError(t, err)
	gid, err := strconv.ParseUint(account.Gid, 10, 32)
	require.NoError(t, err)
	require.NoError(t, os.Chown(dir, int(uid), int(gid)))
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
}

// dump is everything that the database's tables hold, as JSON: what somebody sees
// who sees the tables.
func dump(t *testing.T, address string) []byte {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	tables, err := conn.Query(t.Context(), "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")
	require.NoError(t, err)
	names, err := pgx.CollectRows(tables, pgx.RowTo[string])
	require.NoError(t, err)
	require.Contains(t, names, "river_job")
	all := make(map[string]json.RawMessage)
	for _, table := range names {
		var rows []byte
		err := conn.QueryRow(t.Context(), fmt.Sprintf("SELECT coalesce(json_agg(t), '[]') FROM %s t", pgx.Identifier{table}.Sanitize())).Scan(&rows)
		require.NoError(t, err, table)
		all[table] = rows
	}
	document, err := json.Marshal(all)
	require.NoError(t, err)
	return document
}
