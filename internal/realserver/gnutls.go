package realserver

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// gnutls-serv can only listen on every interface, and keeps what it prints to
// itself until a buffer is full. Loaded before the C library, this mends both.
const loopbackOnly = `#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

__attribute__((constructor)) static void unbuffered(void) { setvbuf(stdout, NULL, _IONBF, 0); }

int bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	int (*next)(int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "bind");
	if (addr->sa_family == AF_INET) {
		struct sockaddr_in a;
		memcpy(&a, addr, sizeof a);
		a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		return next(fd, (struct sockaddr *)&a, sizeof a);
	}
	errno = EADDRNOTAVAIL;
	return -1;
}
`

func gnutls(p *place) (args, env []string, err error) {
	source, library := p.write("loopback.c", []byte(loopbackOnly)), p.path("loopback.so")
	if out, err := exec.Command("gcc", "-shared", "-fPIC", "-o", library, source, "-ldl").CombinedOutput(); err != nil {
		return nil, nil, fmt.Errorf("gcc, which keeps gnutls-serv on loopback: %w: %s", err, out)
	}
	f := p.writePEM()
	priority := "NORMAL:-VERS-ALL:+" + strings.Join(p.versionNames(func(minor int) string {
		return fmt.Sprintf("VERS-TLS1.%d", minor)
	}), ":+")
	args = []string{"--http", "--port", strconv.Itoa(p.port), "--priority", priority,
		"--x509certfile", f.Certificate, "--x509keyfile", f.Key, "--alpn", "http/1.1"}
	switch p.Demand {
	case DemandNone:
		args = append(args, "--disable-client-cert")
	case DemandOptional:
		args = append(args, "--verify-client-cert")
	case DemandRequire:
		args = append(args, "--require-client-cert", "--verify-client-cert")
	}
	if p.verifies() {
		args = append(args, "--x509cafile", f.Trusted)
	}
	if f.CRL != "" {
		args = append(args, "--x509crlfile", f.CRL)
	}
	return args, []string{"LD_PRELOAD=" + library}, nil
}
