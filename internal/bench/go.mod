module github.com/mtlshttp/mtlshttp/internal/bench

go 1.26.0

replace github.com/mtlshttp/mtlshttp => ../..

require (
	github.com/andybalholm/brotli v1.2.8
	github.com/carlmjohnson/requests v0.23.5
	github.com/clbanning/mxj/v2 v2.7.0
	github.com/hashicorp/go-retryablehttp v0.7.8
	github.com/klauspost/compress v1.20.3
	github.com/mtlshttp/mtlshttp v0.0.0-00010101000000-000000000000
	github.com/stretchr/testify v1.12.1
	resty.dev/v3 v3.0.0-rc.4
	software.sslmate.com/src/go-pkcs12 v0.7.4
)

require (
	github.com/go-json-experiment/json v0.0.0-20260820222146-c27c302e5fc3 // indirect
	github.com/google/go-cmp v0.7.0 // indirect
	github.com/hashicorp/go-cleanhttp v0.5.2 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)
