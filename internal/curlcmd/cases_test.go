package curlcmd

import (
	"errors"
	"io/fs"
	"strings"
)

// files are those that the commands name.
var files = map[string]string{
	"body.json":   "{\"a\":\r\n 1}\n",
	"bytes.bin":   "\xff\xfe\x01binary",
	"text.txt":    "two words & more\n",
	"headers.txt": "X-One: 1\nX-Two: 2\n",
	"up load.csv": "a;b\n1;2\n",
}

func readFile(name string) ([]byte, error) {
	if text, ok := files[name]; ok {
		return []byte(text), nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// commands are what people write and browsers copy. Those for one host of ours
// are sent by the real curl as well; local ones would need a TLS server or a
// proxy for that.
var commands = []struct {
	name, line string
	local      bool
}{
	{name: "plain", line: `curl https://a.test/`},
	{name: "no path", line: `curl https://a.test`},
	{name: "no scheme", line: `curl a.test/x`, local: true},
	{name: "url option", line: `curl --url https://a.test/x`},
	{name: "query", line: `curl 'https://a.test/x?a=1&b=%20&c[]=2' -g`},
	{name: "fragment", line: `curl 'https://a.test/x#top'`},
	{name: "userinfo", line: `curl 'https://me:p%40ss@a.test/x'`},
	{name: "method", line: `curl -X DELETE https://a.test/x`},
	{name: "method attached", line: `curl -XPATCH https://a.test/x -d a=b`},
	{name: "lower method", line: `curl --request PURGE https://a.test/x`},
	{name: "head", line: `curl -I https://a.test/x`},
	{name: "head with method", line: `curl --head -X OPTIONS https://a.test/x`},
	{name: "headers", line: `curl -H 'X-A: one' -H "X-B:two" -HX-C:three https://a.test/`},
	{name: "same header twice", line: `curl -H 'X-A: 1' -H 'X-A: 2' -H 'x-a: 3' https://a.test/`},
	{name: "empty header", line: `curl -H 'X-Empty;' -H 'Accept:' https://a.test/`},
	{name: "accept", line: `curl -H 'Accept: text/csv' https://a.test/`},
	{name: "header file", line: `curl -H @headers.txt https://a.test/`},
	{name: "host", line: `curl -H 'Host: b.test' https://a.test/`},
	{name: "user agent", line: `curl -A 'agent/1.0 (x)' https://a.test/`},
	{name: "user agent twice", line: `curl -A one -H 'User-Agent: two' https://a.test/`},
	{name: "referer", line: `curl -e 'https://b.test/p;auto' https://a.test/`},
	{name: "range", line: `curl -r 0-99 https://a.test/`},
	{name: "cookies", line: `curl -b 'a=1; b="2"' --cookie c=3 https://a.test/`},
	{name: "data", line: `curl -d a=b -d 'c=d e' https://a.test/`},
	{name: "data with quotes", line: `curl -d '{"it'\''s":"a \"b\""}' -H 'Content-Type: application/json' https://a.test/`},
	{name: "data double quoted", line: `curl --data "{\"a\": \"\\n\", \"b\": 1}" https://a.test/`},
	{name: "data raw at", line: `curl --data-raw '@not-a-file' https://a.test/`},
	{name: "data file", line: `curl -d @body.json https://a.test/`},
	{name: "data binary file", line: `curl --data-binary @body.json https://a.test/`},
	{name: "data bytes", line: `curl --data-binary @bytes.bin -H 'Content-Type: application/octet-stream' https://a.test/`},
	{name: "data ascii", line: `curl --data-ascii 'ü=1' https://a.test/`},
	{name: "empty data", line: `curl -d '' https://a.test/`},
	{name: "urlencode", line: `curl --data-urlencode 'a=b c&d/é~' --data-urlencode =x=y --data-urlencode 'p q' https://a.test/`},
	{name: "urlencode file", line: `curl --data-urlencode t@text.txt --data-urlencode @text.txt https://a.test/`},
	{name: "mixed data", line: `curl -d a=1 --data-urlencode 'b=2 3' --data-raw c=4 https://a.test/`},
	{name: "get", line: `curl -G -d a=1 --data-urlencode 'q=x y' 'https://a.test/x?z=0'`},
	{name: "get head", line: `curl -G -I -d a=1 https://a.test/x`},
	{name: "url query", line: `curl --url-query 'q=a b' --url-query '+r=c+d' 'https://a.test/x?z=0#f'`},
	{name: "json", line: `curl --json '{"a":1}' https://a.test/`},
	{name: "json twice", line: `curl --json '{"a":' --json '1}' https://a.test/`},
	{name: "json own types", line: `curl --json '[]' -H 'Content-Type: application/vnd.api+json' -H 'Accept: text/plain' https://a.test/`},
	{name: "no content type", line: `curl -d x -H 'Content-Type:' https://a.test/`},
	{name: "put", line: `curl -X PUT -d '<a/>' -H 'content-type: text/xml' https://a.test/`},
	{name: "form", line: `curl -F a=b -F 'file=@text.txt' https://a.test/`},
	{name: "form names", line: `curl -F 'f=@"up load.csv";filename="a;b.csv"' --form-string 'x=@no;type=y' https://a.test/`},
	{name: "form type", line: `curl -F 'f=@text.txt;type=text/csv;charset=utf-8;filename=t.csv' https://a.test/`, local: true},
	{name: "form files", line: `curl -F 'f=@text.txt,body.json' https://a.test/`, local: true},
	{name: "form spaces", line: `curl -F 'a=  b ; c;d ' -F 'e=" f "x' -F 'g=h;filename=i' https://a.test/`},
	{name: "form from file", line: `curl -F 'f=<text.txt' https://a.test/`},
	{name: "upload", line: `curl -T 'up load.csv' https://a.test/dir/`},
	{name: "upload named", line: `curl -T body.json 'https://a.test/x?y=1'`},
	{name: "user", line: `curl -u 'me:s3cret:x' https://a.test/`},
	{name: "user and header", line: `curl -u me:pw -H 'Authorization: Bearer t' https://a.test/`},
	{name: "bearer", line: `curl --oauth2-bearer tok https://a.test/`},
	{name: "quiet", line: `curl -sSfLv --compressed https://a.test/`},
	{name: "redirects", line: `curl -L --max-redirs 3 https://a.test/`},
	{name: "redirects off again", line: `curl -L --no-location https://a.test/`},
	{name: "times", line: `curl -m 12.5 --connect-timeout 3 https://a.test/`},
	{name: "long time", line: `curl --max-time 900 https://a.test/`},
	{name: "insecure", line: `curl -k https://a.test/`},
	{name: "certificate", line: `curl --cert client.pem:pw\:x --cacert ca.pem https://a.test/`},
	{name: "certificate and key", line: `curl -E cert.pem --key key.pem --pass 'k w' https://a.test/`},
	{name: "p12", line: `curl --cert-type P12 --cert 'C:\certs\me.p12:s3cret' https://a.test/`},
	{name: "p12 escaped", line: `curl --cert-type p12 --cert 'a\:b.p12' https://a.test/`},
	{name: "versions", line: `curl --http1.1 --tlsv1.2 --tls-max 1.2 https://a.test/`},
	{name: "http2", line: `curl --http2 --tlsv1.3 https://a.test/`, local: true},
	{name: "proxy", line: `curl -x http://u:p@proxy.test:3128 -U me:pw https://a.test/`, local: true},
	{name: "resolve and output", line: `curl --resolve b.test:443:127.0.0.1 -o /dev/null -w '%{http_code}' https://a.test/`},
	{name: "continued lines", line: "curl \\\n  -H 'X-A: 1' \\\n  https://a.test/x \\\n  --data 'a\nb'\n"},
	{name: "prompt and pipe", line: `$ FOO=1 curl https://a.test/ 2>/dev/null | jq .`, local: true},
	{name: "variable", line: `curl -H "X-Cost: \$5 $5" https://a.test/ # done`, local: true},
	{name: "abbreviated", line: `curl --data-u 'a=ü' --ins https://a.test/`},
	{name: "after dashes", line: `curl -X PUT -- https://a.test/-x`},
	{name: "chrome bash", line: `curl 'https://a.test/api/items?q=a%20b' \
  -H 'accept: application/json' \
  -H 'accept-language: de,en;q=0.9' \
  -H 'content-type: application/json' \
  -b 'sid=abc; theme="dark"' \
  -H 'sec-ch-ua: "Chromium";v="130"' \
  --data-raw $'{"it\'s":"\u0021 \\n \u00fc"}' \
  --compressed`},
	{name: "firefox", line: `curl 'https://a.test/' --compressed -X POST -H 'User-Agent: Mozilla/5.0' -H 'Connection: keep-alive' -H 'TE: trailers' --data-raw 'a=1&b=2'`},
	{name: "ansi escapes", line: `curl --data-raw $'tab\tx\x41\101\e[0m\'' https://a.test/`},
	{name: "chrome cmd", line: "curl ^\"https://a.test/x?a=1^&b=^%^20c^\" ^\n  -H ^\"accept: */*^\" ^\n  -H ^\"content-type: application/json^\" ^\n  --data-raw ^\"^{^\\^\"a^\\^\":^\\^\"b ^^ c^\\^\"^}^\""},
	{name: "old cmd", line: "curl \"https://a.test/x?a=1&b=2\" -H \"X-A: say \"\"hi\"\"\" ^\r\n --data \"{\\\"a\\\":1}\" --compressed"},
}

var errAny = errors.New("any")

func shellOf(line string) Shell {
	if looksLikeCmd(line) {
		return Cmd
	}
	return POSIX
}

// onServer is a command line for another host.
func onServer(line, address string) string {
	return strings.NewReplacer("https://", "http://", "a.test", address).Replace(line)
}
