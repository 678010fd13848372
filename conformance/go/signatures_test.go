// Sign, Verify and GetPublicKey: each algorithm, RAW and DIGEST, also verified locally with the public key (instance-api 5.5).
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
		if public != nil && !verifiesLocally(t, row, public.Text("PublicKey"), hash[:], signed.Bytes("Signature")) {
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

// verifiesLocally verifies with Go's crypto packages. Only the server verifies SM2, which no library of this suite supports.
func verifiesLocally(t *testing.T, row table.Signature, publicKey string, hash, signature []byte) bool {
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

// checkVerify checks that the signature verifies for its message and no other; an invalid signature is a result, not an error.
func checkVerify(t *testing.T, fields instance.Fields, signature []byte) {
	t.Helper()
	fields["Signature"] = signature
	good := call(t, "Verify", fields)
	if good == nil {
		return
	}
	if !good.Bool("Value") {
		t.Fatal("the server does not verify its own signature")
	}
	altered := append([]byte{}, signature...)
	altered[len(altered)-1] ^= 1
	fields["Signature"] = altered
	if call(t, "Verify", fields).Bool("Value") {
		t.Fatal("an altered signature verifies")
	}
	message := append([]byte{}, fields["Message"].([]byte)...)
	message[0] ^= 1
	fields["Signature"], fields["Message"] = signature, message
	if call(t, "Verify", fields).Bool("Value") {
		t.Fatal("the signature verifies for another message")
	}
}
