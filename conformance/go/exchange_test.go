//go:build exchange

// Each language decrypts and verifies what the others encrypted and signed: artifacts in a shared folder, against one server
// that `cargo xtask test --only exchange` starts. conformance/README.md describes the artifacts.
package conformance

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"claviger/conformance/instance"
	"claviger/conformance/table"
)

const language = "go"

// artifact is a ciphertext or a signature; bytes are hexadecimal.
type artifact struct {
	Operation    string   `json:"operation"`
	Open         []string `json:"open"`
	KeyID        string   `json:"key_id"`
	KeyVersionID string   `json:"key_version_id"`
	Algorithm    string   `json:"algorithm"`
	Aad          string   `json:"aad"`
	Blob         string   `json:"blob"`
	Iv           string   `json:"iv"`
	SHA256       string   `json:"plaintext_sha256"`
	Context      string   `json:"context"`
	Message      string   `json:"message"`
	Signature    string   `json:"signature"`
}

func TestExchangeWrite(t *testing.T) {
	artifacts := []artifact{}
	for _, row := range rows.Seals {
		artifacts = append(artifacts, sealArtifact(t, row)...)
	}
	for _, row := range rows.DataKeys {
		artifacts = append(artifacts, dataKeyArtifact(t, row)...)
	}
	for operation, opens := range rows.Pairs.Operations {
		artifacts = append(artifacts, pairArtifact(t, operation, opens))
	}
	for _, row := range rows.Signatures {
		artifacts = append(artifacts, signatureArtifact(t, row)...)
	}
	artifacts = append(artifacts, transferArtifact(t)...)
	folder := filepath.Join(os.Getenv("CLAVIGER_EXCHANGE"), language)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for number, one := range artifacts {
		text, err := json.MarshalIndent(one, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%03d-%s.json", number, one.Operation)), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d artifacts", len(artifacts))
}

// sealed is the artifact of an answer; none if the operation is not built yet.
func sealed(answer *instance.Answer, operation string, opens []string, blob string, aad, plaintext []byte) []artifact {
	if answer == nil {
		return nil
	}
	digest := sha256.Sum256(plaintext)
	return []artifact{{
		Operation: operation, Open: opens, KeyID: answer.Text("KeyId"), KeyVersionID: answer.Version(),
		Algorithm: answer.Text("Algorithm"), Aad: hex.EncodeToString(aad), Blob: hex.EncodeToString(answer.Bytes(blob)),
		Iv: hex.EncodeToString(answer.Bytes("Iv")), SHA256: hex.EncodeToString(digest[:]),
	}}
}

func sealArtifact(t *testing.T, row table.Seal) []artifact {
	key := keyOf(t, row.Key)
	if key == "" {
		return nil
	}
	plaintext, aad := table.Bytes(row.Sizes[1]), table.Bytes(row.Aads[len(row.Aads)-1])
	fields := with(instance.Fields{"KeyId": key, "Plaintext": plaintext, "Algorithm": row.Algorithm}, "Aad", aad)
	return sealed(call(t, row.Operation, fields), row.Operation, row.Open, "CiphertextBlob", aad, plaintext)
}

func dataKeyArtifact(t *testing.T, row table.DataKey) []artifact {
	key := keyOf(t, row.Key)
	if key == "" {
		return nil
	}
	aad := table.Bytes(row.Aads[len(row.Aads)-1])
	made := call(t, row.Operation, with(instance.Fields{"KeyId": key, "NumberOfBytes": row.Sizes[1]}, "Aad", aad))
	if made == nil {
		return nil
	}
	return sealed(made, row.Operation, row.Open, "CiphertextBlob", aad, made.Bytes("Plaintext"))
}

func pairArtifact(t *testing.T, operation string, opens []string) artifact {
	fields := instance.Fields{"KeyId": "alias/dev", "KeyPairSpec": "EC_P256", "KeyFormat": "PEM", "Aad": []byte(language)}
	made := call(t, operation, fields)
	private := []byte{}
	if made.Has("PrivateKeyPlaintext") {
		private = made.Bytes("PrivateKeyPlaintext")
	} else {
		blob := made.Bytes("PrivateKeyCiphertextBlob")
		open := instance.Fields{"KeyId": devKey, "CiphertextBlob": blob, "Iv": made.Bytes("Iv"), "Aad": []byte(language)}
		private = call(t, opens[0], open).Bytes("Plaintext")
	}
	return sealed(made, operation, opens, "PrivateKeyCiphertextBlob", []byte(language), private)[0]
}

func signatureArtifact(t *testing.T, row table.Signature) []artifact {
	key := keyOf(t, row.Key)
	if key == "" {
		return nil
	}
	message := []byte("signed by " + language)
	signed := call(t, "Sign", instance.Fields{"KeyId": key, "Message": message, "Algorithm": row.Algorithm})
	if signed == nil {
		return nil
	}
	return []artifact{{
		Operation: "Sign", Open: []string{"Verify"}, KeyID: key, KeyVersionID: signed.Version(), Algorithm: row.Algorithm,
		Message: hex.EncodeToString(message), Signature: hex.EncodeToString(signed.Bytes("Signature")),
	}}
}

func transferArtifact(t *testing.T) []artifact {
	answer, ok := encrypted(t, contextJSON)
	if !ok {
		return nil
	}
	blob, err := base64.StdEncoding.DecodeString(answer.CiphertextBlob)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte("a secret"))
	return []artifact{{
		Operation: "TransferEncrypt", Open: []string{"TransferDecrypt"}, KeyID: answer.KeyId, KeyVersionID: answer.KeyVersionId,
		Context: contextJSON, Blob: hex.EncodeToString(blob), SHA256: hex.EncodeToString(digest[:]),
	}}
}

