// Package blueprint reads exported scenarios of Make and Workfront Fusion and
// turns each of their HTTP modules, version 3 and version 4, into the request
// document of the HTTP module, with the rest of what matters beside it.
//
// Nothing of a module is passed over: every key of it is in the document, or is
// named by a Note (it has no place in a request) or by a Fault (it is wrong).
// Mapping expressions such as {{1.data}} stay in the document as they are and
// are listed with their fields; Module.Resolve fills them.
//
// Paths are written as in errors: flow[1].routes[0].flow[2].mapper.headers[0].name
// for the export, headers[0].name for the document.
//
// The keys of version 3 and 4, and the names of modules, parameters and
// keychain types, are those that exports carry.
package blueprint
