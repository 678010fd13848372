"""A `claviger dev` whose data directory is on a small separate file system, which a test can fill.

The file system is a tmpfs in its own mount namespace (util-linux `unshare`). It needs root or unprivileged user namespaces,
is invisible to other processes, and vanishes with the last process in it. A shell in the namespace reads commands from its
standard input: it starts the server, and fills and frees the disk.
"""

import subprocess

from claviger_server import Server

SIZE = "24m"
SCRIPT = """
set -eu
mount -t tmpfs -o size=%s,mode=700 tmpfs "$DISK"
echo mounted
while read -r word; do
    case "$word" in
        fill) dd if=/dev/zero of="$DISK/filler" bs=4096 2>/dev/null || true ;;
        free) rm -f "$DISK/filler" ;;
        start) "$CLAVIGER_BIN" dev --data-dir "$DISK/data" --listen "$LISTEN" --admin "$ADMIN" 2>>"$LOG" & ;;
        try) timeout 60 "$CLAVIGER_BIN" dev --data-dir "$DISK/data" --listen "$LISTEN" --admin "$ADMIN" >/dev/null 2>>"$LOG" \\
                 && echo "ended by itself" || echo "ended with $?"; continue ;;
        stop) kill -TERM $! && { wait $! && echo stopped || echo "ended with $?"; } ; continue ;;
        kill) kill -KILL $!; wait $! || true ;;
        verify) "$CLAVIGER_BIN" audit verify --data-dir "$DISK/data" >/dev/null 2>>"$LOG" && echo verified || echo damaged; continue ;;
        read) for name in ca.pem client-key.json client-key-password.txt access-key.json; do
                  cp "$DISK/data/$name" "$COPY/$name"
              done ;;
    esac
    echo "done"
done
"""
WAYS = (["unshare", "--mount"], ["unshare", "--user", "--map-root-user", "--mount"])


class SmallDisk(Server):
    """A server on a small separate disk; `make` returns `None` if the system cannot provide one."""

    def __init__(self, tmp_path):
        super().__init__(tmp_path / "copy")
        self.data_dir.mkdir()
        (tmp_path / "disk").mkdir()
        self.disk = tmp_path / "disk"
        self.shell = None

    @classmethod
    def make(cls, tmp_path, environment, ports):
        """The mounted disk and None, or None and the reason."""
        made = cls(tmp_path)
        made.port, admin_port = ports
        made.admin = f"127.0.0.1:{admin_port}"
        environment = {
            **environment,
            "DISK": str(made.disk),
            "COPY": str(made.data_dir),
            "LOG": str(made.log_path),
            "LISTEN": f"127.0.0.1:{made.port}",
            "ADMIN": made.admin,
        }
        refusals = []
        for way in WAYS:
            made.shell = subprocess.Popen(
                [*way, "sh", "-c", SCRIPT % SIZE],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            if made.shell.stdout.readline() == "mounted\n":
                return made, None
            refusals.append(f"`{' '.join(way)}`: {made.shell.communicate()[1].strip()}")
        return None, "; ".join(refusals)

    def tell(self, word):
        """Sends a command to the shell; returns its answer."""
        print(word, file=self.shell.stdin, flush=True)
        return self.shell.stdout.readline().strip()

    def start(self):
        print("start", file=self.shell.stdin, flush=True)
        lines = [self.shell.stdout.readline().strip() for _ in range(2)]
        assert "done" in lines, lines
        ready = next(line for line in lines if line != "done")
        assert ready.startswith("claviger ready https://"), (ready, self.log())
        assert self.tell("read") == "done"
        return self

    def close(self):
        self.shell.stdin.close()
        self.shell.kill()
        self.shell.wait()
