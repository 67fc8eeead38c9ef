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
	"def": "text/plain", "list": "text/plain", "in": "text/plain", "shtml": "text/html", "less": "text/less",
	"mdx": "text/mdx", "ifb": "text/calendar", "vcard": "text/vcard", "vcs": "text/x-vcalendar", "sgml": "text/sgml",
	"srt": "application/x-subrip", "ttml": "application/ttml+xml", "tex": "application/x-tex", "latex": "application/x-latex",

	// data
	"json": "application/json", "map": "application/json", "jsonld": "application/ld+json",
	"geojson": "application/geo+json", "webmanifest": "application/manifest+json", "xml": "application/xml",
	"xsd": "application/xml", "xsl": "application/xml", "xslt": "application/xslt+xml", "wsdl": "application/wsdl+xml",
	"xhtml": "application/xhtml+xml", "atom": "application/atom+xml", "rss": "application/rss+xml",
	"toml": "application/toml", "sql": "application/x-sql", "js": "application/javascript", "mjs": "application/javascript",
	"wasm": "application/wasm", "sh": "application/x-sh", "php": "application/x-httpd-php",
	"xht": "application/xhtml+xml", "rng": "application/xml", "wadl": "application/vnd.sun.wadl+xml",
	"rdf": "application/rdf+xml", "xaml": "application/xaml+xml", "kml": "application/vnd.google-earth.kml+xml",
	"kmz": "application/vnd.google-earth.kmz", "gpx": "application/gpx+xml", "gml": "application/gml+xml",
	"json5": "application/json5", "cjs": "application/node", "jsx": "text/jsx", "coffee": "text/coffeescript",
	"pl": "application/x-perl", "tcl": "application/x-tcl", "java": "text/x-java-source", "c": "text/x-c", "h": "text/x-c",
	"cpp": "text/x-c", "appcache": "text/cache-manifest", "manifest": "text/cache-manifest", "mdb": "application/x-msaccess",

	// documents
	"pdf": "application/pdf", "ps": "application/postscript", "eps": "application/postscript",
	"doc": "application/msword", "dot": "application/msword", "xls": "application/vnd.ms-excel",
	"ppt":  "application/vnd.ms-powerpoint",
	"docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	"pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
	"odt":  "application/vnd.oasis.opendocument.text", "ods": "application/vnd.oasis.opendocument.spreadsheet",
	"odp": "application/vnd.oasis.opendocument.presentation", "epub": "application/epub+zip",
	"msg": "application/vnd.ms-outlook", "eml": "message/rfc822",
	"vsd":  "application/vnd.visio",
	"docm": "application/vnd.ms-word.document.macroenabled.12",
	"dotx": "application/vnd.openxmlformats-officedocument.wordprocessingml.template",
	"xlsm": "application/vnd.ms-excel.sheet.macroenabled.12", "xlsb": "application/vnd.ms-excel.sheet.binary.macroenabled.12",
	"xlt": "application/vnd.ms-excel", "xltx": "application/vnd.openxmlformats-officedocument.spreadsheetml.template",
	"pps": "application/vnd.ms-powerpoint", "pot": "application/vnd.ms-powerpoint",
	"ppsx": "application/vnd.openxmlformats-officedocument.presentationml.slideshow",
	"potx": "application/vnd.openxmlformats-officedocument.presentationml.template",
	"pptm": "application/vnd.ms-powerpoint.presentation.macroenabled.12", "odg": "application/vnd.oasis.opendocument.graphics",
	"ott": "application/vnd.oasis.opendocument.text-template", "pages": "application/vnd.apple.pages",
	"numbers": "application/vnd.apple.numbers", "key": "application/vnd.apple.keynote", "ai": "application/postscript",
	"mobi": "application/x-mobipocket-ebook", "mime": "message/rfc822", "mbox": "application/mbox",
	"xps": "application/vnd.ms-xpsdocument", "oxps": "application/oxps", "pub": "application/x-mspublisher",

	// archives and programs
	"zip": "application/zip", "gz": "application/gzip", "tar": "application/x-tar", "bz2": "application/x-bzip2",
	"7z": "application/x-7z-compressed", "rar": "application/vnd.rar", "jar": "application/java-archive",
	"apk": "application/vnd.android.package-archive", "swf": "application/x-shockwave-flash",
	"war": "application/java-archive", "ear": "application/java-archive", "class": "application/java-vm",
	"bz": "application/x-bzip", "xz": "application/x-xz", "cab": "application/vnd.ms-cab-compressed",
	"dmg": "application/x-apple-diskimage", "iso": "application/x-iso9660-image", "exe": "application/x-msdos-program",
	"dll": "application/x-msdownload", "msi": "application/x-msdownload", "bat": "application/x-msdownload",
	"deb": "application/x-debian-package", "rpm": "application/x-redhat-package-manager", "torrent": "application/x-bittorrent",

	// pictures and fonts
	"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "jpe": "image/jpeg", "gif": "image/gif",
	"bmp": "image/bmp", "webp": "image/webp", "svg": "image/svg+xml", "tif": "image/tiff", "tiff": "image/tiff",
	"ico": "image/vnd.microsoft.icon", "avif": "image/avif", "heic": "image/heic", "heif": "image/heif",
	"psd": "image/vnd.adobe.photoshop", "woff": "font/woff", "woff2": "font/woff2", "ttf": "font/ttf", "otf": "font/otf",
	"svgz": "image/svg+xml", "jp2": "image/jp2", "dxf": "image/vnd.dxf", "dwg": "image/vnd.dwg",
	"eot": "application/vnd.ms-fontobject", "ttc": "font/collection", "stl": "model/stl", "obj": "model/obj",
	"gltf": "model/gltf+json", "glb": "model/gltf-binary", "iges": "model/iges", "igs": "model/iges",

	// sound and moving pictures
	"mp3": "audio/mpeg", "wav": "audio/wave", "ogg": "audio/ogg", "oga": "audio/ogg", "m4a": "audio/mp4",
	"aac": "audio/x-aac", "flac": "audio/x-flac", "mid": "audio/midi", "midi": "audio/midi", "weba": "audio/webm",
	"mp4": "video/mp4", "m4v": "video/x-m4v", "mpeg": "video/mpeg", "mpg": "video/mpeg", "webm": "video/webm",
	"ogv": "video/ogg", "avi": "video/x-msvideo", "mov": "video/quicktime", "qt": "video/quicktime",
	"mkv": "video/x-matroska", "wmv": "video/x-ms-wmv", "flv": "video/x-flv", "3gp": "video/3gpp", "ts": "video/mp2t",
	"mp2": "audio/mpeg", "opus": "audio/ogg", "wma": "audio/x-ms-wma", "aif": "audio/x-aiff", "aiff": "audio/x-aiff",
	"amr": "audio/amr", "mpe": "video/mpeg", "3g2": "video/3gpp2", "asf": "video/x-ms-asf", "m3u": "audio/x-mpegurl",
	"m3u8": "application/vnd.apple.mpegurl", "mpd": "application/dash+xml",

	// keys and certificates
	"p12": "application/x-pkcs12", "pfx": "application/x-pkcs12", "p8": "application/pkcs8", "p10": "application/pkcs10",
	"p7b": "application/x-pkcs7-certificates", "p7c": "application/pkcs7-mime", "p7m": "application/pkcs7-mime",
	"p7s": "application/pkcs7-signature", "cer": "application/pkix-cert", "crl": "application/pkix-crl",
	"crt": "application/x-x509-ca-cert", "der": "application/x-x509-ca-cert", "pem": "application/x-x509-ca-cert",
	"asc": "application/pgp-keys", "sig": "application/pgp-signature", "pgp": "application/pgp-encrypted",
}
