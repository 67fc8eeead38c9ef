package mtlshttp_test

import (
	"github.com/mtlshttp/mtlshttp/internal/testclient"
	"github.com/mtlshttp/mtlshttp/internal/testpeer"
)

// What the tests here share with the suites below internal/.
var (
	newExecutor = testclient.NewExecutor
	withProxy   = testclient.WithProxy
	failureOf   = testclient.FailureOf
	hasWarning  = testclient.HasWarning

	whoami          = testpeer.Whoami
	startServer     = testpeer.StartServer
	startProxy      = testpeer.StartProxy
	startNameServer = testpeer.StartNameServer
	answerRaw       = testpeer.AnswerRaw
)
