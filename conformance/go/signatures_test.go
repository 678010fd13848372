// Sign, Verify and GetPublicKey: each algorithm, RAW and DIGEST, checked here with the public key as well (instance-api 5.5).
package conformance

import (
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"testing"

	"claviger/conformance/instance"
	"claviger/conformance/table"
)

func TestSignatures(t *testing.T) {
	for _, row := range rows.Signatures {
		for _, algorithm := range algorithms(row.Algorithm, row.Default) {
			for _, size := range row.Sizes {
				name := fmt.Sprintf("%s/%s/%d", row.Key, algorithm, size)
				t.Run(name, func(t *testing.T) { signAndVerify(t, row, algorithm, table.Bytes(size)) })
			}
		}
	}
}

func signAndVerify(t *testing.T, row table.Signature, algorithm string, message []byte) {
	key := keyOf(t, row.Key)
	if key == "" {
		return
	}
	public := call(t, "GetPublicKey", instance.Fields{"KeyId": key})
	hash := sha256.Sum256(message)
	messages := map[string][]byte{"": message, "RAW": message, "DIGEST": hash[:]}
	for kind, data := range messages {
		fields := with(with(instance.Fields{"KeyId": key, "Message": data}, "MessageType", kind), "Algorithm", algorithm)
		signed := call(t, "Sign", fields)
		if signed == nil {
			continue
		}
		checkSigned(t, row, kind, signed, key)
		if public != nil && !verifiesHere(t, row, public.Text("PublicKey"), hash[:], signed.Bytes("Signature")) {
			t.Fatalf("the %q signature does not verify with the public key", kind)
		}
		checkVerify(t, fields, signed.Bytes("Signature"))
	}
}

func checkSigned(t *testing.T, row table.Signature, kind string, signed *instance.Answer, key string) {
	t.Helper()
	if kind == "" {
		kind = "RAW"
	}
	if signed.Text("KeyId") != key || signed.Text("Algorithm") != row.Algorithm || signed.Text("MessageType") != kind {
		t.Fatalf("%s, %s, %s", signed.Text("KeyId"), signed.Text("Algorithm"), signed.Text("MessageType"))
	}
	if len(signed.Version()) != 36 {
		t.Fatalf("version header %q", signed.Version())
	}
}

// verifiesHere checks with Go's own crypto; SM2 is left to the server, for lack of an independent judge in this suite.
func verifiesHere(t *testing.T, row table.Signature, publicKey string, hash, signature []byte) bool {
	t.Helper()
	spki := fromPem(t, "PUBLIC KEY", []byte(publicKey))
	switch rows.Keys[row.Key].KeySpec {
	case "EC_SM2":
		return true
	case "EC_P256K":
		return verifies(parseSecp256k1(t, spki), row.Algorithm, hash, signature)
	}
	public, err := x509.ParsePKIXPublicKey(spki)
	if err != nil {
		t.Fatal(err)
	}
	return verifies(public, row.Algorithm, hash, signature)
}

// checkVerify: the signature holds for its message, and for no other; a false one is an answer, not an error.
func checkVerify(t *testing.T, fields instance.Fields, signature []byte) {
	t.Helper()
	fields["Signature"] = signature
	good := call(t, "Verify", fields)
	if good == nil {
		return
	}
	if !good.Yes("Value") {
		t.Fatal("the server does not believe its own signature")
	}
	altered := append([]byte{}, signature...)
	altered[len(altered)-1] ^= 1
	fields["Signature"] = altered
	if call(t, "Verify", fields).Yes("Value") {
		t.Fatal("an altered signature verifies")
	}
	message := append([]byte{}, fields["Message"].([]byte)...)
	message[0] ^= 1
	fields["Signature"], fields["Message"] = signature, message
	if call(t, "Verify", fields).Yes("Value") {
		t.Fatal("the signature verifies for another message")
	}
}
