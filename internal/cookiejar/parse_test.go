package cookiejar

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

var parseTime = time.Date(2026, time.March, 1, 8, 0, 0, 0, time.UTC)

func parse(line string) (setCookie, Reason) { return parseSetCookie(line, parseTime, defaultLimits) }

func TestParseSetCookie(t *testing.T) {
	for line, want := range map[string]setCookie{
		"a=1":                   {name: "a", value: "1"},
		" a b =  1 2\t; x":      {name: "a b", value: "1 2"},
		`a="x, y=z" w`:          {name: "a", value: `"x, y=z" w`},
		"a==b=":                 {name: "a", value: "=b="},
		"a=":                    {name: "a"},
		"\xff=\xfe\xc3(":        {name: "\xff", value: "\xfe\xc3("},
		"a=1;SECURE;httpOnly=x": {name: "a", value: "1", secure: true, httpOnly: true},
		"a=1;ſecure; Secured":   {name: "a", value: "1"},

		"a=1; Path=/x; Path":             {name: "a", value: "1", hasPath: true},
		"a=1; Path=x; Path = /y/ ":       {name: "a", value: "1", hasPath: true, path: "/y/"},
		"a=1; Domain=.A.Test; Domain=":   {name: "a", value: "1", domain: "a.test"},
		"a=1; Domain=..a.test; Domain=.": {name: "a", value: "1", domain: ".a.test"},

		"a=1; SameSite=STRICT":                {name: "a", value: "1", sameSite: SameSiteStrict},
		"a=1; SameSite=Lax; SameSite=nonsens": {name: "a", value: "1"},
		"a=1; SameSite=None":                  {name: "a", value: "1", sameSite: SameSiteNone},

		"a=1; Max-Age=60":                    {name: "a", value: "1", expires: parseTime.Add(time.Minute)},
		"a=1; Max-Age=60; Max-Age=1x":        {name: "a", value: "1", expires: parseTime.Add(time.Minute)},
		"a=1; Max-Age=60; Max-Age=0":         {name: "a", value: "1", expires: parseTime},
		"a=1; Expires=1 Jan 2000 0:0:0":      {name: "a", value: "1", expires: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)},
		"a=1; Max-Age=5; Expires=1 Jan 2000": {name: "a", value: "1", expires: parseTime.Add(5 * time.Second)},
		"a=1; Expires=1 Jan 2000 0:0:0; Max-Age=5; Expires=2 Jan 2000 0:0:0": {
			name: "a", value: "1", expires: parseTime.Add(5 * time.Second)},
	} {
		got, reason := parse(line)
		assert.Empty(t, reason, line)
		assert.Equal(t, want, got, line)
	}
}

func TestParseSetCookieRefuses(t *testing.T) {
	for line, want := range map[string]Reason{
		"":                          Malformed,
		"a":                         Malformed,
		"a; b=1":                    Malformed,
		"=a":                        Malformed,
		"  =__Host-a=1; Secure":     Malformed,
		"a=1\x00":                   ControlByte,
		"a=1; x=\x7f":               ControlByte,
		"a=1\r\n; Path=/":           ControlByte,
		"a=1\t2":                    ControlByte,
		"a\tb=1":                    ControlByte,
		"a=1; Path=/x\ty":           ControlByte,
		strings.Repeat("a=b", 2000): TooLarge,
	} {
		_, got := parse(line)
		assert.Equal(t, want, got, "%.20q", line)
	}
}

func TestParseMaxAge(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0": 0, "-1": 0, "-99999999999999999999999": 0, "1": time.Second, "007": 7 * time.Second,
		"34560000": longestLife, "34560001": longestLife, "18446744073709551617": longestLife,
		strings.Repeat("9", 1000): longestLife,
	} {
		got, ok := parseMaxAge(text)
		assert.True(t, ok, text)
		assert.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "-", "--1", "+1", "1.5", "1 ", "1e3", "60s", "50,399", "٣"} {
		_, ok := parseMaxAge(text)
		assert.False(t, ok, text)
	}
}
