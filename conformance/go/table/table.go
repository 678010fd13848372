// Package table reads conformance/table.json and conformance/not-built.json, which the suites of all languages run.
package table

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
)

// Key is a kind of key that the rows use.
type Key struct {
	KeySpec, KeyUsage string
	Disabled          bool
}

// Seal is an operation that encrypts a plaintext of the caller.
type Seal struct {
	Key, Operation, Algorithm string
	Open                      []string
	Default                   bool
	Sizes, Aads, Ivs          []int
	Overhead, Length          int
}

// DataKey is an operation that generates a data key.
type DataKey struct {
	Key, Operation, Algorithm string
	Open                      []string
	Sizes, Aads               []int
	Overhead                  int
}

// Pairs are the data key pair operations, each with the operations that decrypt its blobs.
type Pairs struct {
	Operations     map[string][]string
	Specs, Formats []string
	Aads           []int
}

// Signature is an algorithm and the sizes of the messages to sign.
type Signature struct {
	Key, Algorithm string
	Default        bool
	Sizes          []int
}

// Refusal is a call that the server must refuse, and the expected error.
type Refusal struct {
	Operation, Error, Key string
	Fields                map[string]json.RawMessage
}

// Table is the content of table.json.
type Table struct {
	Keys       map[string]Key
	Seals      []Seal
	DataKeys   []DataKey `json:"data_keys"`
	Pairs      Pairs
	Signatures []Signature
	Randoms    []int
	Errors     map[string][3]any
	Refusals   []Refusal
}

// NotBuilt is what the server does not support yet.
type NotBuilt struct {
	Operations []string
	KeySpecs   []string `json:"key_specs"`
}

// Lacks tells whether an operation is not built yet.
func (notBuilt *NotBuilt) Lacks(operation string) bool {
	return slices.Contains(notBuilt.Operations, operation)
}

// LacksSpec tells whether keys of a spec are not built yet.
func (notBuilt *NotBuilt) LacksSpec(spec string) bool {
	return slices.Contains(notBuilt.KeySpecs, spec)
}

// Read reads both files.
func Read() (*Table, *NotBuilt, error) {
	table, notBuilt := &Table{}, &NotBuilt{}
	if err := parse("table.json", table); err != nil {
		return nil, nil, err
	}
	return table, notBuilt, parse("not-built.json", notBuilt)
}

func parse(name string, into any) error {
	_, here, _, _ := runtime.Caller(0)
	text, err := os.ReadFile(filepath.Join(filepath.Dir(here), "..", "..", name))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// Value is a field of a refusal: literal text, a number of bytes, or {"number": n}.
func Value(raw json.RawMessage) (any, error) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text, nil
	}
	var size int
	if json.Unmarshal(raw, &size) == nil {
		return Bytes(size), nil
	}
	number := struct{ Number int }{}
	err := json.Unmarshal(raw, &number)
	return number.Number, err
}

// Bytes returns size bytes.
func Bytes(size int) []byte { return bytes.Repeat([]byte{0x5a}, size) }
