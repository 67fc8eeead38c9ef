package blueprint

import "strings"

// usual are keys that people write by mistake, with the one of version 3 that
// they mean.
var usual = map[string]string{
	"uri": "url", "endpoint": "url", "address": "url",
	"verb": "method", "httpmethod": "method", "requestmethod": "method",
	"header": "headers", "httpheaders": "headers", "requestheaders": "headers",
	"query": "qs", "querystring": "qs", "params": "qs", "queryparams": "qs", "querystrings": "qs",
	"body": "data", "content": "data", "payload": "data", "requestbody": "data", "requestcontent": "data", "rawbody": "data",
	"json": "data", "bodycontent": "data", "bodydata": "data",
	"formdata": "formDataFields", "multipart": "formDataFields", "form": "formFields", "fields": "formFields",
	"mimetype": "contentType", "contenttypeheader": "contentType",
	"timeoutms": "timeout", "timeoutseconds": "timeout", "requesttimeout": "timeout",
	"username": "authUser", "user": "authUser", "password": "authPass", "pass": "authPass",
	"cookies": "shareCookies", "redirects": "followRedirect", "followredirects": "followRedirect",
	"verifyssl": "rejectUnauthorized", "insecure": "rejectUnauthorized", "strictssl": "rejectUnauthorized",
	"compressed": "gzip", "compression": "gzip", "mtls": "useMtls", "usemutualtls": "useMtls",
	"parse": "parseResponse", "parsejson": "parseResponse", "throwerrors": "handleErrors",
	"errorhandling": "handleErrors", "evaluateallstatesaserrors": "handleErrors",
	"cacertificate": "ca", "cacert": "ca", "selfsignedcertificate": "ca",
}

// renamed are the keys of version 3 with their names in version 4.
var renamed = map[string]string{
	"qs": "queryParameters", "handleErrors": "stopOnHttpError", "gzip": "requestCompressedContent",
	"followRedirect": "allowRedirects", "followAllRedirects": "allowRedirects", "useMtls": "tlsType",
	"formFields": "urlEncodedBodyContent", "formDataFields": "multipartBodyContent",
	"data": "rawBodyContent or jsonStringBodyContent", "bodyType": "contentType", "customContentType": "contentTypeValue",
	"ca": "tlsType", "authUser": "authenticationType", "authPass": "authenticationType",
}

// nearest returns the known key that name is probably meant to be, or "".
func nearest(name string, known []string) string {
	lower := strings.ToLower(name)
	best, distance := "", max(1, min(2, len(name)/3))+1
	for _, k := range known {
		if d := editDistance(lower, strings.ToLower(k), distance); d < distance {
			best, distance = k, d
		}
	}
	return best
}

// editDistance is the Levenshtein distance of a and b, or at least limit where
// it would be more.
func editDistance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
