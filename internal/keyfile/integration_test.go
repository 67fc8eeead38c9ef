package keyfile

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The tests of this file run the tools that people make their files with, and
// read what these write. They run where MTLSHTTP_INTEGRATION is set; a tool
// that is missing is a failure then.

// workshop is a folder with the samples in PEM, and the tools.
type workshop struct {
	*testing.T
	folder string
}

func newWorkshop(t *testing.T, tools ...string) workshop {
	t.Helper()
	if os.Getenv("MTLSHTTP_INTEGRATION") == "" {
		t.Skip("needs the tools of others; set MTLSHTTP_INTEGRATION to run it")
	}
	for _, tool := range tools {
		_, err := exec.LookPath(tool)
		require.NoError(t, err)
	}
	w := workshop{t, t.TempDir()}
	for name, s := range samples() {
		w.write(name+".key", armour("PRIVATE KEY", s.pkcs8()))
		w.write(name+".crt", armour("CERTIFICATE", s.leaf))
	}
	s := samples()["rsa"]
	w.write("ca.pem", append(armour("CERTIFICATE", s.authority), armour("CERTIFICATE", s.top)...))
	w.write("chain.pem", bundle(s))
	return w
}

func (w workshop) write(name string, content []byte) {
	require.NoError(w, os.WriteFile(filepath.Join(w.folder, name), content, 0o600))
}

func (w workshop) read(name string) []byte {
	b, err := os.ReadFile(filepath.Join(w.folder, name))
	require.NoError(w, err)
	return b
}

// run runs a tool in the folder. Words are separated by spaces; a word in
// place of which {} stands is given apart, as passwords with spaces are.
func (w workshop) run(line string, apart ...string) []byte {
	w.Helper()
	var words []string
	for _, word := range strings.Fields(line) {
		if strings.Contains(word, "{}") {
			word, apart = strings.Replace(word, "{}", apart[0], 1), apart[1:]
		}
		words = append(words, word)
	}
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Dir = w.folder
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "JAVA_TOOL_OPTIONS=")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(w, err, "%s: %s%s", line, stderr.String(), out)
	return out
}

// sub gives each case of a matrix a test of its own.
func (w workshop) sub(name string, f func(w workshop)) {
	w.T.Run(name, func(t *testing.T) { f(workshop{t, w.folder}) })
}

var integrationPasswords = []string{"", "s3cret pass", "pässwörd 日本 😀"}

func TestIntegrationOpenSSLPKCS12(t *testing.T) {
	w := newWorkshop(t, "openssl")
	export := func(w workshop, sampleName, options, password string, o Options) {
		w.run("openssl pkcs12 -export -inkey "+sampleName+".key -in "+sampleName+".crt -certfile ca.pem -name {} -out f.p12 "+options+" -passout pass:{}", "my alias", password)
		legacy := ""
		if strings.Contains(options, "-legacy") {
			legacy = " -legacy"
		}
		w.run("openssl pkcs12 -in f.p12 -nodes -out f.pem -passin pass:{}"+legacy, password)
		o.Password = []byte(password)
		inv := mustOpen(w.T, samples()[sampleName], w.read("f.p12"), o)
		require.Equal(w, "my alias", inv.Identities[0].Alias)
		inv = mustOpen(w.T, samples()[sampleName], w.read("f.pem"), Options{})
		require.Equal(w, "my alias", inv.Identities[0].Alias)
	}
	for sampleName := range samples() {
		w.sub(sampleName, func(w workshop) { export(w, sampleName, "", "x", Options{}) })
	}
	for _, password := range integrationPasswords {
		for _, pbe := range []string{"NONE", "AES-128-CBC", "AES-192-CBC", "AES-256-CBC", "DES-EDE3-CBC", "PBE-SHA1-3DES", "PBE-SHA1-2DES",
			"-legacy PBE-SHA1-RC2-40", "-legacy PBE-SHA1-RC2-128", "-legacy PBE-SHA1-RC4-128", "-legacy PBE-SHA1-RC4-40"} {
			legacy, pbe, both := strings.Cut(pbe, " ")
			if !both {
				legacy, pbe = "", legacy
			}
			w.sub(pbe+" "+password, func(w workshop) {
				export(w, "p256", legacy+" -keypbe "+pbe+" -certpbe "+pbe, password, Options{})
			})
		}
	}
	for _, mac := range []string{"md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha512-256", "sha3-256"} {
		w.sub("MAC "+mac, func(w workshop) { export(w, "p256", "-macalg "+mac, "pässwörd", Options{}) })
	}
	w.sub("no MAC", func(w workshop) { export(w, "p256", "-nomac", "x", Options{AllowNoMAC: true}) })
	w.sub("one round", func(w workshop) { export(w, "p256", "-noiter -nomaciter", "x", Options{}) })
	w.sub("600,000 rounds", func(w workshop) { export(w, "p256", "-iter 600000", "x", Options{}) })
}

