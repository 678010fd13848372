// The effects of rotation (instance-api 4) and of policies (instance-api 1.9).
package conformance

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alibabacloud-go/tea/tea"
	openapi "github.com/aliyun/alibabacloud-dkms-gcs-go-sdk/openapi"

	"claviger/conformance/instance"
)

// Basic operations use the initial version, Advance operations the primary one; old ciphertexts still decrypt.
func TestRotation(t *testing.T) {
	key, err := server.CreateKey("Aliyun_AES_256", "ENCRYPT/DECRYPT")
	if err != nil {
		t.Fatal(err)
	}
	initial, err := server.PrimaryVersion(key)
	if err != nil {
		t.Fatal(err)
	}
	fields := instance.Fields{"KeyId": key, "Plaintext": []byte("a secret")}
	before := call(t, "AdvanceEncrypt", fields)
	if _, err := server.Run("key", "rotate", key); err != nil {
		t.Fatal(err)
	}
	primary, err := server.PrimaryVersion(key)
	if err != nil || primary == initial {
		t.Fatalf("%v: %s", err, primary)
	}
	dataKey := instance.Fields{"KeyId": key, "NumberOfBytes": 32}
	pair := instance.Fields{"KeyId": key, "KeyPairSpec": "EC_P256", "KeyFormat": "DER"}
	for operation, fields := range map[string]instance.Fields{
		"Encrypt": fields, "GenerateDataKey": dataKey, "GenerateDataKeyPair": pair, "GenerateDataKeyPairWithoutPlaintext": pair,
		"AdvanceEncrypt": fields, "AdvanceGenerateDataKey": dataKey, "AdvanceGenerateDataKeyPair": pair,
		"AdvanceGenerateDataKeyPairWithoutPlaintext": pair,
	} {
		expected := initial
		if strings.HasPrefix(operation, "Advance") {
			expected = primary
		}
		if answer := call(t, operation, fields); answer != nil && answer.Version() != expected {
			t.Fatalf("%s used version %s; initial %s, primary %s", operation, answer.Version(), initial, primary)
		}
	}
	if before != nil {
		opened := call(t, "AdvanceDecrypt", instance.Fields{"CiphertextBlob": before.Bytes("CiphertextBlob")})
		if string(opened.Bytes("Plaintext")) != "a secret" || opened.Text("KeyVersionId") != initial {
			t.Fatalf("decrypted with %s", opened.Text("KeyVersionId"))
		}
	}
}

// A client key that may use only one key, one that may use no keys, and one for another network.
func TestPolicies(t *testing.T) {
	folder := t.TempDir()
	for name, options := range map[string][]string{
		"go-one-key":      {"--resource", "key/" + keyOf(t, "aes")},
		"go-secrets-only": {"--permission", "secret-user", "--resource", "secret/*"},
		"go-elsewhere":    {"--network", "192.0.2.0/24"},
	} {
		if _, err := server.Run(append([]string{"client-key", "create", name, "--out", folder}, options...)...); err != nil {
			t.Fatal(err)
		}
		password, err := os.ReadFile(filepath.Join(folder, name+"-password.txt"))
		if err != nil {
			t.Fatal(err)
		}
		other := configured(t, func(config *openapi.Config) {
			config.ClientKeyFile = tea.String(filepath.Join(folder, name+".json"))
			config.Password = tea.String(strings.TrimSpace(string(password)))
		})
		_, err = other.Call(operation, smallPair)
		mustRefuse(t, err, 403, "Forbidden.NoPermission", "")
		if !strings.HasSuffix(instance.AsRefusal(err).Message, "is forbidden by permission system.") {
			t.Fatal(err)
		}
		_, err = other.Call(operation, instance.Fields{"KeyId": keyOf(t, "aes"), "KeyPairSpec": "EC_P256", "KeyFormat": "DER"})
		if name == "go-one-key" && err != nil {
			t.Fatal(err)
		} else if name != "go-one-key" {
			mustRefuse(t, err, 403, "Forbidden.NoPermission", "")
		}
	}
}
