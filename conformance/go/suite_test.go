// The server that all tests share, the keys of the table, and the expected refusals of what is not built yet.
package conformance

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"claviger/conformance/claviger"
	"claviger/conformance/instance"
	"claviger/conformance/table"
)

var (
	server   *claviger.Server
	client   *instance.Client
	rows     *table.Table
	notBuilt *table.NotBuilt
	devKey   string
)

func TestMain(m *testing.M) {
	for _, name := range []string{"http_proxy", "https_proxy", "all_proxy"} {
		os.Unsetenv(name)
		os.Unsetenv(strings.ToUpper(name))
	}
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	if rows, notBuilt, err = table.Read(); err != nil {
		return 1, err
	}
	if folder := os.Getenv("CLAVIGER_EXCHANGE"); folder != "" {
		server = claviger.External(filepath.Join(folder, "data"), os.Getenv("CLAVIGER_EXCHANGE_ENDPOINT"))
	} else {
		scratch, err := os.MkdirTemp("", "claviger-conformance-go")
		if err != nil {
			return 1, err
		}
		defer os.RemoveAll(scratch)
		if server, err = claviger.Start(filepath.Join(scratch, "data")); err != nil {
			return 1, err
		}
	}
	if client, err = instance.New(server); err == nil {
		devKey, err = server.DevKey()
	}
	if err == nil {
		code = m.Run()
	}
	if stopped := server.Stop(); err == nil {
		err = stopped
	}
	return code, err
}

var (
	keysMutex sync.Mutex
	keys      = map[string]string{}
)

// keyOf is the id of the key with that name in the table, created on first use; "" if such keys are not built yet.
func keyOf(t *testing.T, name string) string {
	t.Helper()
	keysMutex.Lock()
	defer keysMutex.Unlock()
	if id, made := keys[name]; made {
		return id
	}
	kind, known := rows.Keys[name]
	if !known {
		t.Fatalf("the table has no key %q", name)
	}
	id, err := server.CreateKey(kind.KeySpec, kind.KeyUsage)
	if notBuilt.LacksSpec(kind.KeySpec) {
		if err == nil {
			t.Fatalf("%s keys can be created: remove the spec from not-built.json", kind.KeySpec)
		}
		keys[name] = ""
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	if kind.Disabled {
		if _, err := server.Run("key", "disable", id); err != nil {
			t.Fatal(err)
		}
	}
	keys[name] = id
	return id
}

// call calls an operation that must succeed. If it is not built yet, it must be refused as unknown, and the answer is nil.
func call(t *testing.T, operation string, fields instance.Fields) *instance.Answer {
	t.Helper()
	answer, err := client.Call(operation, fields)
	if notBuilt.Lacks(operation) {
		mustRefuse(t, err, 400, "InvalidApiName", fmt.Sprintf("The ApiName %q is invalid.", operation))
		return nil
	}
	if err != nil {
		t.Fatalf("%s: %v", operation, err)
	}
	if answer.Text("RequestId") == "" {
		t.Fatalf("%s answered without a request id", operation)
	}
	return answer
}

// mustRefuse checks a refusal; an empty message is not compared.
func mustRefuse(t *testing.T, err error, status int, code, message string) {
	t.Helper()
	refusal := instance.AsRefusal(err)
	if refusal == nil {
		t.Fatalf("%v is not a refusal; expected %d %s", err, status, code)
	}
	if refusal.Status != status || refusal.Code != code || (message != "" && refusal.Message != message) {
		t.Fatalf("%v; expected %d %s: %s", refusal, status, code, message)
	}
	if refusal.RequestID == "" {
		t.Fatal("a refusal without a request id")
	}
}