func TestIntegrationOpenSSLPKCS8(t *testing.T) {
	w := newWorkshop(t, "openssl")
	var options []string
	for _, v1 := range []string{"PBE-MD5-DES", "PBE-SHA1-DES", "PBE-MD5-RC2-64", "PBE-SHA1-RC2-64", "PBE-SHA1-3DES", "PBE-SHA1-2DES",
		"PBE-SHA1-RC2-40", "PBE-SHA1-RC2-128", "PBE-SHA1-RC4-40", "PBE-SHA1-RC4-128"} {
		options = append(options, "-v1 "+v1)
	}
	for _, v2 := range []string{"aes128", "aes192", "aes256", "des3", "des", "rc2"} {
		options = append(options, "-v2 "+v2)
	}
	for _, prf := range []string{"hmacWithSHA1", "hmacWithSHA224", "hmacWithSHA256", "hmacWithSHA384", "hmacWithSHA512", "hmacWithSHA512-256"} {
		options = append(options, "-v2 aes256 -v2prf "+prf)
	}
	options = append(options, "-scrypt", "-scrypt -scrypt_N 1024 -scrypt_r 4 -scrypt_p 3")
	for _, option := range options {
		for _, form := range []string{"PEM", "DER"} {
			w.sub(option+" "+form, func(w workshop) {
				const providers = " -provider legacy -provider default"
				w.run("openssl pkcs8 -topk8 -in p256.key -out f.key -outform "+form+" "+option+providers+" -passout pass:{}", "pässwörd")
				w.run("openssl pkcs8 -in f.key -out /dev/null -inform "+form+providers+" -passin pass:{}", "pässwörd")
				inv, err := ExtractPair(context.Background(), w.read("chain.pem"), w.read("f.key"), Options{Password: []byte("pässwörd")})
				require.NoError(w, err)
				require.Equal(w, samples()["p256"].key, inv.Keys[0].Private)
				_, err = Extract(context.Background(), w.read("f.key"), Options{Password: []byte("x")})
				require.ErrorIs(w, err, WrongPassword)
			})
		}
	}
}

func TestIntegrationOpenSSLTraditional(t *testing.T) {
	w := newWorkshop(t, "openssl")
	for _, name := range []string{"rsa", "p256", "p521"} {
		for _, c := range []string{"", "-des", "-des3", "-aes128", "-aes192", "-aes256", "-rc2-cbc", "-rc2-40-cbc", "-rc2-64-cbc", "-bf-cbc", "-aes-128-ctr", "-aes-256-ctr"} {
			w.sub(name+" "+c, func(w workshop) {
				const providers = " -provider legacy -provider default"
				w.run("openssl pkey -traditional -in "+name+".key -out f.key "+c+providers+" -passout pass:{}", "pw ö")
				w.run("openssl pkey -in f.key -noout"+providers+" -passin pass:{}", "pw ö")
				mustOpen(w.T, samples()[name], append(w.read("f.key"), bundle(samples()[name])...), Options{Password: []byte("pw ö")})
			})
		}
	}
}

// Each type of key, and the SubjectPublicKeyInfo that OpenSSL writes for it.
func TestIntegrationOpenSSLKeyTypes(t *testing.T) {
	w := newWorkshop(t, "openssl")
	generate := map[string]string{
		"RSA 1024": "-algorithm RSA -pkeyopt rsa_keygen_bits:1024", "RSA 512": "-algorithm RSA -pkeyopt rsa_keygen_bits:512",
		"RSA 2048": "-algorithm RSA -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_primes:3",
		"Ed25519":  "-algorithm ED25519", "Ed448": "-algorithm ED448", "X25519": "-algorithm X25519", "X448": "-algorithm X448",
		"RSA-PSS 1024": "-algorithm RSA-PSS -pkeyopt rsa_keygen_bits:1024",
		"DH 2048":      "-algorithm DH -pkeyopt group:ffdhe2048",
	}
	for name, curve := range map[string]string{"P-192": "prime192v1", "P-224": "secp224r1", "P-256": "prime256v1", "P-384": "secp384r1", "P-521": "secp521r1",
		"secp256k1": "secp256k1", "brainpoolP256r1": "brainpoolP256r1", "brainpoolP384r1": "brainpoolP384r1", "brainpoolP512r1": "brainpoolP512r1",
		"1.3.132.0.26": "sect233k1"} {
		generate["EC "+name] = "-algorithm EC -pkeyopt ec_paramgen_curve:" + curve
	}
	for _, curve := range []string{"prime256v1", "secp256k1", "brainpoolP512r1"} {
		generate["EC explicit "+curve] = "-algorithm EC -pkeyopt ec_param_enc:explicit -pkeyopt ec_paramgen_curve:" + curve
	}
	for name, options := range generate {
		w.sub(name, func(w workshop) {
			w.run("openssl genpkey -out f.key " + options)
			want := sha256.Sum256(w.run("openssl pkey -in f.key -pubout -outform DER"))
			inv, err := Extract(context.Background(), w.read("f.key"), Options{})
			require.NoError(w, err)
			require.True(w, strings.HasPrefix(name, inv.Keys[0].String()), inv.Keys[0].String())
			require.Equal(w, fmt.Sprintf("%x", want), fmt.Sprintf("%x", inv.Keys[0].SPKISHA256))
		})
	}
}

