package replica

import (
	"fmt"
	"io"
	"net/http"

	"github.com/mtlshttp/mtlshttp/internal/tlsrecord"
)

// page is a refusal as an application's answer: its content type and text.
type page func(status int, reason string) (contentType, text string)

func nginxPage(status int, reason string) (string, string) {
	heading := fmt.Sprintf("%d %s", status, http.StatusText(status))
	title, second := heading, ""
	if reason != "" {
		title, second = fmt.Sprintf("%d %s", status, reason), "<center>"+reason+"</center>\r\n"
	}
	return "text/html", "<html>\r\n<head><title>" + title + "</title></head>\r\n<body>\r\n<center><h1>" + heading +
		"</h1></center>\r\n" + second + "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
}

func apachePage(status int, reason string) (string, string) {
	text := http.StatusText(status)
	if reason != "" {
		reason = "<p>Reason: " + reason + "</p>\n"
	}
	return "text/html; charset=iso-8859-1", fmt.Sprintf("<html><head>\n<title>%d %s</title>\n</head><body>\n<h1>%s</h1>\n%s</body></html>\n",
		status, text, text, reason)
}

func haproxyPage(status int, _ string) (string, string) {
	return "text/html", fmt.Sprintf("<html><body><h1>%d %s</h1>\nNot allowed by this server's rules.\n</body></html>\n", status, http.StatusText(status))
}

func plainPage(status int, reason string) (string, string) {
	if reason == "" {
		reason = "a client certificate is required here"
	}
	return "text/plain; charset=utf-8", reason + "\n"
}

// What the servers say; a diagnosis goes by these words.
const (
	nginxMissing        = "No required SSL certificate was sent"
	nginxInvalid        = "The SSL certificate error"
	nginxPlain          = "The plain HTTP request was sent to HTTPS port"
	apachePlain         = "You're speaking plain HTTP to an SSL-enabled server port."
	apachePostHandshake = "Cannot perform Post-Handshake Authentication."
)

const alertUnexpectedMessage = 10

// gnutlsPlain is an alert, whatever the client speaks.
var gnutlsPlain = tlsrecord.Plain(tlsrecord.TypeAlert, tlsrecord.FatalAlert(alertUnexpectedMessage))

// answer is a whole answer of HTTP/1.1, for a client without TLS.
func (m *manners) answer(status int, reason string) []byte {
	contentType, text := m.forbidden(status, reason)
	return fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nServer: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		status, http.StatusText(status), m.server, contentType, len(text), text)
}

// show answers a request by the server's page.
func (m *manners) show(w http.ResponseWriter, status int, reason string) {
	contentType, text := m.forbidden(status, reason)
	w.Header().Set("Content-Type", contentType)
	if status == http.StatusBadRequest {
		w.Header().Set("Connection", "close")
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) // the client may be gone
}
