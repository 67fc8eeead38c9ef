module github.com/mtlshttp/mtlshttp/examples/spiffe

go 1.26.0

require (
	github.com/mtlshttp/mtlshttp v0.0.0
	github.com/spiffe/go-spiffe/v2 v2.9.0 // the Workload API's client
	github.com/stretchr/testify v1.12.1
	google.golang.org/grpc v1.79.3 // the tests' Workload API
)

require (
	github.com/Microsoft/go-winio v0.6.2 // indirect
	github.com/andybalholm/brotli v1.2.8 // indirect
	github.com/go-jose/go-jose/v4 v4.1.5 // indirect
	github.com/go-json-experiment/json v0.0.0-20260820222146-c27c302e5fc3 // indirect
	github.com/klauspost/compress v1.20.3 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20251202230838-ff82c1b0f217 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
)

replace github.com/mtlshttp/mtlshttp => ../..