func TestIntegrationOpenSSLPKCS7(t *testing.T) {
	w := newWorkshop(t, "openssl")
	for _, form := range []string{"PEM", "DER"} {
		w.run("openssl crl2pkcs7 -nocrl -certfile chain.pem -out f.p7b -outform " + form)
		w.run("openssl pkcs7 -in f.p7b -noout -print_certs -inform " + form)
		inv, err := ExtractPair(context.Background(), w.read("f.p7b"), w.read("rsa.key"), Options{})
		require.NoError(w, err)
		require.Len(w, inv.Identities[0].Chain, 2)
	}
}

func TestIntegrationKeytool(t *testing.T) {
	w := newWorkshop(t, "openssl", "keytool")
	w.run("openssl pkcs12 -export -inkey rsa.key -in rsa.crt -certfile ca.pem -name client -out in.p12 -passout pass:changeit")
	for kind, password := range map[string]string{"JKS": "pässwörd", "JCEKS": "changeit", "PKCS12": "s3cret pass"} {
		w.sub(kind, func(w workshop) {
			file, own := strings.ToLower(kind)+".store", password
			destKey := ""
			if kind != "PKCS12" {
				own, destKey = "key's own", " -destkeypass {}"
			}
			w.run("keytool -J-Dfile.encoding=UTF-8 -importkeystore -noprompt -srckeystore in.p12 -srcstoretype PKCS12 -srcstorepass changeit -srcalias client -srckeypass changeit"+
				" -destalias client -destkeystore "+file+" -deststoretype "+kind+" -deststorepass {}"+destKey, password, own)
			w.run("keytool -importcert -noprompt -alias anchor -file ca.pem -keystore "+file+" -storetype "+kind+" -storepass {}", password)
			if kind == "JCEKS" {
				w.run("keytool -genseckey -alias hidden -keyalg AES -keysize 128 -keystore "+file+" -storetype JCEKS -storepass {} -keypass {}", password, password)
			}
			w.run("keytool -list -keystore "+file+" -storetype "+kind+" -storepass {}", password)
			inv := mustOpen(w.T, samples()["rsa"], w.read(file), Options{Password: []byte(password), KeyPassword: []byte(own)})
			require.Equal(w, strings.ToLower(kind), inv.Format)
			require.Equal(w, "client", inv.Identities[0].Alias)
			anchors := 0
			for _, c := range inv.Certificates {
				if c.Alias == "anchor" {
					anchors++
					require.True(w, c.TrustAnchor)
				}
			}
			require.LessOrEqual(w, anchors, 1)
			_, err := Extract(context.Background(), w.read(file), Options{Password: []byte("wrong")})
			require.ErrorIs(w, err, WrongPassword)
		})
	}
	w.sub("legacy", func(w workshop) {
		w.run("keytool -J-Dkeystore.pkcs12.legacy -importkeystore -noprompt -srckeystore in.p12 -srcstorepass changeit -destkeystore legacy.p12 -deststoretype PKCS12 -deststorepass changeit")
		mustOpen(w.T, samples()["rsa"], w.read("legacy.p12"), Options{Password: []byte("changeit")})
	})
}

