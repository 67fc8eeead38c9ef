// Package conformance_test runs the corpora that are not part of this module
// through the public API: credential files, requests on the wire, cookies and
// public suffixes, malformed answers, exported scenarios and their bundles.
package conformance_test

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
