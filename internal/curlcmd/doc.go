// Package curlcmd turns a curl command line into the request document of the
// HTTP module, and a document back into a command line.
//
// Lines are read as a POSIX shell, bash's $'…' included, and as Windows' cmd
// would split them, since both are what browsers' "copy as cURL" writes. Options
// are those of curl 8; one that has no place in a document is named by a Note,
// one without which the request would be another is an *Error.
//
// Passwords of key files are kept beside the document, as Secret. What curl
// sends without being asked (Accept: */*) is in the document; its User-Agent is
// not.
package curlcmd
