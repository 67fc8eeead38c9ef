package mtlshttp

import "github.com/mtlshttp/mtlshttp/internal/document"

// DocumentKeys are all keys of the request document.
func DocumentKeys() []string { return document.Keys() }
