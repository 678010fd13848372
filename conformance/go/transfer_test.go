// The transfer client alibabacloud-dkms-transfer-go-sdk: OpenAPI types in the application, the Instance API on the wire
// (instance-api 6). It has only the legacy mode: Encrypt, Decrypt and GenerateDataKey with the version header.
package conformance

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"os"
	"strings"
	"testing"

	sdkerrors "github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/kms"
	transfer "github.com/aliyun/alibabacloud-dkms-transfer-go-sdk/sdk"

	"claviger/conformance/instance"
)

const (
	contextJSON  = `{"b":"2","a":"1"}`
	contextJSON2 = `{"b":"2","a":"2"}`
)

// contextAad is the Aad that this client derives from {a:1, b:2}: the digest itself (instance-api 6.5).
func contextAad() []byte {
	digest := sha256.Sum256([]byte("a=1&b=2"))
	return digest[:]
}

func transferClient(t *testing.T) *transfer.KmsTransferClient {
	t.Helper()
	content, err := os.ReadFile(server.File("access-key.json"))
	if err != nil {
		t.Fatal(err)
	}
	key := struct{ AccessKeyId, AccessKeySecret string }{}
	if err := json.Unmarshal(content, &key); err != nil {
		t.Fatal(err)
	}
	made, err := transfer.NewClientWithAccessKey("cn-hangzhou", key.AccessKeyId, key.AccessKeySecret, instance.Config(server))
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// built tells whether a transfer call succeeded. If its operation is not built yet, the call must be refused as unknown.
func built(t *testing.T, operation string, err error) bool {
	t.Helper()
	if !notBuilt.Lacks(operation) {
		if err != nil {
			t.Fatal(err)
		}
		return true
	}
	mustFailWith(t, err, 400, "InvalidApiName")
	return false
}

func mustFailWith(t *testing.T, err error, status int, code string) {
	t.Helper()
	refusal, ok := err.(*sdkerrors.ServerError)
	if !ok || refusal.HttpStatus() != status || refusal.ErrorCode() != code {
		t.Fatalf("%v; expected %d %s", err, status, code)
	}
}

func encrypted(t *testing.T, context string) (*kms.EncryptResponse, bool) {
	t.Helper()
	request := kms.CreateEncryptRequest()
	request.KeyId, request.Plaintext, request.EncryptionContext = "alias/dev", "a secret", context
	answer, err := transferClient(t).Encrypt(request)
	return answer, built(t, "Encrypt", err)
}

func decrypted(t *testing.T, blob, context string) (*kms.DecryptResponse, error) {
	t.Helper()
	request := kms.CreateDecryptRequest()
	request.CiphertextBlob, request.EncryptionContext = blob, context
	return transferClient(t).Decrypt(request)
}

func TestTransferEncryptAndDecrypt(t *testing.T) {
	for _, context := range []string{"", contextJSON} {
		sealed, ok := encrypted(t, context)
		if !ok {
			continue
		}
		if sealed.KeyId != devKey || len(sealed.KeyVersionId) != 36 {
			t.Fatalf("%s, %s", sealed.KeyId, sealed.KeyVersionId)
		}
		opened, err := decrypted(t, sealed.CiphertextBlob, context)
		if err != nil || opened.Plaintext != "a secret" || opened.KeyVersionId != sealed.KeyVersionId {
			t.Fatalf("%v, %v", opened, err)
		}
		_, err = decrypted(t, sealed.CiphertextBlob, contextJSON2)
		mustFailWith(t, err, 500, "InternalFailure")
	}
}

// AdvanceDecrypt decrypts a blob of the legacy client once it is prefixed with `$ 00 02` (instance-api 6.2).
func TestTransferBlobOpensThroughAdvanceDecrypt(t *testing.T) {
	sealed, ok := encrypted(t, contextJSON)
	if !ok {
		return
	}
	blob, err := base64.StdEncoding.DecodeString(sealed.CiphertextBlob)
	if err != nil {
		t.Fatal(err)
	}
	opened := call(t, "AdvanceDecrypt", instance.Fields{"CiphertextBlob": append([]byte("$\x00\x02"), blob...), "Aad": contextAad()})
	if string(opened.Bytes("Plaintext")) != "a secret" {
		t.Fatal("the plaintext differs")
	}
}

// Conversely, the legacy client decrypts an Advance blob without its first three bytes.
func TestTransferOpensAdvanceBlobs(t *testing.T) {
	pair := call(t, operation, instance.Fields{"KeyId": "alias/dev", "KeyPairSpec": "EC_P256", "KeyFormat": "PEM", "Aad": contextAad()})
	blob := base64.StdEncoding.EncodeToString(pair.Bytes("PrivateKeyCiphertextBlob")[3:])
	opened, err := decrypted(t, blob, contextJSON)
	if err != nil || opened.Plaintext != string(pair.Bytes("PrivateKeyPlaintext")) || opened.KeyVersionId != pair.Version() {
		t.Fatalf("%v", err)
	}
	_, err = decrypted(t, blob, "")
	mustFailWith(t, err, 500, "InternalFailure")
}

func TestTransferDataKeys(t *testing.T) {
	for spec, size := range map[string]int{"": 32, "AES_256": 32, "AES_128": 16} {
		request := kms.CreateGenerateDataKeyRequest()
		request.KeyId, request.KeySpec, request.EncryptionContext = "alias/dev", spec, contextJSON
		made, err := transferClient(t).GenerateDataKey(request)
		if !built(t, "GenerateDataKey", err) {
			continue
		}
		plaintext, err := base64.StdEncoding.DecodeString(made.Plaintext)
		if err != nil || len(plaintext) != size {
			t.Fatalf("%v, %d bytes", err, len(plaintext))
		}
		opened, err := decrypted(t, made.CiphertextBlob, contextJSON)
		if err != nil || opened.Plaintext != made.Plaintext {
			t.Fatalf("%v", err)
		}
	}
	request := kms.CreateGenerateDataKeyWithoutPlaintextRequest()
	request.KeyId, request.NumberOfBytes = "alias/dev", requests.NewInteger(1024)
	made, err := transferClient(t).GenerateDataKeyWithoutPlaintext(request)
	if !built(t, "GenerateDataKey", err) {
		return
	}
	opened, err := decrypted(t, made.CiphertextBlob, "")
	if plaintext, broken := base64.StdEncoding.DecodeString(opened.Plaintext); err != nil || broken != nil || len(plaintext) != 1024 {
		t.Fatalf("%v, %v", err, broken)
	}
}

func TestTransferAsymmetric(t *testing.T) {
	for name, algorithms := range map[string][]string{"rsa-2048": {"RSAES_OAEP_SHA_256", "RSAES_OAEP_SHA_1"}, "ec-p256": {"ECIES_DH_SHA_1_XOR_HMAC"}} {
		key := keyOf(t, name)
		for _, algorithm := range algorithms {
			if key == "" {
				continue
			}
			request := kms.CreateAsymmetricEncryptRequest()
			request.KeyId, request.Algorithm = key, algorithm
			request.Plaintext = base64.StdEncoding.EncodeToString([]byte("a secret"))
			sealed, err := transferClient(t).AsymmetricEncrypt(request)
			if !built(t, "Encrypt", err) {
				continue
			}
			open := kms.CreateAsymmetricDecryptRequest()
			open.KeyId, open.KeyVersionId, open.Algorithm, open.CiphertextBlob = key, sealed.KeyVersionId, algorithm, sealed.CiphertextBlob
			opened, err := transferClient(t).AsymmetricDecrypt(open)
			if err != nil || opened.Plaintext != request.Plaintext {
				t.Fatalf("%v", err)
			}
		}
	}
}

func TestTransferSignatures(t *testing.T) {
	digest := base64.StdEncoding.EncodeToString(contextAad())
	for name, algorithm := range map[string]string{"rsa-2048-sign": "RSA_PKCS1_SHA_256", "ec-p256-sign": "ECDSA_SHA_256"} {
		key := keyOf(t, name)
		if key == "" {
			continue
		}
		request := kms.CreateAsymmetricSignRequest()
		request.KeyId, request.Algorithm, request.Digest = key, algorithm, digest
		signed, err := transferClient(t).AsymmetricSign(request)
		if !built(t, "Sign", err) {
			continue
		}
		verify := kms.CreateAsymmetricVerifyRequest()
		verify.KeyId, verify.KeyVersionId, verify.Algorithm, verify.Digest, verify.Value = key, signed.KeyVersionId, algorithm, digest, signed.Value
		verified, err := transferClient(t).AsymmetricVerify(verify)
		if err != nil || !verified.Value {
			t.Fatalf("%v", err)
		}
		public := kms.CreateGetPublicKeyRequest()
		public.KeyId, public.KeyVersionId = key, signed.KeyVersionId
		answer, err := transferClient(t).GetPublicKey(public)
		if err != nil || !strings.HasPrefix(answer.PublicKey, "-----BEGIN PUBLIC KEY-----\n") {
			t.Fatalf("%v", err)
		}
	}
}

// How this client reports the server's errors (instance-api 7).
func TestTransferErrors(t *testing.T) {
	garbage := base64.StdEncoding.EncodeToString([]byte(devKey + "-0000000000" + strings.Repeat("i", 12) + strings.Repeat("c", 28)))
	_, err := decrypted(t, garbage, "")
	mustFailWith(t, err, 404, "Forbidden.KeyNotFound")
	request := kms.CreateEncryptRequest()
	request.KeyId, request.Plaintext = "alias/nothing-here", "a secret"
	if _, err := transferClient(t).Encrypt(request); notBuilt.Lacks("Encrypt") {
		mustFailWith(t, err, 400, "InvalidApiName")
	} else {
		mustFailWith(t, err, 404, "Forbidden.KeyNotFound")
	}
}
