package multipart

import (
	"path"
	"strings"
)

const octetStream = "application/octet-stream"

// TypeByName returns the content type that a file's name stands for, or
// application/octet-stream. It does not ask the system, whose answer differs
// from one machine to the next. A name without a dot may be an extension itself.
func TypeByName(name string) string {
	base := baseName(name)
	extension := base[strings.LastIndexByte(base, '.')+1:]
	if base != name && (path.Ext(base) == "" || path.Ext(base) == base) {
		return octetStream
	}
	if t, ok := types[strings.ToLower(extension)]; ok {
		return t
	}
	return octetStream
}

// types are the content types of the extensions that people upload, as the npm
// package mime-types gives them.
var types = map[string]string{
	// text
	"txt": "text/plain", "text": "text/plain", "log": "text/plain", "conf": "text/plain", "ini": "text/plain",
	"html": "text/html", "htm": "text/html", "css": "text/css", "csv": "text/csv", "md": "text/markdown",
	"markdown": "text/markdown", "yaml": "text/yaml", "yml": "text/yaml", "tsv": "text/tab-separated-values",
	"ics": "text/calendar", "vcf": "text/x-vcard", "vtt": "text/vtt", "rtf": "application/rtf",

	// data
	"json": "application/json", "map": "application/json", "jsonld": "application/ld+json",
	"geojson": "application/geo+json", "webmanifest": "application/manifest+json", "xml": "application/xml",
	"xsd": "application/xml", "xsl": "application/xml", "xslt": "application/xslt+xml", "wsdl": "application/wsdl+xml",
	"xhtml": "application/xhtml+xml", "atom": "application/atom+xml", "rss": "application/rss+xml",
	"toml": "application/toml", "sql": "application/x-sql", "js": "application/javascript", "mjs": "application/javascript",
	"wasm": "application/wasm", "sh": "application/x-sh", "php": "application/x-httpd-php",

	// documents
	"pdf": "application/pdf", "ps": "application/postscript", "eps": "application/postscript",
	"doc": "application/msword", "dot": "application/msword", "xls": "application/vnd.ms-excel",
	"ppt":  "application/vnd.ms-powerpoint",
	"docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	"pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
	"odt":  "application/vnd.oasis.opendocument.text", "ods": "application/vnd.oasis.opendocument.spreadsheet",
	"odp": "application/vnd.oasis.opendocument.presentation", "epub": "application/epub+zip",
	"msg": "application/vnd.ms-outlook", "eml": "message/rfc822", "mpp": "application/vnd.ms-project",
	"vsd": "application/vnd.visio",

	// archives and programs
	"zip": "application/zip", "gz": "application/gzip", "tar": "application/x-tar", "bz2": "application/x-bzip2",
	"7z": "application/x-7z-compressed", "rar": "application/vnd.rar", "jar": "application/java-archive",
	"apk": "application/vnd.android.package-archive", "swf": "application/x-shockwave-flash",

	// pictures and fonts
	"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "jpe": "image/jpeg", "gif": "image/gif",
	"bmp": "image/bmp", "webp": "image/webp", "svg": "image/svg+xml", "tif": "image/tiff", "tiff": "image/tiff",
	"ico": "image/vnd.microsoft.icon", "avif": "image/avif", "heic": "image/heic", "heif": "image/heif",
	"psd": "image/vnd.adobe.photoshop", "woff": "font/woff", "woff2": "font/woff2", "ttf": "font/ttf", "otf": "font/otf",

	// sound and moving pictures
	"mp3": "audio/mpeg", "wav": "audio/wave", "ogg": "audio/ogg", "oga": "audio/ogg", "m4a": "audio/mp4",
	"aac": "audio/x-aac", "flac": "audio/x-flac", "mid": "audio/midi", "midi": "audio/midi", "weba": "audio/webm",
	"mp4": "video/mp4", "m4v": "video/x-m4v", "mpeg": "video/mpeg", "mpg": "video/mpeg", "webm": "video/webm",
	"ogv": "video/ogg", "avi": "video/x-msvideo", "mov": "video/quicktime", "qt": "video/quicktime",
	"mkv": "video/x-matroska", "wmv": "video/x-ms-wmv", "flv": "video/x-flv", "3gp": "video/3gpp", "ts": "video/mp2t",

	// keys and certificates
	"p12": "application/x-pkcs12", "pfx": "application/x-pkcs12", "p8": "application/pkcs8", "p10": "application/pkcs10",
	"p7b": "application/x-pkcs7-certificates", "p7c": "application/pkcs7-mime", "p7m": "application/pkcs7-mime",
	"p7s": "application/pkcs7-signature", "cer": "application/pkix-cert", "crl": "application/pkix-crl",
	"crt": "application/x-x509-ca-cert", "der": "application/x-x509-ca-cert", "pem": "application/x-x509-ca-cert",
}
