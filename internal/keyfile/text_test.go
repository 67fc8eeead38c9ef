package keyfile

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"
)

// lines replaces the line ends of a text.
func lines(text []byte, end string) []byte {
	return bytes.ReplaceAll(text, []byte("\n"), []byte(end))
}

func inUTF16(text []byte, bigEndian, mark bool) []byte {
	var out []byte
	units := utf16.Encode([]rune(string(text)))
	if mark {
		units = append([]uint16{0xfeff}, units...)
	}
	for _, unit := range units {
		if bigEndian {
			out = append(out, byte(unit>>8), byte(unit))
		} else {
			out = append(out, byte(unit), byte(unit>>8))
		}
	}
	return out
}

func TestWhatHappensToPEM(t *testing.T) {
	s := samples()["p256"]
	good := append(append(armour("PRIVATE KEY", s.pkcs8()), "text between\n"...), bundle(s)...)
	quoted, err := json.Marshal(map[string]string{"type": "account", "private_key": string(good)})
	require.NoError(t, err)
	b64 := base64.StdEncoding.EncodeToString
	var oneLine []byte
	for _, b := range scanPEM(good) {
		oneLine = append(oneLine, "-----BEGIN "+b.label+"-----"+b64(b.der)+"-----END "+b.label+"-----"...)
	}
	softBreaks := strings.ReplaceAll(strings.ReplaceAll(string(good), "=", "=3D"), "MI", "M=\r\nI")
	for name, text := range map[string][]byte{
		"as it is":            good,
		"CRLF":                lines(good, "\r\n"),
		"CR only":             lines(good, "\r"),
		"no line ends":        lines(good, " "),
		"one line":            oneLine,
		"indented":            lines(append([]byte("\t  "), good...), "\n\t  "),
		"quoted mail":         lines(append([]byte("> "), good...), "\n> "),
		"BOM":                 append([]byte("\ufeff"), good...),
		"UTF-16 BE":           inUTF16(good, true, true),
		"UTF-16 LE":           inUTF16(good, false, true),
		"UTF-16 LE bare":      inUTF16(good, false, false),
		"escaped":             lines(good, `\n`),
		"escaped CRLF":        lines(good, `\r\n`),
		"escaped twice":       lines(good, `\\n`),
		"shell":               []byte(`KEY="` + string(lines(good, `\n`)) + `"`),
		"continued":           lines(good, "\\\n"),
		"JSON":                quoted,
		"URL":                 []byte(url.PathEscape(string(good))),
		"form":                []byte("key=" + url.QueryEscape(string(good))),
		"form, spaces kept":   []byte(strings.ReplaceAll(url.QueryEscape(string(good)), "+", "%20")),
		"quoted-printable":    []byte(softBreaks),
		"base64 of it":        []byte(b64(good)),
		"base64 twice":        []byte(b64([]byte(b64(good)))),
		"YAML":                []byte("apiVersion: v1\ndata:\n  tls.crt: " + b64(bundle(s)) + "\n  tls.key: " + b64(armour("PRIVATE KEY", s.pkcs8())) + "\n"),
		"zeros at the ends":   []byte("\x00\x00" + string(good) + "\x00\x00"),
		"dashes of a chat":    bytes.ReplaceAll(good, []byte("-----"), []byte("——-")),
		"no-break spaces":     lines(good, "\u00a0\n"),
		"zero-width spaces":   lines(good, "\u200b\n"),
		"lower case":          bytes.ReplaceAll(bytes.ReplaceAll(good, []byte("BEGIN CERTIFICATE"), []byte("begin certificate")), []byte("END CERTIFICATE"), []byte("end certificate")),
		"other labels":        bytes.ReplaceAll(bytes.ReplaceAll(good, []byte(" CERTIFICATE"), []byte(" X509 CERTIFICATE")), []byte(" PRIVATE KEY"), []byte(" ANY PRIVATE KEY")),
		"wrong label":         bytes.ReplaceAll(good, []byte(" PRIVATE KEY"), []byte(" RSA PRIVATE KEY")),
		"Latin-1 in comments": append([]byte("subject=Z\xfcrich\n"), good...),
		"C":                   []byte("char key[] =\n\"" + string(lines(good, "\\n\"\n\"")) + "\";\n"),
		"JavaScript":          []byte("const key = \"" + string(lines(good, "\\n\" +\n  \"")) + "\";\n"),
		"HTML":                lines(good, "<br>"),
		"XHTML":               lines(good, "<br />"),
		"paragraphs":          lines(append([]byte("<p>"), good...), "</p>\n<p>"),
		"table":               lines(append([]byte("<tr><td>"), good...), "</td></tr>\n<tr><td>"),
		"XML":                 lines(good, "&#10;"),
		"XML, CRLF":           lines(good, "&#xD;&#xA;"),
		"XML, lower case":     lines(good, "&#x0a;"),
		"HTML numbers":        replaced(good, "+", "&#43;", "=", "&#x3D;", "/", "&#x2F;", "-", "&#45;"),
		"PowerShell":          lines(good, "`r`n"),
		"escapeJavaScript":    replaced(good, "\n", `\u000A`, "=", `\u003D`, "-", `\u002D`, "+", `\u002B`),
		"octal and hex":       replaced(good, "\n", `\012`, "=", `\x3d`),
		"Java":                []byte("String key =\n      \"" + string(lines(good, "\\n\"\n    + \"")) + "\";\n"),
		"PHP":                 []byte("$key = \"" + string(lines(good, "\\n\"\n  . \"")) + "\";\n"),
		"Visual Basic":        []byte("key = \"" + string(lines(good, "\" & vbLf & _\n\"")) + "\"\n"),
		"comments":            lines(append([]byte("// "), good...), "\n// "),
		"patch":               lines(append([]byte("+"), good...), "\n+"),
		"plus signs lost":     plusLost(good),
		"base64 of UTF-16":    []byte(b64(inUTF16(good, false, true))),
		"JSON, base64 of DER": []byte(strings.ReplaceAll(fmt.Sprintf(`{"key":%q,"chain":[%q,%q,%q]}`, b64(s.pkcs8()), b64(s.leaf), b64(s.authority), b64(s.top)), "/", `\/`)),
		"YAML of both":        []byte("ca.crt: |\n  " + string(lines(armour("CERTIFICATE", s.top), "\n  ")) + "\ntls.crt: " + b64(bundle(s)) + "\ntls.key: " + b64(armour("PRIVATE KEY", s.pkcs8())) + "\n"),
	} {
		t.Run(name, func(t *testing.T) {
			mustOpen(t, s, text, Options{})
		})
	}
}

