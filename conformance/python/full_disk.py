"""A `claviger dev` whose data directory is a small file system of its own, which a test can fill.

The file system is a tmpfs in a mount namespace of its own (util-linux `unshare`): it needs root or unprivileged user
namespaces, is seen by nobody else, and is gone with the last process in it. A shell in the namespace starts the server
and fills and frees the disk as told on its standard input.
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
    """A server on a disk of its own; `None` from `make` where the system gives no such disk."""

    def __init__(self, tmp_path):
        super().__init__(tmp_path / "copy")
        self.data_dir.mkdir()
        (tmp_path / "disk").mkdir()
        self.disk = tmp_path / "disk"
        self.shell = None

    @classmethod
    def make(cls, tmp_path, environment, ports):
        """The disk, mounted, or why there is none."""
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
        """Tells the shell; its answer."""
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
