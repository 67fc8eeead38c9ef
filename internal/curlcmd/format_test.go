package curlcmd

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestFormat writes documents that no command line made.
func TestFormat(t *testing.T) {
	for document, want := range map[string]string{
		`{"url":"https://a.test/"}`:                                       `curl https://a.test/ -H Accept: -L --max-redirs 10`,
		`{"url":"https://a.test/","method":"post","followRedirect":true}`: `curl -X POST https://a.test/ -H Accept:`,
		`{"url":"https://a.test/?z=1#f","followRedirect":false,"qs":[{"name":"a","value":"b c"},{"name":"l","value":[1,2]}]}`:                              `curl 'https://a.test/?z=1&a=b%20c&l%5B0%5D=1&l%5B1%5D=2#f' -H Accept:`,
		`{"url":"https://a.test/","followRedirect":false,"qs":{"l":[1,2]},"useQuerystring":true}`:                                                          `curl 'https://a.test/?l=1&l=2' -H Accept:`,
		`{"url":"https://a.test/","method":"POST","headers":{"Accept":"*/*"},"bodyType":"x_www_form_urlencoded","formFields":[{"key":"a","value":"b&c"}]}`: `curl https://a.test/ --data-raw a=b%26c`,
		`{"url":"https://a.test/","method":"POST","headers":{"Accept":"*/*"},"bodyType":"raw","contentType":"application/json","data":{"a":[1.50]}}`:       `curl https://a.test/ -H 'Content-Type: application/json' --data-raw '{"a":[1.50]}'`,
		`{"url":"https://a.test/","method":"POST","headers":{"Accept":"*/*"},"bodyType":"raw","data":{"$base64":"YQ=="},"gzip":"true","timeout":"40"}`:     `curl https://a.test/ -H Content-Type: --data-raw a -m 40 --compressed`,
		`{"url":"https://a.test/{x}","method":"delete","followAllRedirects":true,"headers":[{"name":"Accept","value":"*/*"}]}`:                             `curl -X DELETE -g 'https://a.test/{x}' -L --max-redirs 10`,
	} {
		got, _, err := Format([]byte(document), FormatOptions{})
		require.NoError(t, err, document)
		assert.Equal(t, want, got, document)
	}
}

func TestFormatHides(t *testing.T) {
	document := `{"url":"https://u:hunter2@a.test/","authUser":"me","authPass":"hunter2","secretHeaders":["X-Mine"],"followRedirect":false,
		"headers":[{"name":"X-Mine","value":"hunter2"},{"name":"cookie","value":"hunter2"},{"name":"X-Api-Key","value":["hunter2","hunter2"]},{"name":"Accept","value":"a/b"}]}`
	got, notes, err := Format([]byte(document), FormatOptions{})
	require.NoError(t, err)
	assert.Equal(t, `curl 'https://***@a.test/' -H 'X-Mine: ***' -H 'cookie: ***' -H 'X-Api-Key: ***' -H 'X-Api-Key: ***' -H 'Accept: a/b' -u me`, got)
	assert.Len(t, notes, 1)
}

func TestFormatNotes(t *testing.T) {
	document := `{"url":"https://a.test/","credentials":"c","ca":"r","useMtls":true,"serializeUrl":true,"shareCookies":true,"origins":["b.test"],
		"allowDowngrade":false,"other":1,"bodyType":"raw","data":"a\u0000b"}`
	_, notes, err := Format([]byte(document), FormatOptions{})
	require.NoError(t, err)
	var keys []string
	for _, n := range notes {
		keys = append(keys, n.Option)
	}
	assert.Equal(t, []string{"data", "serializeUrl", "credentials", "useMtls", "ca", "shareCookies", "origins", "other"}, keys)
}

// A header's name is none of a file, and its value no further header.
func TestFormatLeavesOutWhatIsNoHeader(t *testing.T) {
	document := `{"url":"https://a.test/","followRedirect":false,"bodyType":"raw","contentType":"custom","customContentType":"a/b\r\nX-Evil: 1","data":"x","method":"POST",
		"headers":[{"name":"@secret.txt","value":""},{"name":"@a","value":"b"},{"name":"X-A\r\nX-Evil","value":"1"},{"name":"X-B","value":"1\r\nX-Evil: 2"},
			{"name":"X-Evil: 1, a","value":"b"},{"name":"","value":"X-Evil: 1"},{"name":"Accept","value":"*/*"},{"name":"X!#$%&'*+-.^_|~0","value":"b"}]}`
	got, notes, err := Format([]byte(document), FormatOptions{})
	require.NoError(t, err)
	assert.Equal(t, `curl https://a.test/ -H 'X!#$%&'\''*+-.^_|~0: b' --data-raw x`, got)
	assert.Len(t, notes, 7)
}

func TestFormatRefuses(t *testing.T) {
	for _, document := range []string{``, `[]`, `{"url":`, `{"url":"http://u","headers":"x"}`, `{"url":"http://u","qs":[1]}`, `{"url":"http://u","bodyType":"x_www_form_urlencoded","formFields":5}`,
		`{"url":"file:///etc/passwd"}`, `{"url":"file:/etc/passwd"}`, `{"url":" file:///etc/passwd"}`, `{"url":"ftp.a.test"}`, `{"url":"-o/tmp/x"}`, `{"url":""}`} {
		_, _, err := Format([]byte(document), FormatOptions{})
		assert.Error(t, err, document)
	}
}
