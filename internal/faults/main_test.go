// Package faults_test is about what goes wrong on the way: servers, proxies,
// networks, disks and callers that fail at every place of a request. An error
// says what it was, nothing is left behind, and a deadline holds throughout.
package faults_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/mtlshttp/mtlshttp/internal/testclient"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	newExecutor = testclient.NewExecutor
	failureOf   = testclient.FailureOf
)