func replaced(text []byte, oldnew ...string) []byte {
	return []byte(strings.NewReplacer(oldnew...).Replace(string(text)))
}

// plusLost makes spaces of the plus signs of base64.
func plusLost(text []byte) []byte {
	all := bytes.Split(text, []byte("\n"))
	for i, line := range all {
		all[i] = replaced(line, "+", " ")
	}
	return bytes.Join(all, []byte("\n"))
}

func TestFilesPutTogether(t *testing.T) {
	s := samples()["p256"]
	key, keyPEM := s.pkcs8(), armour("PRIVATE KEY", s.pkcs8())
	for name, parts := range map[string][][]byte{
		"DER":            {key, s.leaf, s.authority, s.top},
		"DER, lines":     {key, []byte("\n"), s.leaf, []byte("\r\n"), s.authority, []byte("\n"), s.top},
		"DER, then PEM":  {key, bundle(s)},
		"DER, line, PEM": {key, []byte("\n"), bundle(s)},
		"PEM, then DER":  {keyPEM, s.leaf, s.authority, s.top},
		"by turns":       {armour("CERTIFICATE", s.top), s.leaf, keyPEM, []byte("\n"), s.authority},
		"many turns":     bytes.SplitAfter(bytes.Repeat(append(append(append([]byte{}, key...), bundle(s)...), '\f'), 20), []byte("\f")),
		"BOM":            {[]byte("\ufeff"), key, s.leaf, s.authority, s.top},
		"blank line":     {[]byte("\r\n"), key, s.leaf, s.authority, s.top},
	} {
		t.Run(name, func(t *testing.T) {
			mustOpen(t, s, bytes.Join(parts, nil), Options{})
		})
	}
	inv := mustOpen(t, s, append(append(key, bundle(s)...), "not a credential"...), Options{})
	require.Empty(t, inv.Warnings)
}

