package keyfile

// The object identifiers that the code switches on.
const (
	oidPBES2     = "1.2.840.113549.1.5.13"
	oidPBKDF2    = "1.2.840.113549.1.5.12"
	oidPBMAC1    = "1.2.840.113549.1.5.14"
	oidScrypt    = "1.3.6.1.4.1.11591.4.11"
	oidAES128CBC = "2.16.840.1.101.3.4.1.2"
	oidAES192CBC = "2.16.840.1.101.3.4.1.22"
	oidAES256CBC = "2.16.840.1.101.3.4.1.42"

	oidRSA     = "1.2.840.113549.1.1.1"
	oidRSAPSS  = "1.2.840.113549.1.1.10"
	oidDSA     = "1.2.840.10040.4.1"
	oidDH      = "1.2.840.113549.1.3.1"
	oidDHX     = "1.2.840.10046.2.1"
	oidEC      = "1.2.840.10045.2.1"
	oidX25519  = "1.3.101.110"
	oidX448    = "1.3.101.111"
	oidEd25519 = "1.3.101.112"
	oidEd448   = "1.3.101.113"

	oidData          = "1.2.840.113549.1.7.1"
	oidSignedData    = "1.2.840.113549.1.7.2"
	oidEnvelopedData = "1.2.840.113549.1.7.3"
	oidEncryptedData = "1.2.840.113549.1.7.6"
)

