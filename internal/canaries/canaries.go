// Package canaries holds secrets of every sort that tests give to requests, and
// finds them again in what tests and programs print, however they are spelled.
package canaries

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf16"
)

// The secrets that are text. None of them is to be seen by anybody but servers
// and proxies.
const (
	BasicPassword  = "C4nary00ofbasicpassword"
	URLPassword    = "C4nary01ofURLpassword"
	Bearer         = "C4nary02ofbearer"
	APIKey         = "C4nary03ofAPIkeyheader"
	QueryKey       = "C4nary04ofquerykey"
	Cookie         = "C4nary05ofcookie"
	FormPassword   = "C4nary06offormpassword"
	P12Password    = "C4nary07ofP12password"
	ClientSecret   = "C4nary08ofclientsecret"
	ProxyPassword  = "C4nary09ofproxypassword"
	MultipartValue = "C4nary10ofmultipartvalue"
)

// Seed is the secret part of an Ed25519 key (RFC 8032, section 5.1.5).
var Seed = func() []byte {
	sum := sha256.Sum256([]byte("the canary among the keys"))
	return sum[:]
}()

// Secrets are all of them, by what they are.
func Secrets() map[string]string {
	return map[string]string{"basic password": BasicPassword, "URL password": URLPassword, "bearer": Bearer, "API key header": APIKey,
		"query key": QueryKey, "cookie": Cookie, "form password": FormPassword, "P12 password": P12Password,
		"client secret": ClientSecret, "proxy password": ProxyPassword, "multipart value": MultipartValue, "PEM key": string(Seed)}
}

// words are what single tests use for a secret.
var words = []string{"hunter2", "hunter3", "hunter5", "kestrel-4711", "canary-of-a-token", "canary-session-cookie"}

// Spellings are the forms in which a secret can be printed: as it is, quoted,
// escaped, as UTF-16, in hexadecimal and decimal numbers, and in base64 at every
// place of a longer text.
func Spellings(secret string) []string {
	if forms, ok := spelled.Load(secret); ok {
		return forms.([]string)
	}
	forms := spell(secret)
	spelled.Store(secret, forms)
	return forms
}

// spelled are the spellings that were made, by secret.
var spelled sync.Map

func spell(secret string) []string {
	octets := []byte(secret)
	decimal := strings.Trim(fmt.Sprint(octets), "[]")
	forms := []string{secret, strings.Trim(strconv.Quote(secret), `"`), strings.Trim(strconv.QuoteToASCII(secret), `"`), wide(secret),
		hex.EncodeToString(octets), strings.ToUpper(hex.EncodeToString(octets)), fmt.Sprintf("% x", octets),
		decimal, strings.ReplaceAll(decimal, " ", ", "), strings.ReplaceAll(decimal, " ", ","),
		strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", octets), "[]byte{"), "}")}
	for before := range 3 {
		// What shares a character with its neighbours is left out.
		text := base64.StdEncoding.EncodeToString(append(make([]byte, before), octets...))
		first, last := (before*8+5)/6, (before+len(octets))*8/6
		forms = append(forms, text[first:last], strings.NewReplacer("+", "-", "/", "_").Replace(text[first:last]))
	}
	slices.Sort(forms)
	return slices.Compact(forms)
}

// wide is text as passwords of PKCS #12 are encoded (RFC 7292, appendix B.1).
func wide(text string) string {
	var b strings.Builder
	for _, unit := range utf16.Encode([]rune(text)) {
		b.Write([]byte{byte(unit >> 8), byte(unit)})
	}
	return b.String()
}

// Hit is a secret that was found.
type Hit struct {
	Secret string // what it is
	Line   int    // where its first spelling is, from 1
}

// Scan finds the secrets in what was printed.
func Scan(printed []byte) (hits []Hit) {
	secrets := Secrets()
	for i, word := range words {
		secrets["word "+strconv.Itoa(i+1)+" of single tests"] = word
	}
	for what, secret := range secrets {
		for _, form := range Spellings(secret) {
			if at := bytes.Index(printed, []byte(form)); at >= 0 {
				hits = append(hits, Hit{what, 1 + bytes.Count(printed[:at], []byte("\n"))})
				break
			}
		}
	}
	slices.SortFunc(hits, func(a, b Hit) int { return strings.Compare(a.Secret, b.Secret) })
	return hits
}
