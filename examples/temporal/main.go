// Temporal is a worker whose activity sends requests with client certificates,
// and whose workflow sends several that share cookies.
//
//	temporal -keychain keychain.json -seal keyring.json -store DIR     works
//	temporal -seal keyring.json -start scenario.json                   starts a workflow and waits for it
//
// The keychain has the credentials that requests name, the folder of -secrets the
// passwords and tokens, and the keyring the keys that the history is sealed with:
//
//	{"current": "2026", "keys": {"2026": "…32 bytes in base64…"}}
//
// A scenario is {"steps": [{"request": {"url": …, "credentials": "bank"}}, …]}.
package main

import (
	"context"
	"crypto/tls"
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

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/examples/internal/step"
	"github.com/mtlshttp/mtlshttp/examples/temporal/httpactivity"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "temporal:", err)
		os.Exit(2)
	}
}

// config is what the flags say.
type config struct {
	address, namespace, queue, as, trust      string
	keychain, platform, secrets, store, seals string
	egress, start, id                         string
}

func parse(args []string, diagnostics io.Writer) (*config, error) {
	c := new(config)
	flags := flag.NewFlagSet("temporal", flag.ContinueOnError)
	flags.SetOutput(diagnostics)
	flags.StringVar(&c.address, "address", client.DefaultHostPort, "the Temporal server's `host:port`")
	flags.StringVar(&c.namespace, "namespace", client.DefaultNamespace, "its `namespace`")
	flags.StringVar(&c.queue, "queue", "mtlshttp", "the task `queue`")
	flags.StringVar(&c.as, "as", "", "reach the Temporal server by TLS, with this `credential` of the keychain")
	flags.StringVar(&c.trust, "trust", "", "with -as: trust the authorities of this `entry` of the keychain too")
	flags.StringVar(&c.keychain, "keychain", "", "the `file` with the credentials that requests name")
	flags.StringVar(&c.platform, "platform", "", "the `credential` that useMtls presents")
	flags.StringVar(&c.secrets, "secrets", "", "a `folder` with a file for each secret")
	flags.StringVar(&c.store, "store", "", "a `folder` for large bodies, which all workers share")
	flags.StringVar(&c.seals, "seal", "", "the `file` with the keys that seal the history")
	flags.StringVar(&c.egress, "egress", "public", "what may be connected to: public or any")
	flags.StringVar(&c.start, "start", "", "start a workflow with the scenario in this `file`, wait, and print its results")
	flags.StringVar(&c.id, "id", "", "the workflow's `id`; empty: a new one")
	flags.Usage = func() {
		fmt.Fprint(diagnostics, "usage: temporal [flags]\n\n")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	switch {
	case flags.NArg() != 0 || c.seals == "":
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
	runner, end, err := c.runner()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	temporal, err := c.dial(ctx, runner.Executor, diagnostics)
	if err != nil {
		return err
	}
	defer temporal.Close()
	if c.start != "" {
		return c.scenario(ctx, temporal, out)
	}
	return c.work(ctx, temporal, runner)
}

// runner does the requests, until end. It does not retry: Temporal does.
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

// dial connects to the Temporal server, by mutual TLS where a credential is named.
func (c *config) dial(ctx context.Context, executor *mtlshttp.Executor, diagnostics io.Writer) (client.Client, error) {
	document, err := os.ReadFile(c.seals)
	if err != nil {
		return nil, err
	}
	keys, err := step.ReadKeyring(document)
	if err != nil {
		return nil, err
	}
	data, failures := httpactivity.Converters(keys)
	tlsConfig, err := c.tls(ctx, executor)
	if err != nil {
		return nil, err
	}
	return client.DialContext(ctx, client.Options{
		HostPort: c.address, Namespace: c.namespace, DataConverter: data, FailureConverter: failures,
		ConnectionOptions: client.ConnectionOptions{TLS: tlsConfig},
		Logger:            log.NewStructuredLogger(slog.New(slog.NewTextHandler(diagnostics, &slog.HandlerOptions{Level: slog.LevelWarn}))),
	})
}

func (c *config) tls(ctx context.Context, executor *mtlshttp.Executor) (*tls.Config, error) {
	if c.as == "" {
		return nil, nil
	}
	return executor.TLSConfig(ctx, &mtlshttp.Request{URL: "https://" + c.address, Credentials: c.as, Roots: mtlshttp.Roots{Name: c.trust}})
}

// grace is what a request has left when the worker is stopped.
const grace = 10 * time.Second

// work is the worker, until it is interrupted.
func (c *config) work(ctx context.Context, temporal client.Client, runner *step.Runner) error {
	w := worker.New(temporal, c.queue, worker.Options{
		// A cancellation arrives with the answer to a heartbeat.
		MaxHeartbeatThrottleInterval: time.Second,
		WorkerStopTimeout:            grace + 5*time.Second,
	})
	(&httpactivity.Activity{Runner: runner, Grace: grace}).Register(w)
	if err := w.Start(); err != nil {
		return err
	}
	<-ctx.Done()
	w.Stop()
	return nil
}

// scenario starts a workflow and prints what comes of it.
func (c *config) scenario(ctx context.Context, temporal client.Client, out io.Writer) error {
	document, err := os.ReadFile(c.start)
	if err != nil {
		return err
	}
	var input httpactivity.ScenarioInput
	if err := json.Unmarshal(document, &input); err != nil {
		return err
	}
	workflow, err := temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: c.id, TaskQueue: c.queue}, httpactivity.WorkflowName, input)
	if err != nil {
		return err
	}
	var output httpactivity.ScenarioOutput
	if err := workflow.Get(ctx, &output); err != nil {
		return err
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(output)
}
