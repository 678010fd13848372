// Every operation x key spec x edge sizes of the table, with the official SDK.
package conformance

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"claviger/conformance/instance"
	"claviger/conformance/table"
)

// with adds a field unless it is empty.
func with(fields instance.Fields, name string, value any) instance.Fields {
	switch value := value.(type) {
	case string:
		if value == "" {
			return fields
		}
	case []byte:
		if len(value) == 0 {
			return fields
		}
	}
	fields[name] = value
	return fields
}

func TestSeals(t *testing.T) {
	for _, row := range rows.Seals {
		for _, algorithm := range algorithms(row.Algorithm, row.Default) {
			for _, size := range row.Sizes {
				for _, aad := range row.Aads {
					for _, iv := range row.Ivs {
						name := fmt.Sprintf("%s/%s/%s/%d/aad-%d/iv-%d", row.Operation, row.Key, algorithm, size, aad, iv)
						t.Run(name, func(t *testing.T) { sealAndOpen(t, row, algorithm, size, aad, iv) })
					}
				}
			}
		}
	}
}

// algorithms are the ways to select an algorithm: by name, and by omission if it is the default.
func algorithms(name string, isDefault bool) []string {
	if isDefault {
		return []string{name, ""}
	}
	return []string{name}
}

func sealAndOpen(t *testing.T, row table.Seal, algorithm string, size, aadSize, ivSize int) {
	key := keyOf(t, row.Key)
	if key == "" {
		return // keyOf has checked that such keys are refused.
	}
	plaintext, aad, iv := table.Bytes(size), table.Bytes(aadSize), table.Bytes(ivSize)
	fields := with(with(with(instance.Fields{"KeyId": key, "Plaintext": plaintext}, "Aad", aad), "Iv", iv), "Algorithm", algorithm)
	sealed := call(t, row.Operation, fields)
	if sealed == nil {
		return
	}
	blob := sealed.Bytes("CiphertextBlob")
	checkSealed(t, row.Operation, sealed, key, row.Algorithm)
	if row.Length != 0 && len(blob) != row.Length || row.Overhead != 0 && len(blob) != size+row.Overhead {
		t.Fatalf("a blob of %d bytes for %d", len(blob), size)
	}
	isGcm := strings.HasSuffix(row.Algorithm, "_GCM")
	if isGcm != (len(sealed.Bytes("Iv")) == 12) || !isGcm && len(sealed.Bytes("Iv")) != 0 {
		t.Fatalf("an Iv of %d bytes", len(sealed.Bytes("Iv")))
	}
	if ivSize != 0 && !bytes.Equal(sealed.Bytes("Iv"), iv) {
		t.Fatal("the caller's Iv was not used")
	}
	openAll(t, row.Open, key, blob, sealed, algorithm, aad, plaintext)
}

// checkSealed checks the key id, algorithm and version in the answer of an encryption.
func checkSealed(t *testing.T, operation string, sealed *instance.Answer, key, algorithm string) {
	t.Helper()
	if sealed.Text("KeyId") != key || sealed.Text("Algorithm") != algorithm {
		t.Fatalf("key %s, algorithm %s", sealed.Text("KeyId"), sealed.Text("Algorithm"))
	}
	version := sealed.Version()
	if len(version) != 36 || !strings.HasPrefix(version, key+"-") {
		t.Fatalf("version header %q for key %s", version, key)
	}
	if !strings.HasPrefix(operation, "Advance") {
		return
	}
	primary, err := server.PrimaryVersion(key)
	if err != nil {
		t.Fatal(err)
	}
	if sealed.Text("KeyVersionId") != version || version != primary {
		t.Fatalf("KeyVersionId %q, header %q, primary %q", sealed.Text("KeyVersionId"), version, primary)
	}
}

// openAll decrypts a blob with each operation in opens, and checks that another Aad is refused. It returns the plaintext.
func openAll(t *testing.T, opens []string, key string, blob []byte, sealed *instance.Answer, algorithm string, aad, plaintext []byte) []byte {
	t.Helper()
	for _, open := range opens {
		fields := with(instance.Fields{"KeyId": key, "CiphertextBlob": blob}, "Iv", sealed.Bytes("Iv"))
		with(with(fields, "Aad", aad), "Algorithm", algorithm)
		opened := call(t, open, fields)
		if plaintext == nil {
			plaintext = opened.Bytes("Plaintext")
		}
		if !bytes.Equal(opened.Bytes("Plaintext"), plaintext) {
			t.Fatalf("%s returned another plaintext", open)
		}
		if opened.Text("KeyId") != key || opened.Version() != sealed.Version() {
			t.Fatalf("%s: key %s, version %s", open, opened.Text("KeyId"), opened.Version())
		}
		if len(aad) > 0 {
			fields["Aad"] = append(bytes.Clone(aad[1:]), 'x')
			_, err := client.Call(open, fields)
			mustRefuse(t, err, 500, "InternalFailure", "Internal Failure.")
		}
	}
	return plaintext
}