func TestBinaryInText(t *testing.T) {
	s := samples()["p256"]
	p12 := testSchemes()[0].pkcs12(s, []byte("x"), testMAC("1.3.14.3.2.26", bmpFromUTF8([]byte("x"))))
	b64 := base64.StdEncoding.EncodeToString(p12)
	for name, text := range map[string]string{
		"base64":        b64,
		"base64, lines": string(bytes.Join(chunks([]byte(b64), 76), []byte("\r\n"))),
		"unpadded":      strings.TrimRight(b64, "="),
		"URL alphabet":  base64.RawURLEncoding.EncodeToString(p12),
		"quoted":        `"` + b64 + `"`,
		"assignment":    "PKCS12=" + b64,
		"JSON":          `{"name":"client","file":"` + b64 + `"}`,
		"folded YAML":   "name: client\nfile: |\n  " + string(bytes.Join(chunks([]byte(b64), 64), []byte("\n  "))) + "\nother: x\n",
		"XML":           "<a:X509Data>\n<a:X509Certificate>" + string(bytes.Join(chunks([]byte(b64), 76), []byte("\n"))) + "</a:X509Certificate>\n</a:X509Data>",
		"properties":    "file=" + string(bytes.Join(chunks([]byte(b64), 64), []byte("\n"))) + "\n",
		"data URL":      "data:application/x-pkcs12;base64," + b64,
		"hex":           hex.EncodeToString(p12),
		"HEX":           strings.ToUpper(hex.EncodeToString(p12)),
		"hex dump":      strings.Join(strings.Fields(fmt.Sprintf("% x", p12)), ":"),
		"armoured":      string(armour("PKCS12", p12)),
		"percent":       url.QueryEscape(b64),
		"form":          "pfx=" + url.QueryEscape(b64) + "&name=x",
		"PostgreSQL":    `\x` + hex.EncodeToString(p12),
		"list":          fmt.Sprintf("%#x", p12[:1]) + fmt.Sprintf(strings.Repeat(", %#x", len(p12)-1), octetsOf(p12[1:])...),
		"C":             "unsigned char p12[] = {\n  0x30" + fmt.Sprintf(strings.Repeat(",\n 0x%02x", len(p12)-1), octetsOf(p12[1:])...) + "\n};\nunsigned int p12_len = 9;\n",
		"Node.js":       `{"type":"Buffer","data":[48` + fmt.Sprintf(strings.Repeat(",%d", len(p12)-1), octetsOf(p12[1:])...) + "]}",
		"JSON, PHP":     `{"pfx":"` + strings.ReplaceAll(b64, "/", `\/`) + `"}`,
		"JSON, wrapped": `{"pfx":"` + string(bytes.Join(chunks([]byte(b64), 76), []byte(`\r\n`))) + `\r\n","name":"x"}`,
	} {
		t.Run(name, func(t *testing.T) {
			inv := mustOpen(t, s, []byte(text), Options{Password: []byte("x")})
			require.Equal(t, "pkcs12", inv.Format)
		})
	}
	store := base64.StdEncoding.EncodeToString(testStore(false, []byte("x"), []byte("x")))
	require.Equal(t, "jks", mustOpen(t, s, []byte(store), Options{Password: []byte("x")}).Format)
}

func octetsOf(b []byte) (list []any) {
	for _, octet := range b {
		list = append(list, octet)
	}
	return list
}

// What ends base64 may be of its alphabet.
func TestBase64ThatIsFollowedByALine(t *testing.T) {
	s := samples()["p256"]
	for padding := range 4 {
		p12 := testSchemes()[0].pkcs12(s, []byte("x"), testMAC("1.3.14.3.2.26", bmpFromUTF8([]byte("x"))))
		text := base64.StdEncoding.EncodeToString(append(p12, make([]byte, padding)...))
		for _, end := range []string{"--000000000000ab--", "---", "EOF", "--b", "--b--", "--b.c--", "--=_b--"} {
			mail := "Content-Transfer-Encoding: base64\n\n" + string(bytes.Join(chunks([]byte(text), 76), []byte("\n"))) + "\n" + end + "\n"
			mustOpen(t, s, []byte(mail), Options{Password: []byte("x")})
		}
	}
}

// A PEM block that is something else hides nothing.
func TestBinaryBesidePEM(t *testing.T) {
	s := samples()["p256"]
	p12 := testSchemes()[0].pkcs12(s, []byte("x"), testMAC("1.3.14.3.2.26", bmpFromUTF8([]byte("x"))))
	profile := "client\n<pkcs12>\n" + string(bytes.Join(chunks([]byte(base64.StdEncoding.EncodeToString(p12)), 64), []byte("\n"))) + "\n</pkcs12>\n" +
		"<tls-auth>\n-----BEGIN OpenVPN Static key V1-----\n" + strings.Repeat("0123456789abcdef0123456789abcdef\n", 16) + "-----END OpenVPN Static key V1-----\n</tls-auth>\n"
	mustOpen(t, s, []byte(profile), Options{Password: []byte("x")})
	_, err := Extract(context.Background(), []byte(profile), Options{Password: []byte("y")})
	require.ErrorIs(t, err, WrongPassword, describe(err))
}

func chunks(b []byte, size int) (out [][]byte) {
	for ; len(b) > size; b = b[size:] {
		out = append(out, b[:size])
	}
	return append(out, b)
}

