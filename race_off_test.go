//go:build !race

package mtlshttp_test

const raceEnabled = false
