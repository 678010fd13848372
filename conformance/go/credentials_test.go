// Client key, TLS and headers in the Go SDK (instance-api 1.6, 1.8, 1.9), and refused callers.
package conformance

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alibabacloud-go/tea/tea"
	openapi "github.com/aliyun/alibabacloud-dkms-gcs-go-sdk/openapi"
	"golang.org/x/crypto/pkcs12"

	"claviger/conformance/claviger"
	"claviger/conformance/instance"
)

var smallPair = instance.Fields{"KeyId": "alias/dev", "KeyPairSpec": "EC_P256", "KeyFormat": "DER"}

const operation = "AdvanceGenerateDataKeyPair"

func clientKey(t *testing.T) (id string, pfx []byte, text string) {
	t.Helper()
	content, err := os.ReadFile(server.File("client-key.json"))
	if err != nil {
		t.Fatal(err)
	}
	key := struct{ KeyId, PrivateKeyData string }{}
	if err := json.Unmarshal(content, &key); err != nil {
		t.Fatal(err)
	}
	if pfx, err = base64.StdEncoding.DecodeString(key.PrivateKeyData); err != nil {
		t.Fatal(err)
	}
	return key.KeyId, pfx, string(content)
}

// The SDK uses block 0 as the certificate and block 1 as the key, whatever they contain.
func TestGoParserReadsClientKey(t *testing.T) {
	_, pfx, _ := clientKey(t)
	blocks, err := pkcs12.ToPEM(pfx, server.Password())
	if err != nil || len(blocks) != 2 || blocks[0].Type != "CERTIFICATE" || blocks[1].Type != "PRIVATE KEY" {
		t.Fatalf("%v: %d blocks", err, len(blocks))
	}
	certificate, err := x509.ParseCertificate(blocks[0].Bytes)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.ParsePKCS1PrivateKey(blocks[1].Bytes)
	if err != nil || private.N.BitLen() != 2048 || !private.PublicKey.Equal(certificate.PublicKey) {
		t.Fatalf("%v, or not a key of 2048 bits that matches the certificate", err)
	}
	for _, wrong := range []string{"", server.Password() + "x", strings.ToLower(server.Password()) + "A"} {
		if _, err := pkcs12.ToPEM(pfx, wrong); err == nil {
			t.Fatalf("opens with %q", wrong)
		}
	}
}

