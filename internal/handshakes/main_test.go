// Package handshakes_test is about how handshakes go: what a diagnosis says of
// the ones that fail, beside real servers, peers that lie and replicas of both,
// and that of the ones that succeed none confuses two identities.
package handshakes_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/mtlshttp/mtlshttp/internal/testclient"
	"github.com/mtlshttp/mtlshttp/internal/testpeer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	newExecutor = testclient.NewExecutor
	withProxy   = testclient.WithProxy
	failureOf   = testclient.FailureOf
	hasWarning  = testclient.HasWarning
	scale       = testclient.Scale

	whoami          = testpeer.Whoami
	startServer     = testpeer.StartServer
	startProxy      = testpeer.StartProxy
	startNameServer = testpeer.StartNameServer
)
