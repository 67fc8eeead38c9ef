package schemagen

// field is a key of the request document as a form shows it.
type field struct {
	key         string
	title, help string
	widget      string
	advanced    bool
	when        object // shown only where other keys have one of these values
	path        string // of the Go field; empty: as the table of keys has it
	shape       object // nil: as the table of keys has it
}

var (
	rawBody = of("bodyType", texts("raw"))
	follows = of("followRedirect", list(true))
)

// form lists the keys in the order of the module's form; those that the module
// does not have stand beside what they belong to.
var form = []field{
	{key: "credentials", title: "Client certificate", widget: "credentials", path: "Credentials",
		help: "The certificate and private key to authenticate with, by its name in the keychain. It is shown to the URL's own host alone."},
	{key: "handleErrors", title: "Error statuses are errors", widget: "switch",
		help: "A status of 400 or above ends the step with an error. Off: it is a result like any other."},
	{key: "url", title: "URL", widget: "url", path: "URL", shape: of("type", "string", "minLength", 1, "maxLength", 64<<10, "pattern", urlText),
		help: "Where the request goes: https:// or http://, a host, and what follows."},
	{key: "serializeUrl", title: "Escape the URL", widget: "switch", advanced: true,
		help: "Percent-encodes characters that a URL may not have, before it is used."},
	{key: "method", title: "Method", widget: "select", path: "Method", help: "What to do there. Any other method can be typed, in any case.",
		shape: of("type", texts("string", "null"), "default", "get", "anyOf", list(
			choice("get", "GET"), choice("head", "HEAD"), choice("post", "POST"), choice("put", "PUT"), choice("patch", "PATCH"), choice("delete", "DELETE"), choice("options", "OPTIONS"),
			of("type", "string", "pattern", "^["+nameChars+"]*$", "not", of("pattern", "^"+anyCase("connect")+"$")), of("type", "null")))},
	{key: "headers", title: "Headers", widget: "headers", path: "Headers", shape: rows(ref("headerRow"), ref("headerObject")),
		help: "Sent as they are given. Of two rows with the same name the last one is sent."},
	{key: "qs", title: "Query string", widget: "query", path: "Query", shape: rows(ref("queryRow"), of("type", "object")),
		help: "Parameters for the URL, escaped as they need to be. One that the URL has already takes this value."},
	{key: "bodyType", title: "Body type", widget: "select", path: "Body", help: "What the request carries.",
		shape: of("type", texts("string", "null"), "default", "", "oneOf", list(choice("", "Nothing"), choice("raw", "Raw"),
			choice("x_www_form_urlencoded", "Form, URL-encoded"), choice("multipart_form_data", "Form with files (multipart)"), of("type", "null")))},
	{key: "contentType", title: "Content type", widget: "select", path: "Body", when: rawBody, help: "What the content is. It is sent as the Content-Type header, unless there is one among the headers.",
		shape: of("type", texts("string", "number", "boolean", "null"), "default", "", "anyOf", list(choice("", "Not said"), choice("text/plain", "Text (text/plain)"), choice("application/json", "JSON (application/json)"),
			choice("application/xml", "XML (application/xml)"), choice("text/xml", "XML (text/xml)"), choice("text/html", "HTML (text/html)"), choice("application/octet-stream", "Bytes (application/octet-stream)"),
			choice("custom", "Another one"), scalar("pattern", lineText)))},
	{key: "customContentType", title: "Its media type", widget: "text", path: "Body", when: append(rawBody, of("contentType", texts("custom"))...),
		help: "Such as application/vnd.api+json.", shape: scalar("pattern", lineText)},
	{key: "data", title: "Content", widget: "body", path: "Body", when: rawBody, shape: of("anyOf", list(scalar(), ref("bytes"))),
		help: "Sent as it is, whatever the content type says."},
	{key: "formFields", title: "Fields", widget: "form", path: "Body", when: of("bodyType", texts("x_www_form_urlencoded")),
		shape: of("anyOf", list(of("type", "array", "items", ref("formRow")), of("type", "object"), of("type", texts("string", "null")))),
		help:  "The form's fields in their order. The whole form can also stand here as text."},
	{key: "formDataFields", title: "Fields", widget: "multipart", path: "Body", when: of("bodyType", texts("multipart_form_data")),
		shape: option("items", ref("part"), "maxItems", 10_000), help: "The form's texts and files in their order."},
	{key: "parseResponse", title: "Parse the response", widget: "switch",
		help: "JSON and XML become values that later steps can map. Off: the response is text or bytes."},
	{key: "authUser", title: "User name", widget: "text", path: "Auth.User", shape: scalar("pattern", `^[^:\x00-\x1f\x7f]*$`),
		help: "For basic authentication; empty: none."},
	{key: "authPass", title: "Password", widget: "password", path: "Auth.Password",
		shape: append(of("type", texts("string", "number", "boolean", "null", "object"), "pattern", `^[^\x00-\x1f\x7f]*$`), secretShape()...),
		help:  "For basic authentication."},
	{key: "timeout", title: "Timeout", widget: "number", advanced: true, path: "Timeout",
		shape: of("type", texts("number", "string", "null"), "minimum", 1, "maximum", 300, "pattern", "^$|"+seconds, "default", 40),
		help:  "Seconds that everything may take, redirects included: 1 to 300."},
	{key: "shareCookies", title: "Share cookies", widget: "switch", advanced: true,
		help: "Cookies are sent to and kept from all steps of the scenario that share them."},
	{key: "jar", title: "Cookie jar", widget: "text", advanced: true, path: "Jar",
		help: "The jar to share cookies in, by its name, where that is not the scenario's own."},
	{key: "ca", title: "Self-signed certificate", widget: "roots", advanced: true, path: "Roots.PEM",
		shape: text("anyOf", list(of("type", "null"), of("maxLength", 256, "not", of("pattern", "-----BEGIN")), of("pattern", `-----BEGIN[\s\S]{256}`), of("minLength", 257, "not", of("pattern", "-----BEGIN")))),
		help:  "The server's certificate or its authority, where public ones do not vouch for it: its text, or its name in the keychain. It is trusted beside the system's."},
	{key: "caOnly", title: "Trust nothing else", widget: "switch", advanced: true,
		help: "Trust the certificate above alone, not the system's authorities."},
	{key: "crl", title: "Revocation lists", widget: "list", advanced: true, path: "Roots.CRLs",
		shape: of("anyOf", list(of("$ref", "#/$defs/bytes"), of("type", "string", "pattern", "^$|-----BEGIN"), of("type", "null"),
			of("type", "array", "items", of("anyOf", list(ref("bytes"), of("type", "string", "pattern", "-----BEGIN")))))),
		help: "Certificate revocation lists as text. A server that is on one is refused, and so is all of an authority whose list is out of date."},
	{key: "rejectUnauthorized", title: "Verify the server", widget: "switch", advanced: true,
		help: "Refuse a server that cannot prove who it is. Off, anybody may answer in its place."},
	{key: "verify", title: "Exceptions", widget: "group", advanced: true, path: "Verify", when: of("rejectUnauthorized", list(true)),
		help: "Makes the verification of the server less strict, step by step; each step is named in the receipt.",
		shape: of("type", texts("object", "string", "null"), "maxLength", 0, "properties", of(
			"pins", of("title", "Pinned keys", "description", "SHA-256 sums of public keys, in hex or base64. Such a key vouches for the server by itself.", "x-order", 1, "x-widget", "list",
				"type", "array", "items", of("type", "string", "pattern", pin)),
			"name", of("title", "Other name", "description", "What the certificate must be for instead of the URL's host.", "x-order", 2, "x-widget", "text", "type", "string"),
			"skipName", append(innerFlag("Any name", "Take a certificate for any name that a trusted authority vouches for."), of("x-order", 3)...),
			"allowExpired", append(innerFlag("Any date", "Take a certificate that has expired, or is not valid yet."), of("x-order", 4)...)),
			"additionalProperties", false)},
	{key: "followRedirect", title: "Follow redirects", widget: "switch", advanced: true,
		help: "Go where the server sends the request, for methods that change nothing."},
	{key: "followAllRedirects", title: "Follow all redirects", widget: "switch", advanced: true, when: follows,
		help: "Do so for POST, PUT, PATCH and DELETE as well."},
	{key: "maxRedirects", title: "Most redirects", widget: "number", advanced: true, when: follows, path: "Redirect.Max",
		shape: of("type", texts("integer", "string", "null"), "minimum", 0, "maximum", 100, "pattern", redirects, "default", 10),
		help:  "How many are followed; one more is an error."},
	{key: "followOriginalHttpMethod", title: "Keep the method", widget: "switch", advanced: true, when: of("followAllRedirects", list(true)),
		help: "Send the same method and content again after 301 and 302, where otherwise a GET follows."},
	{key: "removeRefererHeader", title: "Send no Referer", widget: "switch", advanced: true, when: follows,
		help: "Do not tell the next server where the redirect came from."},
	{key: "allowDowngrade", title: "Allow from https to http", widget: "switch", advanced: true, when: follows,
		help: "Follow to an unencrypted address although the request has a secret, which is left behind."},
	{key: "useQuerystring", title: "Repeat keys of lists", widget: "switch", advanced: true,
		help: "A list becomes a=1&a=2. Off: a[0]=1&a[1]=2."},
	{key: "gzip", title: "Ask for compression", widget: "switch", advanced: true,
		help: "Lets the server compress its response, which is decompressed here."},
	{key: "useMtls", title: "Use mutual TLS", widget: "switch", advanced: true,
		help: "Present the platform's own certificate. The service must have it on its list."},
	{key: "origins", title: "Further hosts for the certificate", widget: "list", advanced: true, path: "Origins",
		shape: option("items", of("type", "string", "pattern", origin)),
		help:  "Where else, after a redirect, the client certificate may be shown: https://host:port, host or *.domain."},
	{key: "requireClientCertificate", title: "Insist on the certificate", widget: "switch", advanced: true,
		help: "Send nothing unless the server asked for the client certificate and it was presented."},
	{key: "confirmHandshake", title: "Wait for the server's verdict", widget: "switch", advanced: true,
		help: "On a new connection, wait as far as possible until the server has accepted the certificate before sending anything."},
	{key: "protocol", title: "Protocol versions", widget: "group", advanced: true, path: "Protocol",
		help: "Narrows the versions of TLS and HTTP that are offered.",
		shape: of("type", texts("object", "string", "null"), "maxLength", 0, "properties", of(
			"minTls", tlsVersion(1, "Least TLS version"), "maxTls", tlsVersion(2, "Most TLS version"),
			"http", of("title", "HTTP version", "x-order", 3, "x-widget", "select", "anyOf", list(of("const", 1, "title", "HTTP/1.1"), of("const", 2, "title", "HTTP/2"), of("enum", texts("1", "2")))),
			"renegotiate", append(innerFlag("Allow renegotiation", "Answer a server that asks for the certificate only once it has seen the path. TLS 1.2 and HTTP/1.1 only."), of("x-order", 4)...)),
			"additionalProperties", false)},
	{key: "secretHeaders", title: "Secret headers", widget: "list", advanced: true, path: "Secret",
		shape: option("items", of("type", "string", "pattern", "^["+nameChars+"]+$")),
		help:  "Names of headers that are never shown, and never sent to another host after a redirect."},
}

func tlsVersion(order int, title string) object {
	return of("title", title, "x-order", order, "x-widget", "select",
		"anyOf", list(choice("1.2", "TLS 1.2"), choice("1.3", "TLS 1.3"), of("enum", list(1.2, 1.3))))
}
