package main

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/mtlshttp/mtlshttp"
)

// imported is a request that a text described.
type imported struct {
	Title    string            `json:"title"`
	Document *mtlshttp.Request `json:"document"`
	Notes    []mtlshttp.Note   `json:"notes"`
	Error    *mtlshttp.Error   `json:"error,omitempty"`
}

// importText reads a request document, an exported scenario or a curl command,
// whichever it is.
func (s *server) importText(w http.ResponseWriter, r *http.Request) {
	var call struct{ Text string }
	if !read(w, r, &call) {
		return
	}
	requests, err := importAny(r, strings.TrimSpace(call.Text))
	if err != nil {
		refuse(w, err)
		return
	}
	answer(w, requests)
}

func importAny(r *http.Request, text string) ([]imported, error) {
	switch {
	case text == "":
		return nil, fieldError("text", "there is nothing to import")
	case !strings.HasPrefix(text, "{"):
		return importCurl(text)
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &keys); err != nil {
		return nil, fieldError("text", "this begins like JSON and is none")
	}
	if keys["url"] != nil {
		request := new(mtlshttp.Request)
		if err := json.Unmarshal([]byte(text), request); err != nil {
			return nil, err
		}
		return []imported{{Title: "A request document", Document: request, Notes: list[mtlshttp.Note](nil)}}, nil
	}
	return importScenario(r, text)
}

func importCurl(text string) ([]imported, error) {
	command, err := mtlshttp.ImportCurl(text, nil)
	if err != nil {
		return nil, err
	}
	notes := list(command.Notes)
	note := func(option, text string) {
		notes = append(notes, mtlshttp.Note{Code: "curl", Path: option, Text: text})
	}
	// The names that the import gave stay, though the keychain does not have
	// them: a request that asks for a certificate is not sent without.
	if command.Credential != nil {
		note("--cert", "Extract the file of the client certificate; until then the request is not sent.")
	}
	if command.CA != nil {
		note("--cacert", "Extract the file of authorities; until then the request is not sent.")
	}
	if command.Proxy != nil {
		note("--proxy", "This page connects without a proxy.")
	}
	if len(command.FormFiles) > 0 {
		note("--form", "Files of a form are not read; put their content into the form.")
	}
	return []imported{{Title: "A curl command", Document: command.Request, Notes: notes}}, nil
}

func importScenario(r *http.Request, text string) ([]imported, error) {
	scenario, err := mtlshttp.ImportScenario(r.Context(), []byte(text), nil)
	if err != nil {
		return nil, err
	}
	out := make([]imported, 0, len(scenario.Modules))
	for _, m := range scenario.Modules {
		title := m.Title
		if title == "" {
			title = m.Name
		}
		one := imported{Title: "Module " + m.ID + ": " + title, Document: m.Request, Notes: list(m.Notes), Error: m.Err}
		for _, k := range m.Keychains {
			one.Notes = append(one.Notes, mtlshttp.Note{Code: "keychain", Path: k.Kind,
				Text: "The module used the keychain " + k.ID + " " + k.Label + ", which is not here. Extract its file, and choose it."})
		}
		out = append(out, one)
	}
	if len(out) == 0 {
		return nil, fieldError("text", "the scenario has no HTTP module")
	}
	return out, nil
}

// export writes a document as json or curl, or a run that has ended as har.
func (s *server) export(w http.ResponseWriter, r *http.Request) {
	var call struct {
		Document *mtlshttp.Request
		As       string
		Run      string // of har
		Reveal   bool   // secret values too
	}
	if !read(w, r, &call) {
		return
	}
	if call.Document == nil {
		refuse(w, fieldError("document", "there is nothing to export"))
		return
	}
	var text string
	var notes []mtlshttp.Note
	var err error
	switch call.As {
	case "curl":
		text, notes, err = mtlshttp.FormatCurl(call.Document, call.Reveal)
	case "json":
		text, err = formatJSON(call.Document, call.Reveal)
	case "har":
		text, err = s.formatHAR(call.Run, call.Reveal)
	default:
		err = fieldError("as", "an export is json, curl or har")
	}
	if err != nil {
		refuse(w, err)
		return
	}
	answer(w, map[string]any{"text": text, "notes": list(notes)})
}

func (s *server) formatHAR(run string, reveal bool) (string, error) {
	o := s.runs.get(run)
	if o == nil {
		return "", fieldError("run", "the run is no longer kept; run the request again")
	}
	archive, err := mtlshttp.FormatHAR(reveal, mtlshttp.Exchange{Request: o.request, Response: o.response, Err: o.err})
	return string(archive), err
}

func formatJSON(r *mtlshttp.Request, reveal bool) (string, error) {
	if !reveal {
		r = r.Redacted()
	}
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(r)
	return b.String(), err
}