// algorithmNames name what a message may have to name.
var algorithmNames = map[string]string{
	oidPBES2: "PBES2", oidPBKDF2: "PBKDF2", oidPBMAC1: "PBMAC1", oidScrypt: "scrypt",
	"1.2.840.113549.1.5.1": "pbeWithMD2AndDES-CBC", "1.2.840.113549.1.5.3": "pbeWithMD5AndDES-CBC",
	"1.2.840.113549.1.5.4": "pbeWithMD2AndRC2-CBC", "1.2.840.113549.1.5.6": "pbeWithMD5AndRC2-CBC",
	"1.2.840.113549.1.5.10": "pbeWithSHA1AndDES-CBC", "1.2.840.113549.1.5.11": "pbeWithSHA1AndRC2-CBC",
	"1.2.840.113549.1.12.1.1": "pbeWithSHAAnd128BitRC4", "1.2.840.113549.1.12.1.2": "pbeWithSHAAnd40BitRC4",
	"1.2.840.113549.1.12.1.3": "pbeWithSHAAnd3-KeyTripleDES-CBC", "1.2.840.113549.1.12.1.4": "pbeWithSHAAnd2-KeyTripleDES-CBC",
	"1.2.840.113549.1.12.1.5": "pbeWithSHAAnd128BitRC2-CBC", "1.2.840.113549.1.12.1.6": "pbeWithSHAAnd40BitRC2-CBC",
	oidAES128CBC: "AES-128-CBC", oidAES192CBC: "AES-192-CBC", oidAES256CBC: "AES-256-CBC",
	"2.16.840.1.101.3.4.1.1": "AES-128-ECB", "2.16.840.1.101.3.4.1.21": "AES-192-ECB", "2.16.840.1.101.3.4.1.41": "AES-256-ECB",
	"2.16.840.1.101.3.4.1.3": "AES-128-OFB", "2.16.840.1.101.3.4.1.23": "AES-192-OFB", "2.16.840.1.101.3.4.1.43": "AES-256-OFB",
	"2.16.840.1.101.3.4.1.4": "AES-128-CFB", "2.16.840.1.101.3.4.1.24": "AES-192-CFB", "2.16.840.1.101.3.4.1.44": "AES-256-CFB",
	"2.16.840.1.101.3.4.1.6": "AES-128-GCM", "2.16.840.1.101.3.4.1.26": "AES-192-GCM", "2.16.840.1.101.3.4.1.46": "AES-256-GCM",
	"1.2.840.113549.3.2": "RC2-CBC", "1.2.840.113549.3.4": "RC4", "1.2.840.113549.3.7": "DES-EDE3-CBC",
	"1.2.840.113549.3.9": "RC5-CBC", "1.3.14.3.2.7": "DES-CBC",
	"1.2.392.200011.61.1.1.1.2": "Camellia-128-CBC", "1.2.392.200011.61.1.1.1.3": "Camellia-192-CBC",
	"1.2.392.200011.61.1.1.1.4": "Camellia-256-CBC", "1.2.410.200004.1.4": "SEED-CBC",
	"1.2.410.200046.1.1.2": "ARIA-128-CBC", "1.2.410.200046.1.1.7": "ARIA-192-CBC", "1.2.410.200046.1.1.12": "ARIA-256-CBC",
	"1.2.156.10197.1.104.2": "SM4-CBC", "1.2.643.2.2.21": "GOST 28147-89", "1.2.643.2.2.10": "HMAC-GOSTR3411-94",
	"1.2.643.7.1.1.4.1": "HMAC-Streebog-256", "1.2.643.7.1.1.4.2": "HMAC-Streebog-512",
	"1.2.643.7.1.1.5.1.1": "Magma-CTR-ACPKM", "1.2.643.7.1.1.5.2.1": "Kuznyechik-CTR-ACPKM",

	oidRSA: "RSA", oidRSAPSS: "RSA-PSS", oidDSA: "DSA", oidDH: "DH", oidDHX: "DHX", oidEC: "EC",
	oidX25519: "X25519", oidX448: "X448", oidEd25519: "Ed25519", oidEd448: "Ed448",
	"1.2.840.113549.1.1.7": "RSAES-OAEP", "1.3.132.1.12": "ECDH", "1.3.132.1.13": "ECMQV",
	"2.16.840.1.101.3.4.3.17": "ML-DSA-44", "2.16.840.1.101.3.4.3.18": "ML-DSA-65", "2.16.840.1.101.3.4.3.19": "ML-DSA-87",
	"2.16.840.1.101.3.4.4.1": "ML-KEM-512", "2.16.840.1.101.3.4.4.2": "ML-KEM-768", "2.16.840.1.101.3.4.4.3": "ML-KEM-1024",
	"2.16.840.1.101.3.4.3.20": "SLH-DSA-SHA2-128s", "2.16.840.1.101.3.4.3.21": "SLH-DSA-SHA2-128f",
	"2.16.840.1.101.3.4.3.22": "SLH-DSA-SHA2-192s", "2.16.840.1.101.3.4.3.23": "SLH-DSA-SHA2-192f",
	"2.16.840.1.101.3.4.3.24": "SLH-DSA-SHA2-256s", "2.16.840.1.101.3.4.3.25": "SLH-DSA-SHA2-256f",
	"2.16.840.1.101.3.4.3.26": "SLH-DSA-SHAKE-128s", "2.16.840.1.101.3.4.3.27": "SLH-DSA-SHAKE-128f",
	"2.16.840.1.101.3.4.3.28": "SLH-DSA-SHAKE-192s", "2.16.840.1.101.3.4.3.29": "SLH-DSA-SHAKE-192f",
	"2.16.840.1.101.3.4.3.30": "SLH-DSA-SHAKE-256s", "2.16.840.1.101.3.4.3.31": "SLH-DSA-SHAKE-256f",
	"1.2.643.2.2.19": "GOST R 34.10-2001", "1.2.643.7.1.1.1.1": "GOST R 34.10-2012 (256 bits)",
	"1.2.643.7.1.1.1.2": "GOST R 34.10-2012 (512 bits)", "1.3.9999.3.6": "Falcon-512", "1.3.9999.3.9": "Falcon-1024",
	"1.2.112.0.2.0.34.101.45.2.1": "BIGN (STB 34.101.45)",

	oidData: "PKCS #7 data", oidSignedData: "PKCS #7 signed data", oidEnvelopedData: "PKCS #7 enveloped data",
	oidEncryptedData: "PKCS #7 encrypted data", "1.2.840.113549.1.7.4": "PKCS #7 signed and enveloped data",
	"1.2.840.113549.1.7.5": "PKCS #7 digested data", "1.2.840.113549.1.9.16.1.9": "CMS compressed data",
	"1.2.840.113549.1.9.16.1.2": "CMS authenticated data", "1.2.840.113549.1.9.16.1.23": "CMS authenticated enveloped data",
}

// algorithmName is the name of an algorithm, or its identifier.
func algorithmName(oid string) string {
	if name := algorithmNames[oid]; name != "" {
		return name
	}
	return oid
}

// describeOID is name and identifier, for messages.
func describeOID(oid string) string {
	if name := algorithmNames[oid]; name != "" {
		return name + " (" + oid + ")"
	}
	return "of the identifier " + oid
}
