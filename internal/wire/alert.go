package wire

import (
	"errors"
	"net"
	"reflect"
)

// Alert is a TLS alert's number (RFC 8446, section 6).
type Alert uint8

// AlertOf finds the fatal alert in an error of crypto/tls. Remote says whether
// the peer sent it. The alert's type is unexported there and matches no
// exported one, so it is found by its place: the one integer of eight bits
// inside a *net.OpError that says where it comes from.
func AlertOf(err error) (a Alert, remote, ok bool) {
	var op *net.OpError
	for errors.As(err, &op) {
		if op.Op == "remote error" || op.Op == "local error" {
			if v := reflect.ValueOf(op.Err); v.IsValid() && v.Kind() == reflect.Uint8 {
				return Alert(v.Uint()), op.Op == "remote error", true
			}
		}
		err = op.Err
	}
	return 0, false, false
}

// AboutCertificate says whether an alert speaks of the peer's certificate (RFC
// 8446, section 6.2), or, in TLS 1.2, may.
func (a Alert) AboutCertificate() bool {
	return a >= 40 && a <= 49 || a == 51 || a == 116
}
