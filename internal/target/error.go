package target

// Reason says why a URL cannot be used.
type Reason string

const (
	// Missing: there is no URL text at all.
	Missing Reason = "missing"
	// Relative: the text has no scheme, so it names no host.
	Relative Reason = "relative"
	// Scheme: the scheme is neither http nor https.
	Scheme Reason = "scheme"
	// MissingHost: nothing, or nothing that counts, stands between the
	// scheme and the path.
	MissingHost Reason = "missing-host"
	// Host: the host is no name and no address, or one that programs read
	// differently.
	Host Reason = "host"
	// Port: the port is not a number from 1 to 65535 in plain decimal.
	Port Reason = "port"
	// UserInfo: the user information is not percent-encoded UTF-8 text.
	UserInfo Reason = "userinfo"
	// Control: there is a control character in the text.
	Control Reason = "control"
	// TooLong: the URL is longer than the limit, whose name this is.
	TooLong Reason = "url"
	// Empty: a Location header has no value; it does not redirect.
	Empty Reason = "empty"
	// Credentials: a Location header carries user information.
	Credentials Reason = "credentials"
	// Location: a Location header cannot be resolved.
	Location Reason = "location"
	// BadPattern: a text is no pattern of origins.
	BadPattern Reason = "pattern"
)

// Error tells why a URL, a Location or a pattern was refused. It never holds a
// part of the text that it is about, because that may carry a secret.
type Error struct {
	Reason Reason
	Detail string // a fixed sentence
}

// Error returns the sentence.
func (e *Error) Error() string { return e.Detail }

func refuse(reason Reason, detail string) *Error { return &Error{Reason: reason, Detail: detail} }
