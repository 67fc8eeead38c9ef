package curlcmd

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/mtlshttp/mtlshttp/internal/jsonvalue"
)

// header is one -H. A nil value takes away what curl would send by itself.
type header struct {
	name  string
	value *string
}

// managed are written by the library, and browsers copy them.
var managed = []string{"content-length", "transfer-encoding", "connection", "keep-alive", "proxy-connection", "upgrade", "te", "trailer", "http2-settings"}

func (c *command) addHeader(o *option, value string) error {
	if file, ok := strings.CutPrefix(value, "@"); ok {
		text, err := c.readFile(o, file)
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(text)) {
			c.oneHeader(strings.TrimRight(line, "\r\n"))
		}
		return nil
	}
	c.oneHeader(value)
	return nil
}

func (c *command) oneHeader(text string) {
	name, value, ok := strings.Cut(text, ":")
	if empty, is := strings.CutSuffix(strings.TrimSpace(text), ";"); !ok && is {
		name, ok = empty, true // "Name;" is a header without a value
		none := ""
		c.headers = append(c.headers, header{strings.TrimSpace(name), &none})
		return
	}
	name = strings.TrimSpace(name)
	value = strings.Trim(value, " \t") // no part of the value (RFC 9110 section 5.5)
	switch lower := strings.ToLower(name); {
	case strings.HasPrefix(text, ":"):
		c.note("--header", "a pseudo-header of HTTP/2 is the library's own")
	case !ok || name == "":
		c.note("--header", "without a colon it is no header; curl leaves it out too")
	case value == "":
		c.headers = append(c.headers, header{name, nil})
	case slices.Contains(managed, lower):
		c.note("--header", "the library writes "+lower+" itself")
	default:
		c.headers = append(c.headers, header{name, &value})
	}
}

// given says whether -H sets or takes away the header.
func (c *command) given(name string) bool {
	return slices.ContainsFunc(c.headers, func(h header) bool { return strings.EqualFold(h.name, name) })
}

// take removes the headers of that name and returns the last one.
func (c *command) take(name string) (value *string, given bool) {
	c.headers = slices.DeleteFunc(c.headers, func(h header) bool {
		if !strings.EqualFold(h.name, name) {
			return false
		}
		value, given = h.value, true
		return true
	})
	return value, given
}

// add sends a header that has an option of its own, unless -H says it.
func (c *command) add(name, value, option string) {
	if c.given(name) {
		c.note(option, "the header of --header is sent, as curl does")
		return
	}
	value = strings.Trim(value, " \t")
	c.headers = append(c.headers, header{name, &value})
}

// headerRows are all headers as the document has them. Rows of one name become
// one row with an array, for of two rows a document takes the last.
func (c *command) headerRows() []any {
	c.ownHeaders()
	var rows []any
	at := map[string]int{}
	for _, h := range c.headers {
		if h.value == nil {
			c.removed(h.name)
			continue
		}
		key := strings.ToLower(h.name)
		i, seen := at[key]
		if !seen {
			at[key] = len(rows)
			rows = append(rows, jsonvalue.Object{{Name: "name", Value: h.name}, {Name: "value", Value: *h.value}})
			continue
		}
		row := rows[i].(jsonvalue.Object)
		list, isList := row[1].Value.([]any)
		if !isList {
			list = []any{row[1].Value}
		}
		row[1].Value = append(list, *h.value)
	}
	return rows
}

// ownHeaders adds the headers that have options of their own.
func (c *command) ownHeaders() {
	if len(c.cookies) > 0 {
		c.add("Cookie", strings.Join(c.cookies, ";"), "--cookie")
	}
	if c.referer != nil {
		c.add("Referer", *c.referer, "--referer")
	}
	switch {
	case c.userAgent == nil:
	case strings.Trim(*c.userAgent, " \t") == "":
		c.note("--user-agent", "a request without a User-Agent is not sent; the library names itself")
	default:
		c.add("User-Agent", *c.userAgent, "--user-agent")
	}
	if c.user != nil && c.given("Authorization") {
		c.note("--user", "the header of --header is sent, as curl does")
		c.user = nil
	}
	if !c.given("Accept") {
		accept := "*/*"
		if c.data != nil && c.data.json {
			accept = "application/json"
		}
		c.headers = append(c.headers, header{"Accept", &accept})
	}
}

// removed notes the removal of a header, where it is not simply not sent.
func (c *command) removed(name string) {
	switch strings.ToLower(name) {
	case "accept":
	case "host", "user-agent":
		c.note("--header", "a request without "+name+" is not sent")
	default:
		c.note("--header", name+" is taken away; the library sends it only where the document says so")
	}
}

func (c *command) setUserAgent(_ *option, value string) error {
	c.userAgent = &value
	return nil
}

func (c *command) setReferer(_ *option, value string) error {
	value, auto := strings.CutSuffix(value, ";auto")
	if auto {
		c.note("--referer", "the Referer after redirects follows the library's rule")
	}
	c.referer = nil
	if value != "" {
		c.referer = &value
	}
	return nil
}

// addCookie takes a=b; without an equals sign it names a file of cookies.
func (c *command) addCookie(_ *option, value string) error {
	if !strings.Contains(value, "=") {
		c.note("--cookie", "a file of cookies is not read")
		return nil
	}
	c.cookies = append(c.cookies, value)
	return nil
}

func (c *command) setRange(_ *option, value string) error {
	if !c.given("Range") {
		value = "bytes=" + value
		c.headers = append(c.headers, header{"Range", &value})
	}
	return nil
}

func (c *command) setUser(_ *option, value string) error {
	c.user = &value
	return nil
}

func (c *command) setBearer(_ *option, value string) error {
	c.add("Authorization", "Bearer "+value, "--oauth2-bearer")
	return nil
}

func jsonNumber(s string) json.Number { return json.Number(s) }
