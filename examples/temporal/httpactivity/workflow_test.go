package httpactivity

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
)

// keys counts what a server sees of each idempotency key.
type keys struct {
	mu   sync.Mutex
	seen map[string]int
}

func (k *keys) add(r *http.Request) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.seen == nil {
		k.seen = make(map[string]int)
	}
	key := r.Header.Get("Idempotency-Key")
	k.seen[key]++
	return k.seen[key]
}

// Cookies go from request to request; each has a key of its own, which a second
// try has too.
func TestScenario(t *testing.T) {
	var all keys
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		try := all.add(r)
		switch r.URL.Path {
		case "/login":
			http.SetCookie(w, &http.Cookie{Name: "session", Value: "s1"})
		case "/pay":
			if c, err := r.Cookie("session"); err != nil || c.Value != "s1" {
				w.WriteHeader(http.StatusUnauthorized)
			} else if try == 1 {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
			fmt.Fprint(w, "paid at try ", try)
		}
	})
	env := w.workflows(t)
	env.ExecuteWorkflow(WorkflowName, ScenarioInput{Steps: []Step{w.step(t, "POST", "/login"), w.step(t, "POST", "/pay"), w.step(t, "POST", "/pay")}})
	require.NoError(t, env.GetWorkflowError())
	var out ScenarioOutput
	require.NoError(t, env.GetWorkflowResult(&out))
	require.Len(t, out.Results, 3)
	assert.Equal(t, "paid at try 2", dataOf(t, out.Results[1].Response))
	assert.Len(t, all.seen, 3, "%v", all.seen)
	for key, n := range all.seen {
		assert.NotEmpty(t, key)
		assert.LessOrEqual(t, n, 2)
	}
}

// A request that is to be sent once is tried once.
func TestOnceIsTriedOnce(t *testing.T) {
	var all keys
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		all.add(r)
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	s := w.step(t, "GET", "/") // whose 503 would be tried again
	s.Once = true
	env := w.workflows(t)
	env.ExecuteWorkflow(WorkflowName, ScenarioInput{Steps: []Step{s}})
	var e *temporal.ApplicationError
	require.True(t, errors.As(env.GetWorkflowError(), &e))
	assert.Equal(t, "status", e.Type())
	assert.Equal(t, map[string]int{"": 1}, all.seen)
}

// The results of all requests together are one payload.
func TestManyBodiesFitOnePayload(t *testing.T) {
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, strings.Repeat("body", 75_000))
	})
	var steps []Step
	for range 8 {
		steps = append(steps, w.step(t, "GET", "/"))
	}
	env := w.workflows(t)
	env.ExecuteWorkflow(WorkflowName, ScenarioInput{Steps: steps})
	require.NoError(t, env.GetWorkflowError())
	var out ScenarioOutput
	require.NoError(t, env.GetWorkflowResult(&out))
	inline, stored := 0, 0
	for _, result := range out.Results {
		inline += len(result.Response)
		if result.Body != "" {
			stored++
		}
	}
	assert.Equal(t, 5, stored)
	assert.Less(t, inline, 1<<20)
}