// Each way to pass the credential: file, content, and the private key itself in PKCS#1 or PKCS#8.
func TestCredentialForms(t *testing.T) {
	id, pfx, text := clientKey(t)
	blocks, err := pkcs12.ToPEM(pfx, server.Password())
	if err != nil {
		t.Fatal(err)
	}
	raw := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: blocks[1].Bytes}))
	forms := map[string]func(*openapi.Config){
		"file": func(*openapi.Config) {},
		"content": func(config *openapi.Config) {
			config.ClientKeyFile, config.ClientKeyContent = nil, tea.String(text)
		},
		"private key": func(config *openapi.Config) {
			config.ClientKeyFile, config.Password = nil, nil
			config.AccessKeyId, config.PrivateKey = tea.String(id), tea.String(raw)
		},
		"CA as text": func(config *openapi.Config) {
			config.CaFilePath, config.Ca = nil, tea.String(server.CA())
		},
		"endpoint with scheme": func(config *openapi.Config) {
			config.Endpoint = tea.String("https://" + server.Endpoint)
		},
	}
	for name, change := range forms {
		t.Run(name, func(t *testing.T) {
			if _, err := configured(t, change).Call(operation, smallPair); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func configured(t *testing.T, change func(*openapi.Config)) *instance.Client {
	t.Helper()
	config := instance.Config(server)
	change(config)
	other, err := instance.NewWith(config)
	if err != nil {
		t.Fatal(err)
	}
	return other
}

func unknownKey(t *testing.T) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
}

func TestUnknownKeysAreRefused(t *testing.T) {
	id, _, _ := clientKey(t)
	as := func(id string) *instance.Client {
		return configured(t, func(config *openapi.Config) {
			config.ClientKeyFile, config.AccessKeyId, config.PrivateKey = nil, tea.String(id), tea.String(unknownKey(t))
		})
	}
	_, err := as(id).Call(operation, smallPair)
	mustRefuse(t, err, 401, "SignatureNotMatch", "Signature is not matched.")
	unknown := "KAAP.00000000-0000-0000-0000-000000000000"
	_, err = as(unknown).Call(operation, smallPair)
	mustRefuse(t, err, 404, "Unauthorized", `The AccessKey ID "`+unknown+`" does not exist in our records.`)
}

// A client key that is created and revoked with the command line.
func TestRevokedClientKey(t *testing.T) {
	folder := t.TempDir()
	made, err := server.Run("client-key", "create", "go", "--out", folder)
	if err != nil {
		t.Fatal(err)
	}
	password, err := os.ReadFile(filepath.Join(folder, "go-password.txt"))
	if err != nil {
		t.Fatal(err)
	}
	other := configured(t, func(config *openapi.Config) {
		config.ClientKeyFile = tea.String(filepath.Join(folder, "go.json"))
		config.Password = tea.String(strings.TrimSpace(string(password)))
	})
	if _, err := other.Call(operation, smallPair); err != nil {
		t.Fatal(err)
	}
	if _, err := server.Run("client-key", "revoke", made["ClientKeyId"].(string)); err != nil {
		t.Fatal(err)
	}
	_, err = other.Call(operation, smallPair)
	mustRefuse(t, err, 404, "Unauthorized", "")
}

// The SDK caches one HTTP client, with its first CA, for each endpoint and set of timeouts; so this test varies the timeouts.
func TestServerOfAnotherCaIsNotTrusted(t *testing.T) {
	other, err := claviger.Start(filepath.Join(t.TempDir(), "other"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := other.Stop(); err != nil {
			t.Error(err)
		}
	}()
	for timeout, ca := range []string{other.CA(), ""} {
		stray := configured(t, func(config *openapi.Config) {
			config.CaFilePath, config.Ca, config.ReadTimeout = nil, tea.String(ca), tea.Int(60_000+timeout)
		})
		_, err := stray.Call(operation, smallPair)
		if err == nil || !strings.Contains(err.Error(), "certificate signed by unknown authority") {
			t.Fatalf("%v", err)
		}
	}
}

// The SDK returns only the headers that the caller listed.
func TestHeaderWhitelist(t *testing.T) {
	runtime := instance.Runtime()
	for _, listed := range [][]string{{}, {instance.VersionHeader}, {instance.VersionHeader, "content-type"}, {"x-nothing"}} {
		runtime.Headers = tea.StringSlice(listed)
		answer, err := client.CallWith(operation, smallPair, nil, runtime)
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range answer.Headers {
			if !contains(listed, name) || tea.StringValue(value) == "" {
				t.Fatalf("%v: %s: %v", listed, name, value)
			}
		}
		if contains(listed, instance.VersionHeader) && answer.Version() != answer.Text("KeyVersionId") {
			t.Fatalf("version header %q", answer.Version())
		}
		if contains(listed, "content-type") && tea.StringValue(answer.Headers["content-type"]) != "application/x-protobuf" {
			t.Fatalf("%v", answer.Headers)
		}
	}
}

func contains(names []string, name string) bool {
	for _, one := range names {
		if one == name {
			return true
		}
	}
	return false
}

// Decrypt with the version header and without KeyId, like transfer clients; the header is signed.
func TestDecryptByVersionHeader(t *testing.T) {
	made := call(t, "GenerateDataKeyPair", smallPair)
	fields := instance.Fields{"CiphertextBlob": made.Bytes("PrivateKeyCiphertextBlob"), "Iv": made.Bytes("Iv")}
	headers := map[string]string{instance.VersionHeader: made.Version()}
	opened, err := client.CallWith("Decrypt", fields, headers, instance.Runtime())
	if err != nil || !bytes.Equal(opened.Bytes("Plaintext"), made.Bytes("PrivateKeyPlaintext")) || opened.Text("KeyId") != devKey {
		t.Fatalf("%v", err)
	}
	headers[instance.VersionHeader] = devKey + "-0000000000"
	_, err = client.CallWith("Decrypt", fields, headers, instance.Runtime())
	mustRefuse(t, err, 404, "Forbidden.KeyNotFound", "")
}

// One data key pair request at a time (instance-api 5.4): four callers repeat requests until each kind of answer has occurred.
func TestConcurrencyLimit(t *testing.T) {
	large := instance.Fields{"KeyId": "alias/dev", "KeyPairSpec": "RSA_4096", "KeyFormat": "DER"}
	deadline := time.Now().Add(90 * time.Second)
	var all sync.WaitGroup
	var mutex sync.Mutex
	pairs, refusals := 0, []error{}
	enough := func() bool {
		mutex.Lock()
		defer mutex.Unlock()
		return pairs > 0 && len(refusals) > 0 || time.Now().After(deadline)
	}
	for caller := 0; caller < 4; caller++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for !enough() {
				_, err := client.Call("GenerateDataKeyPair", large)
				mutex.Lock()
				if err == nil {
					pairs++
				} else {
					refusals = append(refusals, err)
				}
				mutex.Unlock()
			}
		}()
	}
	all.Wait()
	if pairs == 0 || len(refusals) == 0 {
		t.Fatalf("%d pairs, %d refusals", pairs, len(refusals))
	}
	for _, err := range refusals {
		mustRefuse(t, err, 429, "Rejected.Throttling", "Concurrency Limit Exceeded.")
	}
}

// The retries of the SDK: a caller without retries is refused, while callers with retries eventually get every pair.
func TestTheSdkRetriesThrottling(t *testing.T) {
	large := instance.Fields{"KeyId": "alias/dev", "KeyPairSpec": "RSA_4096", "KeyFormat": "DER"}
	deadline := time.Now().Add(90 * time.Second)
	refused := make(chan struct{})
	var all sync.WaitGroup
	for caller := 0; caller < 3; caller++ {
		all.Add(1)
		go func() {
			defer all.Done()
			runtime := instance.Runtime()
			// Without backoff: the pauses of the SDK grow without limit.
			runtime.Autoretry, runtime.MaxAttempts, runtime.BackoffPolicy = tea.Bool(true), tea.Int(100_000), tea.String("no")
			for pairs := 0; ; pairs++ {
				select {
				case <-refused:
					return
				default:
				}
				if _, err := client.CallWith("GenerateDataKeyPair", large, nil, runtime); err != nil {
					t.Errorf("after %d pairs: %v", pairs, err)
					return
				}
			}
		}()
	}
	seen := func() (seen int) {
		defer close(refused)
		for seen < 3 && time.Now().Before(deadline) {
			if _, err := client.Call("GenerateDataKeyPair", large); err != nil {
				mustRefuse(t, err, 429, "Rejected.Throttling", "Concurrency Limit Exceeded.")
				seen++
			}
		}
		return seen
	}()
	all.Wait()
	if seen == 0 {
		t.Fatal("no request was refused, so none was retried")
	}
}
