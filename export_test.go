package mtlshttp

import "slices"

// DocumentKeys are all keys of the request document.
func DocumentKeys() []string { return slices.Concat(keyNames(), bodyKeys) }
