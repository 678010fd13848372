"""A `claviger dev` process for the tests: started with free ports and a data directory, stopped with SIGTERM.

It relies on the command line, the ready line on stdout and the files in the data directory. The environment variable CLAVIGER_BIN
contains the path of the binary.
"""

import json
import os
import queue
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

READY = re.compile(r"claviger ready https://([^ :]+):(\d+) instance (\S+)$")
START_S_MAX = 60
STOP_S_MAX = 30


def free_port():
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Files:
    """The files of a data directory that clients read."""

    @property
    def ca_file(self):
        return str(self.data_dir / "ca.pem")

    @property
    def client_key_file(self):
        return str(self.data_dir / "client-key.json")

    def client_key(self):
        return json.loads((self.data_dir / "client-key.json").read_text())

    def client_key_password(self):
        return (self.data_dir / "client-key-password.txt").read_text().strip()

    def access_key(self):
        return json.loads((self.data_dir / "access-key.json").read_text())


class ExternalServer(Files):
    """A server that another process starts and stops."""

    def __init__(self, data_dir, endpoint):
        self.data_dir, self.endpoint = Path(data_dir), endpoint


class Server(Files):
    """A data directory, and the server process that uses it."""

    def __init__(self, data_dir, *flags):
        self.data_dir = Path(data_dir)
        self.flags = flags
        self.log_path = self.data_dir.parent / (self.data_dir.name + ".log")
        self.process = None

    def start(self):
        """Starts the process and waits for its ready line."""
        self.port, admin_port = free_port(), free_port()
        self.admin = f"127.0.0.1:{admin_port}"
        command = [os.environ["CLAVIGER_BIN"], "dev", "--data-dir", str(self.data_dir)]
        command += ["--listen", f"127.0.0.1:{self.port}", "--admin", self.admin, *self.flags]
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True
            )
        self.lines = queue.Queue()
        threading.Thread(target=self._read_stdout, args=(self.process,), daemon=True).start()
        host, port, self.instance = self._ready_line()
        assert (host, int(port)) == ("127.0.0.1", self.port)
        return self

    def _read_stdout(self, process):
        for line in process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def _ready_line(self):
        deadline = time.monotonic() + START_S_MAX
        while True:
            try:
                line = self.lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                self.process.kill()
                raise AssertionError(f"no ready line within {START_S_MAX} s; log:\n{self.log()}") from None
            assert line is not None, f"the server ended before it was ready; log:\n{self.log()}"
            if found := READY.match(line):
                return found.groups()

    def stop(self):
        """Sends SIGTERM; the process must exit with code 0."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"still running {STOP_S_MAX} s after SIGTERM; log:\n{self.log()}") from None
        self.process = None
        assert code == 0, f"exit code {code} after SIGTERM; log:\n{self.log()}"

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def log(self):
        """The stderr of the process so far."""
        return self.log_path.read_text(errors="replace")

    @property
    def endpoint(self):
        """HOST:PORT, the format that SDKs accept."""
        return f"127.0.0.1:{self.port}"

    def ask_admin(self, path, body=None):
        """Status and body of the admin listener's answer; POST if there is a body."""
        request = urllib.request.Request(f"http://{self.admin}{path}", data=body)
        if body is not None:
            request.add_header("content-type", "application/json")
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read()

    def advance_clock(self, span):
        """Advances the server's clock by `span`, such as "8d"."""
        status, body = self.ask_admin("/dev/clock", json.dumps({"advance": span}).encode())
        assert 200 <= status < 300, f"/dev/clock answered {status}: {body!r}"


class CommandFailed(Exception):
    """The command failed."""


def run_command(server, *words):
    """Runs a `claviger` command against the server; returns its JSON output."""
    target = ["--data-dir", str(server.data_dir), "--endpoint", f"https://{server.endpoint}", "--output", "json"]
    done = subprocess.run([os.environ["CLAVIGER_BIN"], *words, *target], capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise CommandFailed(done.stderr)
    return json.loads(done.stdout)


def eventually(look, within_s=30):
    """Polls `look` until its result is truthy, for what the server does asynchronously."""
    deadline = time.monotonic() + within_s
    while True:
        result = look()
        if result or time.monotonic() > deadline:
            return result
        time.sleep(0.1)
