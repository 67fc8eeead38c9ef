//go:build race

package mtlshttp_test

const raceEnabled = true
