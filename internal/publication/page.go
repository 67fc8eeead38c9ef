package publication

import (
	"context"
	"html"
	"net/url"
	"strings"
)

const htmlType = "text/html; charset=utf-8"

// index is the page of all entries.
func index(ctx context.Context, entries []Entry) []byte {
	var body strings.Builder
	for _, e := range entries {
		body.WriteString("<h2>" + html.EscapeString(e.title()) + "</h2>\n" + e.links() + table(e.Read(ctx)))
	}
	return page("Client certificates", body.String())
}

func (e Entry) title() string {
	if e.Generation == "" {
		return e.Name
	}
	return e.Name + ", " + e.Generation
}

func (e Entry) links() string {
	address := html.EscapeString((&url.URL{Path: "./" + e.Path}).String())
	var b strings.Builder
	b.WriteString("<p>")
	for _, ending := range []string{"pem", "json", "html"} {
		b.WriteString(`<a href="` + address + "." + ending + `">` + strings.ToUpper(ending) + "</a> ")
	}
	return b.String() + "</p>\n"
}

func table(c *Certificate) string {
	if c == nil {
		return "<p>The certificate cannot be read now.</p>\n"
	}
	var b strings.Builder
	b.WriteString("<table>\n")
	for _, row := range c.Rows {
		b.WriteString("<tr><th>" + html.EscapeString(row[0]) + "</th><td>" + html.EscapeString(row[1]) + "</td></tr>\n")
	}
	return b.String() + "</table>\n<pre>" + html.EscapeString(c.PEM) + "</pre>\n"
}

func page(title, body string) []byte {
	title = html.EscapeString(title)
	return []byte("<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>" + title + "</title></head>\n<body>\n<h1>" +
		title + "</h1>\n" + body + "</body>\n</html>\n")
}
