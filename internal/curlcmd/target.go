package curlcmd

import (
	"strconv"
	"strings"

	"github.com/mtlshttp/mtlshttp/internal/jsonvalue"
)

func (c *command) addURL(_ *option, value string) error {
	c.urls = append(c.urls, value)
	return nil
}

func (c *command) setGloboff(_ *option, value string) error {
	c.globoff = value != off
	return nil
}

// addQuery takes what --data-urlencode takes; after a plus it is sent as it is.
func (c *command) addQuery(o *option, value string) error {
	if raw, ok := strings.CutPrefix(value, "+"); ok {
		c.queries = append(c.queries, raw)
		return nil
	}
	text, err := c.encoded(o, value)
	if err != nil {
		return err
	}
	c.queries = append(c.queries, string(text))
	return nil
}

// target is the URL, with the data of -G and --url-query in its query.
func (c *command) target() (string, error) {
	switch {
	case len(c.urls) == 0:
		return "", fail(URL, "", "there is no URL")
	case len(c.urls) > 1:
		return "", fail(URL, "", "there are %d URLs, and one command line is one request", len(c.urls))
	}
	u := strings.TrimSpace(c.urls[0])
	scheme, rest, ok := strings.Cut(u, "://")
	switch {
	case !ok:
		c.note("", "the URL has no scheme; curl takes http")
		rest, u = u, "http://"+u
	case !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https"):
		return "", fail(URL, "", "the scheme is not http or https")
	}
	if rest == "" {
		return "", fail(URL, "", "there is no host in the URL")
	}
	if !c.globoff && isGlob(rest) {
		return "", fail(URL, "", "the URL has a pattern of curl, {…} or […]; --globoff takes it as it is")
	}
	if c.upload != nil {
		u = uploadURL(u, *c.upload)
	}
	var queries []string
	if c.get && c.data != nil {
		queries = append(queries, c.data.String())
	}
	return withQueries(u, append(queries, c.queries...)), nil
}

// isGlob says whether curl would make several URLs of one. An address in
// brackets is none.
func isGlob(rest string) bool {
	authority, path := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority, path = rest[:i], rest[i:]
	}
	return strings.ContainsAny(authority, "{}") || strings.ContainsAny(path, "{}[]")
}

// uploadURL adds the file's name where the path ends with a slash.
func uploadURL(u, file string) string {
	u, fragment, _ := strings.Cut(u, "#")
	path, query, hasQuery := strings.Cut(u, "?")
	if !strings.Contains(path[strings.Index(path, "://")+3:], "/") {
		path += "/"
	}
	if strings.HasSuffix(path, "/") && file != "-" && file != "." {
		name := file[strings.LastIndexAny(file, `/\`)+1:]
		path += strings.ReplaceAll(escapeForm(name), "+", "%20")
	}
	if hasQuery {
		path += "?" + query
	}
	if fragment != "" {
		path += "#" + fragment
	}
	return path
}

func withQueries(u string, queries []string) string {
	u, fragment, hasFragment := strings.Cut(u, "#")
	var b strings.Builder
	b.WriteString(u)
	next := "&"
	switch {
	case !strings.Contains(u, "?"):
		next = "?"
	case strings.HasSuffix(u, "?"), strings.HasSuffix(u, "&"):
		next = ""
	}
	for _, q := range queries {
		if q != "" {
			b.WriteString(next + q)
			next = "&"
		}
	}
	if hasFragment {
		b.WriteString("#" + fragment)
	}
	return b.String()
}

func (c *command) setLocation(o *option, value string) error {
	c.location = value != off
	if o.name == "location-trusted" {
		c.note(o.flag(), "secrets and the client certificate go to their own origin alone")
	}
	return nil
}

func (c *command) setMaxRedirs(o *option, value string) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < -1 {
		return fail(Argument, o.flag(), "a number of redirects is expected")
	}
	c.maxRedirs = &n
	return nil
}

const (
	curlRedirects = 50  // what curl follows without being told
	mostRedirects = 100 // what a document can say
)

func (c *command) redirects() []jsonvalue.Member {
	most := curlRedirects
	if c.maxRedirs != nil {
		most = *c.maxRedirs
	}
	switch {
	case !c.location:
		if c.maxRedirs != nil {
			c.note("--max-redirs", "without effect: redirects are not followed without --location")
		}
		return []jsonvalue.Member{{Name: "followRedirect", Value: false}}
	case most == 0:
		c.note("--max-redirs", "with 0 a redirect is an error in curl; here it is the response")
		return []jsonvalue.Member{{Name: "followRedirect", Value: false}}
	case most < 0 || most > mostRedirects:
		c.note("--max-redirs", "more than the most, which is 100")
		most = mostRedirects
	}
	return []jsonvalue.Member{{Name: "followRedirect", Value: true}, {Name: "followAllRedirects", Value: true}, {Name: "maxRedirects", Value: most}}
}
