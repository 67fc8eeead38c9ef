// Package faults_test is about what goes wrong on the way: servers, proxies,
// networks, disks and callers that fail at every place of a request. An error
// says what it was, nothing is left behind, and a deadline holds throughout.
package faults_test

import (
	"context"
	"net"
	"testing"

	"go.uber.org/goleak"

	"github.com/mtlshttp/mtlshttp/internal/testclient"
)

func TestMain(m *testing.M) {
	// net keeps one lock for its configuration, which must not be a bubble's.
	_, _ = (&net.Resolver{PreferGo: true}).LookupHost(context.Background(), "localhost")
	goleak.VerifyTestMain(m)
}

var (
	newExecutor = testclient.NewExecutor
	failureOf   = testclient.FailureOf
)
