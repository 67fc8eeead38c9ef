package cookiejar

import "strconv"

// Reason says why a cookie was not taken.
type Reason string

// The reasons.
const (
	// Malformed: no name, or bytes where a stored cookie cannot have them.
	Malformed Reason = "malformed"
	// ControlByte: a byte below 0x20 or 0x7f.
	ControlByte Reason = "control-byte"
	// TooLarge: name and value together pass Limits.NameValue.
	TooLarge Reason = "too-large"
	// ForeignDomain: the Domain attribute is neither the host nor above it.
	ForeignDomain Reason = "foreign-domain"
	// PublicSuffix: the Domain attribute covers the domains of strangers.
	PublicSuffix Reason = "public-suffix"
	// NotSecure: a Secure cookie over http, other than from this machine.
	NotSecure Reason = "not-secure"
	// SecureExists: over http, and it would replace or shadow a Secure cookie.
	SecureExists Reason = "secure-exists"
	// Prefix: the name begins with __Secure- or __Host- and the cookie is not
	// what that promises.
	Prefix Reason = "prefix"
	// NoOrigin: an entry without origin in a jar that isolates origins.
	NoOrigin Reason = "no-origin"
)

// Refusal is a cookie that was not taken. It names no name and no value: both
// may be secret.
type Refusal struct {
	Index  int // in the lines or entries that were given
	Reason Reason
}

// RestoreError lists the entries that Restore did not take, in their order.
// All others were restored.
type RestoreError struct{ Refused []Refusal }

// Error names the first entry and counts the others.
func (e *RestoreError) Error() string {
	if len(e.Refused) == 0 {
		return "cookies not restored"
	}
	text := "cookie " + strconv.Itoa(e.Refused[0].Index) + " not restored: " + string(e.Refused[0].Reason)
	if more := len(e.Refused) - 1; more > 0 {
		text += " (and " + strconv.Itoa(more) + " more)"
	}
	return text
}
