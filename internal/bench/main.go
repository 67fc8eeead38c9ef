// Command bench measures mtlshttp beside its peers: net/http as a careful
// engineer tunes it, a new transport for each request, resty,
// carlmjohnson/requests and go-retryablehttp. The server is in a process of its
// own and demands a client certificate over TLS 1.3.
//
// Each figure is a ratio to tuned net/http in the same round, the contenders
// taking turns; what is printed is the median of the rounds. Tuned net/http is
// measured a second time as a contender of its own: how far its ratio is from 1
// is the noise. Allocations are those of the client's process and exact.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"time"
)

func main() {
	if os.Getenv(serverEnv) != "" {
		if err := serve(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "bench: server:", err)
			os.Exit(1)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	quick := flags.Bool("quick", false, "fewer rounds and smaller transfers: under a minute")
	only := flags.String("only", "", "the cases whose name matches this regular expression")
	linear := flags.Bool("linear", false, "how cost grows with size and number, instead of the table")
	plot := flags.String("plot", "", "with -linear: write the plot to this SVG file")
	flags.Usage = func() {
		fmt.Fprintln(flags.Output(), "Usage: go run . [-quick] [-only REGEXP] | -linear [-quick] [-plot FILE]")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		flags.Usage()
		return fmt.Errorf("what is %q?", flags.Arg(0))
	}
	pattern, err := regexp.Compile(*only)
	if err != nil {
		return err
	}
	w, err := newWorld(ctx)
	if err != nil {
		return err
	}
	defer w.close()
	began := time.Now()
	fmt.Fprintf(out, "%s %s/%s, %d processors, %s\n\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), began.Format(time.DateOnly))
	effort := effort{quick: *quick}
	if *linear {
		err = growth(w, effort, out, *plot)
	} else {
		err = table(w, effort, pattern, out)
	}
	fmt.Fprintf(out, "\nmeasured in %.0f s\n", time.Since(began).Seconds())
	return err
}

// effort says how much is measured.
type effort struct{ quick bool }

// of picks between the full and the quick form.
func (e effort) of(full, quick int) int {
	if e.quick {
		return quick
	}
	return full
}