func TestDataKeys(t *testing.T) {
	for _, row := range rows.DataKeys {
		for _, size := range row.Sizes {
			for _, aad := range row.Aads {
				name := fmt.Sprintf("%s/%s/%d/aad-%d", row.Operation, row.Key, size, aad)
				t.Run(name, func(t *testing.T) { dataKey(t, row, size, aad) })
			}
		}
	}
}

func dataKey(t *testing.T, row table.DataKey, size, aadSize int) {
	key := keyOf(t, row.Key)
	if key == "" {
		return
	}
	aad := table.Bytes(aadSize)
	made := call(t, row.Operation, with(instance.Fields{"KeyId": key, "NumberOfBytes": size}, "Aad", aad))
	if made == nil {
		return
	}
	checkSealed(t, row.Operation, made, key, row.Algorithm)
	plaintext, blob := made.Bytes("Plaintext"), made.Bytes("CiphertextBlob")
	if len(plaintext) != size || len(blob) != size+row.Overhead || len(made.Bytes("Iv")) != 12 {
		t.Fatalf("plaintext %d, blob %d, Iv %d bytes", len(plaintext), len(blob), len(made.Bytes("Iv")))
	}
	openAll(t, row.Open, key, blob, made, row.Algorithm, aad, plaintext)
	again := call(t, row.Operation, instance.Fields{"KeyId": key, "NumberOfBytes": size})
	if size >= 16 && bytes.Equal(again.Bytes("Plaintext"), plaintext) {
		t.Fatal("the same data key twice")
	}
}

func TestPairs(t *testing.T) {
	for _, spec := range rows.Pairs.Specs {
		for _, format := range rows.Pairs.Formats {
			for operation, opens := range rows.Pairs.Operations {
				for _, aad := range rows.Pairs.Aads {
					for _, key := range []string{devKey, "alias/dev"} {
						name := fmt.Sprintf("%s/%s/%s/aad-%d/%t", operation, spec, format, aad, key == devKey)
						t.Run(name, func(t *testing.T) { pair(t, operation, opens, spec, format, table.Bytes(aad), key) })
					}
				}
			}
		}
	}
}

func pair(t *testing.T, operation string, opens []string, spec, format string, aad []byte, key string) {
	fields := with(instance.Fields{"KeyId": key, "KeyPairSpec": spec, "KeyFormat": format}, "Aad", aad)
	made := call(t, operation, fields)
	checkSealed(t, operation, made, devKey, "AES_GCM")
	if made.Text("KeyPairSpec") != spec || len(made.Bytes("Iv")) != 12 {
		t.Fatalf("spec %s, Iv of %d bytes", made.Text("KeyPairSpec"), len(made.Bytes("Iv")))
	}
	var plaintext []byte
	if strings.HasSuffix(operation, "WithoutPlaintext") == made.Has("PrivateKeyPlaintext") {
		t.Fatal("an unexpected or a missing plaintext")
	} else if made.Has("PrivateKeyPlaintext") {
		plaintext = made.Bytes("PrivateKeyPlaintext")
	}
	private := openAll(t, opens, devKey, made.Bytes("PrivateKeyCiphertextBlob"), made, "AES_GCM", aad, plaintext)
	checkPair(t, spec, format, made.Bytes("PublicKey"), private)
}

func TestRandoms(t *testing.T) {
	for _, size := range rows.Randoms {
		one := call(t, "GenerateRandom", instance.Fields{"Length": size})
		if one == nil {
			return
		}
		other := call(t, "GenerateRandom", instance.Fields{"Length": size})
		if len(one.Bytes("Random")) != size || size >= 16 && bytes.Equal(one.Bytes("Random"), other.Bytes("Random")) {
			t.Fatalf("%d bytes for %d, or the same twice", len(one.Bytes("Random")), size)
		}
	}
}

func TestRefusals(t *testing.T) {
	for number, row := range rows.Refusals {
		t.Run(fmt.Sprintf("%d/%s/%s/%s", number, row.Operation, row.Key, row.Error), func(t *testing.T) { refusal(t, row) })
	}
}

func refusal(t *testing.T, row table.Refusal) {
	fields := instance.Fields{}
	for name, raw := range row.Fields {
		value, err := table.Value(raw)
		if err != nil {
			t.Fatal(err)
		}
		fields[name] = value
	}
	key := ""
	if row.Key != "" {
		if key = keyOf(t, row.Key); key == "" {
			return
		}
		fields["KeyId"] = key
	}
	answer, err := client.Call(row.Operation, fields)
	if err == nil {
		t.Fatalf("not refused: %v", answer)
	}
	if notBuilt.Lacks(row.Operation) {
		mustRefuse(t, err, 400, "InvalidApiName", "")
		return
	}
	expected := rows.Errors[row.Error]
	message, _ := expected[2].(string)
	mustRefuse(t, err, int(expected[0].(float64)), expected[1].(string), strings.ReplaceAll(message, "{id}", key))
}
