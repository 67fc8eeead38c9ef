package curlcmd

import (
	"strconv"
	"strings"

	"github.com/mtlshttp/mtlshttp/internal/jsonvalue"
)

// Options say how to read a command line. The zero value is usable.
type Options struct {
	Shell Shell
	// ReadFile gives the content of the files that are part of the request's
	// data (-d @file, -T file, -H @file); "-" is standard input. Nil: such an
	// option is an error. Files of keys, certificates and form fields are only
	// named, never read.
	ReadFile func(name string) ([]byte, error)
	// CredentialName and CAName are the names in the keychain for --cert and
	// --cacert; empty: client and ca.
	CredentialName, CAName string
}

// Command is what a command line asks for.
type Command struct {
	Document   []byte      // the request document, JSON; as secret as the line
	Credential *Credential // --cert and --key; nil: none
	CA         *CA         // --cacert; nil: none
	Proxy      *Proxy      // -x; nil: none
	FormFiles  []string    // of -F name=@file, which the document names
	Notes      []Note
}

// Credential is an entry of a keychain: File, or Certificate and PrivateKey.
type Credential struct {
	Name                          string // in the keychain, as the document has it
	File, Certificate, PrivateKey string
	Type, KeyType                 string  // PEM, DER or P12 as the line says; empty: it does not
	Password                      *Secret // of File or PrivateKey; nil: none
}

// CA are the authorities to trust, in place of the system's.
type CA struct {
	Name string // in the keychain, as the document has it
	File string
}

// Proxy is where to go through.
type Proxy struct {
	URL      string // without user and password
	User     string
	Password Secret
}

// Parse reads a command line. Its errors are *Error.
func Parse(line string, o Options) (*Command, error) {
	words, notes, err := Split(line, o.Shell)
	if err != nil {
		return nil, err
	}
	for len(words) > 0 {
		name, _, assignment := strings.Cut(words[0], "=")
		switch {
		case words[0] == "$" || words[0] == "%":
			words = words[1:] // the prompt
			continue
		case assignment && name != "" && !strings.ContainsAny(name, "/:-. "):
			notes = append(notes, Note{Text: "variables set before the command are not used"})
			words = words[1:]
			continue
		}
		break
	}
	if len(words) == 0 || !isCurl(words[0]) {
		return nil, fail(NotCurl, "", "the command is not curl")
	}
	c, err := ParseArgs(words[1:], o)
	if err != nil {
		return nil, err
	}
	c.Notes = append(notes, c.Notes...)
	return c, nil
}