func TestIntegrationCerttool(t *testing.T) {
	w := newWorkshop(t, "certtool")
	for _, c := range []string{"3des-pkcs12", "aes-128", "aes-192", "aes-256", "rc2-40", "arcfour", "3des"} {
		w.sub(c, func(w workshop) {
			w.run("certtool --to-p12 --load-privkey rsa.key --load-certificate rsa.crt --load-ca-certificate ca.pem --p12-name client --password {} --outder --outfile f.p12 --pkcs-cipher "+c, "gtls ö")
			w.run("certtool --p12-info --inder --infile f.p12 --password {}", "gtls ö")
			inv, err := Extract(context.Background(), w.read("f.p12"), Options{Password: []byte("gtls ö")})
			require.NoError(w, err)
			identity, err := inv.Identity()
			require.NoError(w, err)
			require.Equal(w, samples()["rsa"].leaf, identity.Leaf.Raw)
			w.run("certtool --to-p8 --load-privkey rsa.key --password {} --outder --outfile f.p8 --pkcs-cipher "+c, "gtls ö")
			_, err = Extract(context.Background(), w.read("f.p8"), Options{Password: []byte("gtls ö")})
			require.NoError(w, err)
		})
	}
}

func TestIntegrationPK12util(t *testing.T) {
	w := newWorkshop(t, "openssl", "pk12util", "certutil")
	w.run("openssl pkcs12 -export -inkey rsa.key -in rsa.crt -certfile ca.pem -name client -out in.p12 -passout pass:x")
	w.run("certutil -N -d . --empty-password")
	w.run("pk12util -i in.p12 -d . -W x")
	for _, c := range []string{"", "-c AES-128-CBC -C AES-128-CBC", "-c AES-256-CBC -C AES-256-CBC",
		"-c {} -C {}"} {
		w.sub(c, func(w workshop) {
			w.run("pk12util -o f.p12 -n client -d . -W nss "+c, "PKCS #12 V2 PBE With SHA-1 And 3KEY Triple DES-CBC", "PKCS #12 V2 PBE With SHA-1 And 40 Bit RC2 CBC")
			w.run("pk12util -l f.p12 -d . -W nss")
			mustOpen(w.T, samples()["rsa"], w.read("f.p12"), Options{Password: []byte("nss")})
		})
	}
}

func TestIntegrationSSHKeygen(t *testing.T) {
	w := newWorkshop(t, "ssh-keygen")
	for _, kind := range []string{"rsa", "ecdsa", "ed25519"} {
		for _, form := range []string{"", "-Z aes128-ctr", "-Z aes256-cbc", "-Z 3des-cbc", "-Z aes256-gcm@openssh.com", "-Z chacha20-poly1305@openssh.com", "-m PKCS8", "-m PEM"} {
			if kind == "ed25519" && strings.HasPrefix(form, "-m") {
				continue
			}
			w.sub(kind+" "+form, func(w workshop) {
				name := "k" + strings.NewReplacer(" ", "", "@", "").Replace(kind+form)
				w.run("ssh-keygen -q -t "+kind+" -N {} -C {} -f "+name+" "+form, "pass phrase", "a comment")
				w.run("ssh-keygen -y -P {} -f "+name, "pass phrase")
				inv, err := Extract(context.Background(), w.read(name), Options{Password: []byte("pass phrase")})
				require.NoError(w, err)
				require.NotNil(w, inv.Keys[0].Private)
				_, err = Extract(context.Background(), w.read(name), Options{Password: []byte("wrong")})
				require.ErrorIs(w, err, WrongPassword)
			})
		}
	}
}

func TestIntegrationNodeJSONWebKeys(t *testing.T) {
	w := newWorkshop(t, "node")
	const program = `const c = require("crypto"), [kind, options] = JSON.parse(process.argv[1])
const pair = c.generateKeyPairSync(kind, options)
console.log(JSON.stringify({key: pair.privateKey.export({format: "jwk"}), public: pair.publicKey.export({type: "spki", format: "der"}).toString("hex")}))`
	for _, kind := range []string{`["rsa",{"modulusLength":2048}]`, `["ec",{"namedCurve":"P-256"}]`, `["ec",{"namedCurve":"P-384"}]`, `["ec",{"namedCurve":"P-521"}]`,
		`["ec",{"namedCurve":"secp256k1"}]`, `["ed25519",{}]`, `["ed448",{}]`, `["x25519",{}]`, `["x448",{}]`} {
		w.sub(kind, func(w workshop) {
			var made struct {
				Key    json.RawMessage
				Public string
			}
			require.NoError(w, json.Unmarshal(w.run("node -e {} {}", program, kind), &made))
			inv, err := Extract(context.Background(), made.Key, Options{})
			require.NoError(w, err)
			public, err := hex.DecodeString(made.Public)
			require.NoError(w, err)
			require.Equal(w, sha256.Sum256(public), inv.Keys[0].SPKISHA256)
		})
	}
}
