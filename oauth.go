package mtlshttp

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// OAuthClient is a client of an authorization server (RFC 6749). It makes the
// requests for tokens, out of one that says where and as whom to ask: URL,
// Credentials, UseMutualTLS, Roots and the like are taken from it.
//
// For golang.org/x/oauth2 put the *http.Client of Executor.Client into its
// context under oauth2.HTTPClient; examples/oauth2 does.
type OAuthClient struct {
	ID string
	// Secret authenticates the client. Empty: its certificate does, or
	// nothing (RFC 8705, section 2).
	Secret string
	// SecretInBody sends ID and secret among the form's fields, not as basic
	// authentication.
	SecretInBody bool
	Scope        string  // separated by spaces; empty: the server's own choice
	Params       []Param // further ones, such as resource or audience
}

// ClientCredentials makes the request for a token of the client itself (RFC
// 6749, section 4.4).
func (c OAuthClient) ClientCredentials(endpoint *Request) *Request {
	return c.grant(endpoint, Param{"grant_type", "client_credentials"})
}

// Refresh makes the request for a new token (RFC 6749, section 6).
func (c OAuthClient) Refresh(endpoint *Request, refreshToken string) *Request {
	return c.grant(endpoint, Param{"grant_type", "refresh_token"}, Param{"refresh_token", refreshToken})
}

func (c OAuthClient) grant(endpoint *Request, params ...Param) *Request {
	r := *endpoint
	r.Method, r.Auth = http.MethodPost, nil
	r.Headers = append(r.Headers[:len(r.Headers):len(r.Headers)], Header{"Accept", "application/json"})
	if c.Scope != "" {
		params = append(params, Param{"scope", c.Scope})
	}
	switch {
	case c.Secret == "":
		params = append(params, Param{"client_id", c.ID})
	case c.SecretInBody:
		params = append(params, Param{"client_id", c.ID}, Param{"client_secret", c.Secret})
	default: // each form-encoded first (RFC 6749, section 2.3.1)
		r.Auth = &BasicAuth{User: url.QueryEscape(c.ID), Password: url.QueryEscape(c.Secret)}
	}
	r.Body = Form(append(params, c.Params...)...)
	return &r
}

// Format writes no secret, whatever the verb.
func (c OAuthClient) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// String names the client.
func (c OAuthClient) String() string { return "OAuth client " + strconv.Quote(shown(c.ID)) }

// LogValue is String.
func (c OAuthClient) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalJSON fails: a secret stands in the document of a Request alone.
func (c OAuthClient) MarshalJSON() ([]byte, error) {
	return nil, fault(KindConfig, "secret", "not-serialisable", "a client with its secret is not written")
}

// Token is what an authorization server gave. Printed, it shows nothing, and
// it does not marshal: to store one, take its fields.
type Token struct {
	Access  string
	Type    string // Bearer, in most cases
	Refresh string // empty: none
	Scope   string // empty: as asked for
	Expires time.Time
}

// Format writes no secret, whatever the verb.
func (t Token) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, t.String()) }

// String says that there is a token, and no more.
func (t Token) String() string { return "token(" + printable(t.Type) + ")" }

// LogValue is String.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalJSON fails, lest a token be stored by accident.
func (t Token) MarshalJSON() ([]byte, error) {
	return nil, fault(KindConfig, "token", "not-serialisable", "a token is not written")
}

// errNoToken is the cause where an answer has no token in it.
var errNoToken = errors.New("the answer of the authorization server is no token")

// TokenOf reads the answer to a request for a token that arrived at a time,
// from which its expiry is counted; an unknown one is zero. A refusal is of kind
// status with the server's word for it as reason: invalid_client,
// invalid_grant, … (RFC 6749, section 5.2).
func TokenOf(resp *Response, arrived time.Time) (*Token, error) {
	var answer struct {
		Access  string `json:"access_token"`
		Type    string `json:"token_type"`
		Refresh string `json:"refresh_token"`
		Scope   string `json:"scope"`
		Expires any    `json:"expires_in"` // a number, or text with one
		Error   string `json:"error"`
	}
	err := json.Unmarshal(resp.Bytes(), &answer)
	if resp.StatusCode >= 400 || answer.Error != "" {
		return nil, &Error{Kind: KindStatus, Reason: errorCode(answer.Error), Phase: phaseBody, Type: statusType(resp.StatusCode),
			URL: resp.URL, Hops: resp.Hops, Response: resp, Err: &statusError{resp.StatusCode}}
	}
	if err != nil || answer.Access == "" || answer.Type == "" {
		return nil, &Error{Kind: KindParse, Reason: "token", Phase: phaseParse, Type: typeName(KindParse, 0),
			URL: resp.URL, Hops: resp.Hops, Response: resp, Err: errNoToken}
	}
	t := &Token{Access: answer.Access, Type: answer.Type, Refresh: answer.Refresh, Scope: answer.Scope}
	if seconds, err := strconv.ParseFloat(fmt.Sprint(answer.Expires), 64); err == nil && seconds > 0 && seconds < 1e9 {
		t.Expires = arrived.Add(time.Duration(seconds * float64(time.Second)))
	}
	return t, nil
}

// errorCode lets by what may be the server's word for a refusal, and no text of
// which nobody knows what is in it.
func errorCode(s string) string {
	odd := func(r rune) bool { return r != '_' && r != '-' && (r < 'a' || r > 'z') }
	if len(s) > 64 || strings.ContainsFunc(s, odd) {
		return ""
	}
	return s
}
