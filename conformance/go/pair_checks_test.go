// Checks of key pairs with Go's crypto packages, and with decred's implementation for secp256k1, which Go does not support.
package conformance

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"testing"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	ecdsa256k "github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
)

var (
	bits         = map[string]int{"RSA_2048": 2048, "RSA_3072": 3072, "RSA_4096": 4096}
	ecPublicKey  = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}
	secp256k1Oid = asn1.ObjectIdentifier{1, 3, 132, 0, 10}
	digest       = sha256.Sum256([]byte("a message to sign"))
)

func checkPair(t *testing.T, spec, format string, public, private []byte) {
	t.Helper()
	if format == "PEM" {
		public, private = fromPem(t, "PUBLIC KEY", public), fromPem(t, "PRIVATE KEY", private)
	}
	if spec == "EC_P256K" {
		checkSecp256k1(t, public, private)
		return
	}
	publicKey, err := x509.ParsePKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	privateKey, err := x509.ParsePKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	again, err := x509.MarshalPKIXPublicKey(publicKey)
	if err != nil || !bytes.Equal(again, public) {
		t.Fatalf("the public key is encoded differently from Go's (%v)", err)
	}
	switch key := privateKey.(type) {
	case *rsa.PrivateKey:
		if err := key.Validate(); err != nil || key.N.BitLen() != bits[spec] || key.E != 65537 || !key.PublicKey.Equal(publicKey) {
			t.Fatalf("%v, %d bits, e %d", err, key.N.BitLen(), key.E)
		}
	case *ecdsa.PrivateKey:
		if spec != "EC_P256" || key.Params().Name != "P-256" || !key.PublicKey.Equal(publicKey) {
			t.Fatalf("%s for %s", key.Params().Name, spec)
		}
	default:
		t.Fatalf("a %T for %s", key, spec)
	}
	signature, err := privateKey.(crypto.Signer).Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil || !verifies(publicKey, "", digest[:], signature) {
		t.Fatalf("the two keys do not form a pair (%v)", err)
	}
}

// verifies checks a signature over a SHA-256 digest.
func verifies(public any, algorithm string, digest, signature []byte) bool {
	switch public := public.(type) {
	case *rsa.PublicKey:
		if algorithm == "RSA_PSS_SHA_256" {
			return rsa.VerifyPSS(public, crypto.SHA256, digest, signature, &rsa.PSSOptions{SaltLength: 32}) == nil
		}
		return rsa.VerifyPKCS1v15(public, crypto.SHA256, digest, signature) == nil
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(public, digest, signature)
	case *secp256k1.PublicKey:
		parsed, err := ecdsa256k.ParseDERSignature(signature)
		return err == nil && parsed.Verify(digest, public)
	}
	return false
}

// fromPem decodes PEM, which must have the form that the SDK samples expect: LF only, 64 columns, one newline at the end.
func fromPem(t *testing.T, label string, text []byte) []byte {
	t.Helper()
	block, rest := pem.Decode(text)
	if block == nil || block.Type != label || len(rest) != 0 || !bytes.Equal(pem.EncodeToMemory(block), text) {
		t.Fatalf("no %s in the form that Go encodes:\n%s", label, text)
	}
	return block.Bytes
}

type algorithmAndCurve struct{ Algorithm, Curve asn1.ObjectIdentifier }

func checkSecp256k1(t *testing.T, public, private []byte) {
	t.Helper()
	outer := struct {
		Version   int
		Algorithm algorithmAndCurve
		Key       []byte
	}{}
	inner := struct {
		Version    int
		PrivateKey []byte
		PublicKey  asn1.BitString `asn1:"optional,explicit,tag:1"`
	}{}
	mustParse(t, private, &outer)
	mustParse(t, outer.Key, &inner)
	if !outer.Algorithm.Algorithm.Equal(ecPublicKey) || !outer.Algorithm.Curve.Equal(secp256k1Oid) || len(inner.PrivateKey) != 32 {
		t.Fatalf("%v, a scalar of %d bytes", outer.Algorithm, len(inner.PrivateKey))
	}
	publicKey := parseSecp256k1(t, public)
	key := secp256k1.PrivKeyFromBytes(inner.PrivateKey)
	point := publicKey.SerializeUncompressed()
	if !key.PubKey().IsEqual(publicKey) || !bytes.Equal(inner.PublicKey.Bytes, point) {
		t.Fatal("the public key does not match")
	}
	if !verifies(publicKey, "", digest[:], ecdsa256k.Sign(key, digest[:]).Serialize()) {
		t.Fatal("the two keys do not form a pair")
	}
}

func parseSecp256k1(t *testing.T, spki []byte) *secp256k1.PublicKey {
	t.Helper()
	parsed := struct {
		Algorithm algorithmAndCurve
		Key       asn1.BitString
	}{}
	mustParse(t, spki, &parsed)
	key, err := secp256k1.ParsePubKey(parsed.Key.Bytes)
	if err != nil || len(parsed.Key.Bytes) != 65 || !parsed.Algorithm.Curve.Equal(secp256k1Oid) {
		t.Fatalf("%v: %x", err, spki)
	}
	return key
}

func mustParse(t *testing.T, der []byte, into any) {
	t.Helper()
	if rest, err := asn1.Unmarshal(der, into); err != nil || len(rest) != 0 {
		t.Fatalf("%v, %d bytes left over", err, len(rest))
	}
}
