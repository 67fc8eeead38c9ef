// Package httpjob makes a request a job of River, and a list of requests a chain
// of jobs that share cookies: one job hands on to the next in the transaction
// that completes it.
//
// The arguments of a job, which anybody who sees the tables sees, hold requests
// with names in the place of secrets; cookies and answers are sealed.
package httpjob

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"github.com/mtlshttp/mtlshttp/examples/internal/step"
)

// Step is a request as the table has it.
type Step = step.Step

// Result is what came back.
type Result = step.Result

// Args are the arguments of one job: the scenario that it is of, and which of its
// steps it does. New makes those of the first.
type Args struct {
	// Scenario names the run. It is the first part of each idempotency key.
	Scenario string `json:"scenario"`
	Steps    []Step `json:"steps"`
	Next     int    `json:"next"`
	// State is what the steps before have left; nil: nothing.
	State *Sealed `json:"state,omitempty"`
}

// Kind implements river.JobArgs.
func (Args) Kind() string { return "mtlshttp_scenario" }

// InsertOpts implements river.JobArgsWithInsertOpts: each request has ten
// attempts, one that is to be sent once has one. The scenario's name is the
// tag, by which Wait finds its jobs.
func (a Args) InsertOpts() river.InsertOpts {
	attempts := 10
	if a.Next < len(a.Steps) && a.Steps[a.Next].Once {
		attempts = 1 // a worker that is lost may have sent it
	}
	return river.InsertOpts{MaxAttempts: attempts, Tags: []string{a.Scenario}}
}

// New makes the first job of a scenario.
func New(steps ...Step) (Args, error) {
	if len(steps) == 0 {
		return Args{}, errors.New("a scenario has at least one step")
	}
	return Args{Scenario: rand.Text(), Steps: steps}, nil
}

// key is the idempotency key: the same for every attempt, on whichever worker.
// It is not the job's number, which comes again when a database is restored.
func (a *Args) key() string { return fmt.Sprintf("%s:%d", a.Scenario, a.Next) }

// timeout is how long a job may take: the request ends by itself, and says how.
func (a *Args) timeout() time.Duration {
	if a.Next >= len(a.Steps) {
		return time.Minute
	}
	return a.Steps[a.Next].Timeout() + margin
}

// margin is for what a job does beside the request.
const margin = 15 * time.Second

// LongestJob is beyond which no job is still at work: the longest request with
// the margin. River's RescueStuckJobsAfter has to be longer.
const LongestJob = 300*time.Second + margin

// Sealed is what only workers can open.
type Sealed struct {
	Key    string `json:"key"` // its name in the keyring
	Sealed []byte `json:"sealed"`
}

// state is what goes from job to job.
type state struct {
	Results []Result        `json:"results"`
	Jar     json.RawMessage `json:"jar,omitempty"`
}

func about(scenario string) string { return "river scenario " + scenario }

func seal(keys *step.Keyring, scenario string, v any) (*Sealed, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	key, sealed := keys.Seal(plain, about(scenario))
	return &Sealed{key, sealed}, nil
}

func (s *Sealed) open(keys *step.Keyring, scenario string, v any) error {
	plain, err := keys.Open(s.Key, s.Sealed, about(scenario))
	if err != nil {
		return err
	}
	return json.Unmarshal(plain, v)
}
