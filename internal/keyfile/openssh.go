package keyfile

func (x *extraction) openSSH(b []byte) error {
	x.named("openssh")
	return x.part(fault(UnsupportedFormat, "an OpenSSH private key"))
}
