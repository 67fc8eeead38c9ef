package cookiejar

import (
	"fmt"
	"testing"
)

func BenchmarkHeader(b *testing.B) {
	for _, n := range []int{1, 20, 180, 1000, 10_000} {
		b.Run(fmt.Sprintf("%d cookies", n), func(b *testing.B) {
			jar := New(Options{Limits: Limits{PerHost: n, PerJar: n}})
			u := mustURL(b, "https://www.a.test/some/path")
			for i := range n {
				jar.Store(u, "", []string{fmt.Sprintf("n%d=value; Domain=a.test; Path=/", i)})
			}
			b.ReportAllocs()
			for b.Loop() {
				jar.Header(u, "")
			}
		})
	}
}

func BenchmarkStore(b *testing.B) {
	u := mustURL(b, "https://www.a.test/some/path")
	lines := []string{"sid=0123456789abcdef; Path=/; Domain=a.test; Secure; HttpOnly; SameSite=Lax; Expires=Fri, 04 Jul 2031 05:06:07 GMT"}
	jar := New(Options{})
	b.ReportAllocs()
	for b.Loop() {
		jar.Store(u, "", lines)
	}
}

// BenchmarkFlood is the price of a cookie that drives another one out.
func BenchmarkFlood(b *testing.B) {
	b.Run("one host", func(b *testing.B) {
		jar, u := New(Options{}), mustURL(b, "https://a.test/")
		for i := 0; b.Loop(); i++ {
			jar.Store(u, "", []string{fmt.Sprintf("n%d=1", i)})
		}
	})
	b.Run("many hosts", func(b *testing.B) {
		jar := New(Options{})
		for i := 0; b.Loop(); i++ {
			jar.Store(mustURL(b, fmt.Sprintf("https://h%d.test/", i)), "", []string{"a=1"})
		}
	})
	b.Run("over http beside Secure cookies", func(b *testing.B) {
		jar := New(Options{})
		for i := range 3000 {
			jar.Store(mustURL(b, fmt.Sprintf("https://h%d.a.test/", i)), "", []string{"a=1; Secure"})
		}
		u := mustURL(b, "http://b.test/")
		for b.Loop() {
			jar.Store(u, "", []string{"a=1"})
		}
	})
}
