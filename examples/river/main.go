// River is a worker whose jobs send requests with client certificates, several of
// which share cookies.
//
//	river -migrate                                                  makes River's tables
//	river -keychain keychain.json -seal keyring.json -store DIR     works
//	river -seal keyring.json -start scenario.json                   inserts a scenario and waits for it
//
// The database is that of -database, or of the variables PGHOST, PGUSER and so on.
// The keychain has the credentials that requests name, the folder of -secrets the
// passwords and tokens, and the keyring the keys that cookies and answers are
// sealed with:
//
//	{"current": "2026", "keys": {"2026": "…32 bytes in base64…"}}
//
// A scenario is {"steps": [{"request": {"url": …, "credentials": "bank"}}, …]}.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/examples/internal/step"
	"github.com/mtlshttp/mtlshttp/examples/river/httpjob"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "river:", err)
		os.Exit(2)
	}
}

// config is what the flags say.
type config struct {
	database, keychain, platform, secrets, store, seals string
	egress, start                                       string
	migrate                                             bool
	rescue                                              time.Duration
}

func parse(args []string, diagnostics io.Writer) (*config, error) {
	c := new(config)
	flags := flag.NewFlagSet("river", flag.ContinueOnError)
	flags.SetOutput(diagnostics)
	flags.StringVar(&c.database, "database", "", "the database's `URL`; empty: PGHOST, PGUSER and so on say it")
	flags.BoolVar(&c.migrate, "migrate", false, "make River's tables, and end")
	flags.StringVar(&c.keychain, "keychain", "", "the `file` with the credentials that requests name")
	flags.StringVar(&c.platform, "platform", "", "the `credential` that useMtls presents")
	flags.StringVar(&c.secrets, "secrets", "", "a `folder` with a file for each secret")
	flags.StringVar(&c.store, "store", "", "a `folder` for large bodies, which all workers share")
	flags.StringVar(&c.seals, "seal", "", "the `file` with the keys that seal cookies and answers")
	flags.StringVar(&c.egress, "egress", "public", "what may be connected to: public or any")
	flags.StringVar(&c.start, "start", "", "insert the scenario in this `file`, wait, and print its results")
	flags.DurationVar(&c.rescue, "rescue", httpjob.LongestJob+time.Minute, "after how `long` a job is taken from a worker that is lost; not before its own timeout")
	flags.Usage = func() {
		fmt.Fprint(diagnostics, "usage: river [flags]\n\n")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	switch {
	case flags.NArg() != 0 || c.seals == "" && !c.migrate:
		flags.Usage()
		return nil, errors.New("a keyring is needed, by -seal")
	case c.egress != "public" && c.egress != "any":
		return nil, errors.New("-egress is public or any")
	}
	return c, nil
}

func run(ctx context.Context, args []string, out, diagnostics io.Writer) (err error) {
	c, err := parse(args, diagnostics)
	if err != nil {
		return err
	}
	pool, err := pgxpool.New(ctx, c.database)
	if err != nil {
		return errors.New("the database's URL cannot be read") // the error may quote a password
	}
	defer pool.Close()
	if c.migrate {
		migrator, err := rivermigrate.New(riverpgxv5.New(pool), nil)
		if err != nil {
			return err
		}
		_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
		return err
	}
	document, err := os.ReadFile(c.seals)
	if err != nil {
		return err
	}
	keys, err := step.ReadKeyring(document)
	if err != nil {
		return err
	}
	if c.start != "" {
		return c.scenario(ctx, pool, keys, out)
	}
	return c.work(ctx, pool, keys, diagnostics)
}

// work is the worker, until it is interrupted.
func (c *config) work(ctx context.Context, pool *pgxpool.Pool, keys *step.Keyring, diagnostics io.Writer) (err error) {
	runner, end, err := c.runner()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	workers := river.NewWorkers()
	river.AddWorker(workers, &httpjob.Worker{Runner: runner, Keys: keys, Pool: pool})
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{
		Queues:               map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 100}},
		Workers:              workers,
		RescueStuckJobsAfter: c.rescue,
		JobTimeout:           min(c.rescue, time.Minute), // of other kinds of jobs: httpjob's say their own
		SoftStopTimeout:      10 * time.Second,           // so long has a request to end when the worker is stopped
		Logger:               slog.New(slog.NewTextHandler(diagnostics, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		return err
	}
	if err := client.Start(ctx); err != nil {
		return err
	}
	<-client.Stopped()
	return nil
}

// runner does the requests, until end. It does not retry: River does.
func (c *config) runner() (runner *step.Runner, end func() error, err error) {
	executor := new(mtlshttp.Executor)
	if c.egress == "public" {
		executor.Egress = mtlshttp.PublicOnly()
	}
	if c.keychain != "" {
		document, err := os.ReadFile(c.keychain)
		if err != nil {
			return nil, nil, err
		}
		if executor.Credentials, err = mtlshttp.ReadKeychain(document, filepath.Dir(c.keychain)); err != nil {
			return nil, nil, err
		}
	}
	runner = &step.Runner{Executor: executor, Platform: c.platform}
	if c.secrets != "" {
		runner.Secrets = step.SecretFiles{FS: os.DirFS(c.secrets)}
	}
	if c.store == "" {
		return runner, executor.Close, nil
	}
	folder, err := step.OpenFolder(c.store)
	if err != nil {
		return nil, nil, err
	}
	runner.Store, executor.Files = folder, folder
	return runner, func() error { return errors.Join(executor.Close(), folder.Close()) }, nil
}

// scenario inserts a scenario and prints what comes of it.
func (c *config) scenario(ctx context.Context, pool *pgxpool.Pool, keys *step.Keyring, out io.Writer) error {
	document, err := os.ReadFile(c.start)
	if err != nil {
		return err
	}
	var input struct{ Steps []httpjob.Step }
	if err := json.Unmarshal(document, &input); err != nil {
		return err
	}
	args, err := httpjob.New(input.Steps...)
	if err != nil {
		return err
	}
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{})
	if err != nil {
		return err
	}
	if _, err := client.Insert(ctx, args, nil); err != nil {
		return err
	}
	results, err := httpjob.Wait(ctx, client, keys, args.Scenario)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(map[string]any{"results": results})
}