func isCurl(word string) bool {
	if i := strings.LastIndexAny(word, `/\`); i >= 0 {
		word = word[i+1:]
	}
	word = strings.ToLower(word)
	return word == "curl" || word == "curl.exe"
}

// ParseArgs reads the words after curl. Its errors are *Error.
func ParseArgs(words []string, o Options) (*Command, error) {
	c := &command{options: o, result: &Command{}, switches: map[string]bool{}}
	if err := c.read(words); err != nil {
		return nil, err
	}
	return c.finish()
}

// maxWords bounds a command, since headers are compared with each other.
const maxWords = 10_000

// off is the value of a switch that is given as --no-….
const off = "\x00off"

// command is what is known while the words are read.
type command struct {
	options Options
	result  *Command

	urls               []string
	method             string
	head, get, globoff bool
	location           bool
	maxRedirs          *int
	headers            []header
	cookies            []string
	userAgent, referer *string
	user               *string
	data               *data
	parts              []any
	upload             *string
	queries            []string
	timeout            string
	cert, certType     string
	key, keyType       string
	pass               *Secret
	ca                 string
	minTLS, maxTLS     string
	http1              bool
	proxyUser          string
	switches           map[string]bool // of the document
}

func (c *command) note(option, text string) {
	n := Note{option, text}
	for _, known := range c.result.Notes {
		if known == n {
			return
		}
	}
	c.result.Notes = append(c.result.Notes, n)
}

func (c *command) read(words []string) error {
	if len(words) > maxWords {
		return fail(TooLong, "", "there are more than %d words", maxWords)
	}
	flags := true
	for i := 0; i < len(words); i++ {
		word := words[i]
		var err error
		switch {
		case !flags || !strings.HasPrefix(word, "-") || word == "-":
			err = c.addURL(nil, word)
		case word == "--":
			flags = false
		case strings.HasPrefix(word, "--"):
			i, err = c.long(words, i)
		default:
			i, err = c.short(words, i)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *command) long(words []string, i int) (int, error) {
	o, on, err := find(words[i][2:])
	if err != nil {
		return i, err
	}
	value := ""
	if !on {
		value = off
	}
	if o.takes {
		if i++; i == len(words) {
			return i, fail(Argument, o.flag(), "its argument is missing")
		}
		value = words[i]
	}
	return i, c.apply(o, value)
}

// short reads a word of short options: the first that takes an argument takes
// the rest of the word, or the next one.
func (c *command) short(words []string, i int) (int, error) {
	word := words[i]
	for at := 1; at < len(word); at++ {
		o := byShort()[word[at]]
		if o == nil {
			return i, fail(UnknownOption, "-"+strings.ToValidUTF8(word[at:at+1], "?"), "no option of curl")
		}
		if !o.takes {
			if err := c.apply(o, ""); err != nil {
				return i, err
			}
			continue
		}
		value := word[at+1:]
		if value == "" {
			if i++; i == len(words) {
				return i, fail(Argument, o.flag(), "its argument is missing")
			}
			value = words[i]
		}
		return i, c.apply(o, value)
	}
	return i, nil
}

func (o *option) flag() string { return "--" + o.name }

func (c *command) apply(o *option, value string) error {
	switch {
	case o.apply != nil:
		return o.apply(c, o, value)
	case o.refuse != "":
		return fail(Unsupported, o.flag(), "%s", o.refuse)
	}
	c.note(o.flag(), o.note)
	return nil
}

// finish puts everything together, in the order of the document's keys.
func (c *command) finish() (*Command, error) {
	var doc jsonvalue.Object
	add := func(name string, v any) { doc = append(doc, jsonvalue.Member{Name: name, Value: v}) }
	if err := c.credential(); err != nil {
		return nil, err
	}
	if k := c.result.Credential; k != nil {
		add("credentials", k.Name)
	}
	c.addSwitch(&doc, "handleErrors")
	target, err := c.target()
	if err != nil {
		return nil, err
	}
	method, err := c.chooseMethod()
	if err != nil {
		return nil, err
	}
	add("url", target)
	add("method", method)
	body, err := c.body()
	if err != nil {
		return nil, err
	}
	if rows := c.headerRows(); len(rows) > 0 {
		add("headers", rows)
	}
	doc = append(doc, body...)
	if c.user != nil {
		user, password, hasPassword := strings.Cut(*c.user, ":")
		if !hasPassword {
			c.note("--user", "curl would ask for the password; it is empty here")
		}
		if user+password == "" {
			c.note("--user", "an empty user without a password is no authentication here")
		} else {
			add("authUser", user)
			add("authPass", password)
		}
	}
	if c.timeout != "" {
		add("timeout", jsonNumber(c.timeout))
	}
	if c.ca != "" {
		c.result.CA = &CA{Name: orDefault(c.options.CAName, "ca"), File: c.ca}
		add("ca", c.result.CA.Name)
		add("caOnly", true) // curl's --cacert replaces the system's authorities
	}
	c.addSwitch(&doc, "rejectUnauthorized")
	doc = append(doc, c.redirects()...)
	c.addSwitch(&doc, "gzip")
	doc = append(doc, c.protocol()...)
	if c.result.Proxy != nil && c.proxyUser != "" {
		user, password, _ := strings.Cut(c.proxyUser, ":")
		c.result.Proxy.User, c.result.Proxy.Password = user, Secret(password)
	}
	if c.result.Document, err = jsonvalue.Append(nil, doc); err != nil {
		return nil, fail(Syntax, "", "the request has no JSON form")
	}
	return c.result, nil
}

func (c *command) addSwitch(doc *jsonvalue.Object, field string) {
	if v, set := c.switches[field]; set {
		*doc = append(*doc, jsonvalue.Member{Name: field, Value: v})
	}
}

func setSwitch(field string, on bool) func(*command, *option, string) error {
	return func(c *command, _ *option, value string) error {
		c.switches[field] = on == (value != off)
		return nil
	}
}

func (c *command) chooseMethod() (string, error) {
	ways := 0
	for _, way := range []bool{c.head, c.data != nil && !c.get, c.parts != nil, c.upload != nil} {
		if way {
			ways++
		}
	}
	if ways > 1 {
		return "", fail(Conflict, "", "only one of --head, --data, --form and --upload-file can be meant")
	}
	switch {
	case c.method != "":
		if c.location {
			c.note("--request", "curl keeps this method over redirects; here a 301, 302 or 303 turns it into GET, unless it is HEAD")
		}
		return c.method, nil
	case c.head:
		return "HEAD", nil
	case c.get:
		return "GET", nil
	case c.upload != nil:
		return "PUT", nil
	case c.data != nil || c.parts != nil:
		return "POST", nil
	}
	return "GET", nil
}

func (c *command) setMethod(_ *option, value string) error {
	if value == "" || strings.ContainsAny(value, " \t\r\n") {
		return fail(Argument, "--request", "a method is one word")
	}
	c.method = strings.ToUpper(value)
	if c.method != value {
		c.note("--request", "the method is sent in capitals")
	}
	return nil
}

func (c *command) setHead(_ *option, value string) error {
	c.head = value != off
	return nil
}

func (c *command) setGet(_ *option, value string) error {
	c.get = value != off
	return nil
}

func (c *command) setTimeout(_ *option, value string) error {
	seconds, err := strconv.ParseFloat(value, 64)
	switch {
	case err != nil || seconds < 0 || !isDecimal(value):
		return fail(Argument, "--max-time", "a number of seconds is expected")
	case seconds == 0:
		c.timeout = ""
	case seconds < 1:
		c.timeout = "1"
		c.note("--max-time", "less than the least, which is 1 second")
	case seconds > 300:
		c.timeout = "300"
		c.note("--max-time", "more than the most, which is 300 seconds")
	default:
		c.timeout = strconv.FormatFloat(seconds, 'f', -1, 64)
	}
	return nil
}

func isDecimal(s string) bool { return strings.Trim(s, "0123456789.") == "" }

func orDefault(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
