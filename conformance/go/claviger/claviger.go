// Package claviger runs the server under test: `claviger dev` on free loopback ports, and its command line.
//
// The environment variable CLAVIGER_BIN contains the path of the binary.
package claviger

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

const (
	startMax = 60 * time.Second
	stopMax  = 30 * time.Second
)

var ready = regexp.MustCompile(`^claviger ready https://(127\.0\.0\.1:\d+) instance (\S+)$`)

// Server is a data directory and the endpoint of the server that uses it.
type Server struct {
	Dir      string
	Endpoint string
	process  *exec.Cmd
	ended    chan error
}

// External is a server that another process starts and stops.
func External(dir, endpoint string) *Server { return &Server{Dir: dir, Endpoint: endpoint} }

// Binary is the claviger program.
func Binary() (string, error) {
	if path := os.Getenv("CLAVIGER_BIN"); path != "" {
		return path, nil
	}
	return "", fmt.Errorf("set CLAVIGER_BIN to the claviger binary, or run `cargo xtask test --only conformance-go`")
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// Start starts the server on dir and waits for its ready line.
func Start(dir string) (*Server, error) {
	binary, err := Binary()
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	admin, err := freePort()
	if err != nil {
		return nil, err
	}
	log, err := os.Create(dir + ".log")
	if err != nil {
		return nil, err
	}
	server := &Server{Dir: dir, ended: make(chan error, 1)}
	server.process = exec.Command(binary, "dev", "--data-dir", dir,
		"--listen", fmt.Sprintf("127.0.0.1:%d", port), "--admin", fmt.Sprintf("127.0.0.1:%d", admin))
	server.process.Stderr = log
	out, err := server.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := server.process.Start(); err != nil {
		return nil, err
	}
	found := make(chan string, 1)
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if words := ready.FindStringSubmatch(lines.Text()); words != nil {
				found <- words[1]
			}
		}
		server.ended <- server.process.Wait()
	}()
	select {
	case server.Endpoint = <-found:
		return server, nil
	case err := <-server.ended:
		return nil, fmt.Errorf("the server ended before it was ready (%v); log:\n%s", err, server.Log())
	case <-time.After(startMax):
		_ = server.process.Process.Kill()
		return nil, fmt.Errorf("no ready line within %s; log:\n%s", startMax, server.Log())
	}
}

// Stop sends SIGTERM. The server must still be running, exit with code 0, and have written no secret to its log.
func (server *Server) Stop() error {
	if server.process == nil {
		return nil
	}
	if err := server.process.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("the server died (%v); log:\n%s", err, server.Log())
	}
	select {
	case err := <-server.ended:
		if err != nil {
			return fmt.Errorf("after SIGTERM: %v; log:\n%s", err, server.Log())
		}
	case <-time.After(stopMax):
		_ = server.process.Process.Kill()
		return fmt.Errorf("still running %s after SIGTERM; log:\n%s", stopMax, server.Log())
	}
	for _, secret := range []string{server.Password(), "PRIVATE KEY"} {
		if strings.Contains(server.Log(), secret) {
			return fmt.Errorf("a secret is in the log")
		}
	}
	return nil
}

// Log is the stderr of the process.
func (server *Server) Log() string { return read(server.Dir + ".log") }

func read(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// CA is the PEM text of ca.pem.
func (server *Server) CA() string { return read(server.File("ca.pem")) }

// File is the path of a file in the data directory.
func (server *Server) File(name string) string { return filepath.Join(server.Dir, name) }

// Password is the password of the client key.
func (server *Server) Password() string {
	return strings.TrimSpace(read(server.File("client-key-password.txt")))
}

// Run runs a claviger command against the server; returns its JSON output.
func (server *Server) Run(words ...string) (map[string]any, error) {
	binary, err := Binary()
	if err != nil {
		return nil, err
	}
	words = append(words, "--data-dir", server.Dir, "--endpoint", "https://"+server.Endpoint, "--output", "json")
	command := exec.Command(binary, words...)
	var stderr strings.Builder
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("%v: %s", err, stderr.String())
	}
	answer := map[string]any{}
	return answer, json.Unmarshal(out, &answer)
}

// CreateKey creates a key and returns its id.
func (server *Server) CreateKey(spec, usage string) (string, error) {
	answer, err := server.Run("key", "create", "--spec", spec, "--usage", usage)
	if err != nil {
		return "", err
	}
	return field(answer, "KeyMetadata", "KeyId")
}

// PrimaryVersion is the id of the version with which Advance operations encrypt.
func (server *Server) PrimaryVersion(key string) (string, error) {
	answer, err := server.Run("key", "describe", key)
	if err != nil {
		return "", err
	}
	return field(answer, "KeyMetadata", "PrimaryKeyVersion")
}

// DevKey is the id of the key that is created on the first start.
func (server *Server) DevKey() (string, error) {
	answer, err := server.Run("key", "describe", "alias/dev")
	if err != nil {
		return "", err
	}
	return field(answer, "KeyMetadata", "KeyId")
}

func field(answer map[string]any, object, name string) (string, error) {
	inner, _ := answer[object].(map[string]any)
	text, ok := inner[name].(string)
	if !ok {
		return "", fmt.Errorf("no %s.%s in %v", object, name, answer)
	}
	return text, nil
}
