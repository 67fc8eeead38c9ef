package main

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/mtlshttp/mtlshttp"
)

// perHost is how many cookies a host of fill's sets.
const perHost = 20

// fill offers a jar so many cookies: the first ones of the server's own, the
// rest of hosts beside it.
func fill(jar *mtlshttp.Jar, server string, count int) error {
	own, err := url.Parse(server)
	if err != nil {
		return err
	}
	for begin := 0; begin < count; begin += perHost {
		u := own
		if begin > 0 {
			u = &url.URL{Scheme: "https", Host: fmt.Sprintf("host%d.example", begin), Path: "/"}
		}
		var cookies []*http.Cookie
		for i := begin; i < min(begin+perHost, count); i++ {
			cookies = append(cookies, &http.Cookie{Name: fmt.Sprint("cookie", i), Value: "a value of some length", Path: "/"})
		}
		jar.SetCookies(u, cookies)
	}
	return nil
}
