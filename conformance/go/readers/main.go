// Command readers prints which data key pairs Go's standard library reads: `go run ./readers FOLDER`. Same format as
// bench/src/bin/read_pairs.
//
// It uses signing keys through certificate requests: crypto/x509 then signs and verifies with every key that it can read.
package main

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

type decapsulator interface {
	Decapsulate(ciphertext []byte) ([]byte, error)
}

type encapsulator interface {
	Encapsulate() (sharedKey, ciphertext []byte)
}

func main() {
	if len(os.Args) != 2 {
		fail(errors.New("usage: readers FOLDER"))
	}
	files, err := filepath.Glob(filepath.Join(os.Args[1], "*-der.key"))
	if err != nil || len(files) == 0 {
		fail(fmt.Errorf("no pairs in %s (%v)", os.Args[1], err))
	}
	for _, file := range files {
		pair := strings.TrimSuffix(file, "-der.key")
		for _, form := range []string{"der", "pem"} {
			err := use(pair, form)
			report(pair, "private-"+form, err)
			report(pair, "public-"+form, err)
		}
	}
}

func report(pair, form string, err error) {
	outcome, reason := "yes", ""
	if err != nil {
		outcome, reason = "no", strings.Join(strings.Fields(err.Error()), " ")
	}
	version := strings.TrimPrefix(runtime.Version(), "go")
	fmt.Println(strings.Join([]string{"Go", version, filepath.Base(pair), form, outcome, reason}, "\t"))
}

// use reads both keys in this encoding, and uses them together.
func use(pair, form string) error {
	private, err := x509.ParsePKCS8PrivateKey(der(pair, form, "key", "PRIVATE KEY"))
	if err != nil {
		return err
	}
	public, err := x509.ParsePKIXPublicKey(der(pair, form, "pub", "PUBLIC KEY"))
	if err != nil {
		return err
	}
	switch private := private.(type) {
	case crypto.Signer:
		return sign(private, public)
	case decapsulator:
		return decapsulate(private, public)
	}
	return fmt.Errorf("a %T neither signs nor decapsulates", private)
}

// der is the input of x509: the bytes of the file, or of its PEM block.
func der(pair, form, half, label string) []byte {
	data, err := os.ReadFile(pair + "-" + form + "." + half)
	if err != nil {
		fail(err)
	}
	if form == "der" {
		return data
	}
	if block, rest := pem.Decode(data); block != nil && block.Type == label && len(rest) == 0 {
		return block.Bytes
	}
	return nil
}

func sign(private crypto.Signer, public any) error {
	encoded, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, private)
	if err != nil {
		return err
	}
	request, err := x509.ParseCertificateRequest(encoded)
	if err != nil {
		return err
	}
	request.PublicKey = public
	if err := request.CheckSignature(); err != nil {
		return err
	}
	request.RawTBSCertificateRequest = append(bytes.Clone(request.RawTBSCertificateRequest), 0)
	if request.CheckSignature() == nil {
		return errors.New("the signature also verifies for another message")
	}
	return nil
}

func decapsulate(private decapsulator, public any) error {
	sender, encapsulates := public.(encapsulator)
	if !encapsulates {
		return fmt.Errorf("a %T does not encapsulate", public)
	}
	sent, ciphertext := sender.Encapsulate()
	received, err := private.Decapsulate(ciphertext)
	if err == nil && !bytes.Equal(sent, received) {
		err = errors.New("the shared secrets differ")
	}
	return err
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