func TestWhatIsNoCredential(t *testing.T) {
	s := samples()["p256"]
	spki := keyInfo(der(tagSequence, derOID(oidEd25519)), make([]byte, 32))
	for name, c := range map[string]struct {
		file    string
		kind    Kind
		message string
	}{
		"nothing":         {"", Empty, "empty"},
		"white space":     {" \n\t\r\n", Empty, "empty"},
		"HTML":            {"\n<!DOCTYPE html><html><body>Sign in</body></html>", Unrecognized, "HTML"},
		"JSON":            {`{"error":"not found"}`, Unrecognized, "JSON"},
		"text":            {"the key will follow by mail", Unrecognized, "text"},
		"ZIP":             {"PK\x03\x04\x14\x00\x00\x00", Unrecognized, "ZIP"},
		"random":          {"\x91\x00\x17\xfe\x80\x03\x04\x05", Unrecognized, "91 00 17 fe"},
		"public key":      {string(armour("PUBLIC KEY", spki)), NoCredential, "a public key (Ed25519)"},
		"public key, DER": {string(spki), NoCredential, "public key"},
		"SSH public key":  {"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI me@here", NoCredential, "SSH public key"},
		"PuTTY":           {"PuTTY-User-Key-File-3: ssh-rsa\n", UnsupportedFormat, "puttygen"},
		"cut-off JWK":     {` {"kty":"EC","crv":"P-256"`, Corrupt, "JSON Web Key"},
		"PVK":             {"\x1e\xf1\xb5\xb0\x00\x00\x00\x00", UnsupportedFormat, "-inform PVK"},
		"OpenPGP":         {"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQ\n=abcd\n-----END PGP PRIVATE KEY BLOCK-----\n", NoCredential, "OpenPGP"},
		"SSH2 public key": {"---- BEGIN SSH2 PUBLIC KEY ----\nComment: x\nAAAAB3NzaC1yc2EAAAADAQ\n---- END SSH2 PUBLIC KEY ----\n", NoCredential, "public key"},
		"attributes":      {string(armour("ATTRIBUTE CERTIFICATE", s.leaf)), NoCredential, "attribute certificate"},
		"other PEM":       {string(armour("NEBULA X25519 PRIVATE KEY", make([]byte, 32))), UnsupportedFormat, "NEBULA"},
		"cut off":         {string(armour("CERTIFICATE", s.leaf)[:300]), Corrupt, "END line"},
		"bad base64":      {"-----BEGIN CERTIFICATE-----\nMII*\n-----END CERTIFICATE-----\n", Corrupt, "base64"},
		"cut off, DER":    {string(s.leaf[:100]), Corrupt, "ends in the middle"},
		"empty PKCS #7":   {string(pkcs7Of()), NoCredential, "PKCS #7"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Extract(context.Background(), []byte(c.file), Options{})
			require.ErrorIs(t, err, c.kind, describe(err))
			require.ErrorContains(t, err, c.message)
		})
	}
}

func TestPKCS7(t *testing.T) {
	s := samples()["rsa"]
	file := pkcs7Of(s.top, s.leaf, s.authority)
	for _, form := range [][]byte{file, armour("PKCS7", file), armour("CMS", file), indefinite(must(whole(file)), 3),
		[]byte(base64.StdEncoding.EncodeToString(file))} {
		inv, err := Extract(context.Background(), form, Options{})
		require.NoError(t, err)
		require.Equal(t, "pkcs7", inv.Format)
		require.Len(t, inv.Certificates, 3)
		mustOpen(t, s, append(armour("PKCS7", file), armour("PRIVATE KEY", s.pkcs8())...), Options{})
	}
}

func TestManyUnfinishedBlocksAreReadOnce(t *testing.T) {
	text := bytes.Repeat([]byte("-----BEGIN CERTIFICATE-----\n"), 1<<20/28)
	_, err := Extract(context.Background(), text, Options{})
	require.ErrorIs(t, err, TooLarge)
	_, err = Extract(context.Background(), bytes.Repeat([]byte("-----BEGIN"), 1<<20/10), Options{})
	require.ErrorIs(t, err, Unrecognized)
	_, err = Extract(context.Background(), make([]byte, 1<<20+1), Options{})
	require.ErrorIs(t, err, TooLarge)
}

// A word beside others ends what it belongs to, else all that came before
// would be looked at again on each line.
func TestTokensAreLookedAtTwice(t *testing.T) {
	for _, line := range []string{"AAAA;\n", "AAAA x\n", "AAAA\n", "\"AAAA\";\n", "x AAAA\n", "--AA--\n"} {
		text := []byte(strings.Repeat("A", 40) + "\n" + strings.Repeat(line, 20_000))
		looked := 0
		for _, token := range tokens(text) {
			looked += len(token)
		}
		require.LessOrEqual(t, looked, 2*len(text), line)
	}
}