func TestExchangeRead(t *testing.T) {
	for _, from := range strings.Split(os.Getenv("CLAVIGER_EXCHANGE_LANGUAGES"), ",") {
		files, err := filepath.Glob(filepath.Join(os.Getenv("CLAVIGER_EXCHANGE"), from, "*.json"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no artifacts from %s (%v)", from, err)
		}
		for _, file := range files {
			t.Run(from+"/"+filepath.Base(file), func(t *testing.T) { readArtifact(t, file) })
		}
	}
}

func readArtifact(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	one := artifact{}
	if err := json.Unmarshal(text, &one); err != nil {
		t.Fatal(err)
	}
	if len(one.Open) == 0 {
		t.Fatal("the artifact names no operation that opens it")
	}
	for _, open := range one.Open {
		switch open {
		case "Verify":
			fields := instance.Fields{"KeyId": one.KeyID, "Algorithm": one.Algorithm, "Message": unhex(t, one.Message)}
			fields["Signature"] = unhex(t, one.Signature)
			if !call(t, open, fields).Bool("Value") {
				t.Fatal("the signature does not verify")
			}
		case "TransferDecrypt":
			opened, err := decrypted(t, base64.StdEncoding.EncodeToString(unhex(t, one.Blob)), one.Context)
			if err != nil {
				t.Fatal(err)
			}
			checkDigest(t, one, []byte(opened.Plaintext))
		default:
			fields := instance.Fields{"KeyId": one.KeyID, "Algorithm": one.Algorithm, "CiphertextBlob": unhex(t, one.Blob)}
			opened := call(t, open, with(with(fields, "Iv", unhex(t, one.Iv)), "Aad", unhex(t, one.Aad)))
			checkDigest(t, one, opened.Bytes("Plaintext"))
			if opened.Version() != one.KeyVersionID {
				t.Fatalf("version %s, encrypted with %s", opened.Version(), one.KeyVersionID)
			}
		}
	}
}

func checkDigest(t *testing.T, one artifact, plaintext []byte) {
	t.Helper()
	digest := sha256.Sum256(plaintext)
	if !bytes.Equal(digest[:], unhex(t, one.SHA256)) {
		t.Fatal("the plaintext differs")
	}
}

func unhex(t *testing.T, digits string) []byte {
	t.Helper()
	plain, err := hex.DecodeString(digits)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}
