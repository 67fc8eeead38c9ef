module github.com/mtlshttp/mtlshttp

go 1.26.0

require (
	github.com/andybalholm/brotli v1.2.8 // content coding br (RFC 7932)
	github.com/go-json-experiment/json v0.0.0-20260820222146-c27c302e5fc3 // jsontext: JSON tokens with exact numbers; becoming encoding/json/jsontext
	github.com/klauspost/compress v1.20.3 // content coding zstd (RFC 8878)
	github.com/stretchr/testify v1.12.1 // tests alone
	go.uber.org/goleak v1.3.0 // tests alone
	golang.org/x/crypto v0.58.0 // key encryption of old files (Blowfish, RIPEMD-160, ChaCha20, Salsa20 of scrypt); stapled OCSP
	golang.org/x/net v0.62.0 // public suffixes, IDNA, field syntax
	golang.org/x/text v0.43.0 // tests alone: the charsets that our tables are made from; IDNA of x/net needs it too
	software.sslmate.com/src/go-pkcs12 v0.7.4 // writes the PKCS #12 of mtlstest; cross-check in tests
)

require (
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/sys v0.49.0 // indirect
)
