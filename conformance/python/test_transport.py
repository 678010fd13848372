"""TLS, HTTP limits, incomplete requests and garbage. The server keeps serving whatever it receives."""

import os
import socket
import ssl
import subprocess
import time

import pytest

from raw_request import PROTOBUF, RawClient, message, tls_context

PAIR = "AdvanceGenerateDataKeyPair"
GOOD = message(PAIR, KeyId="alias/dev", KeyPairSpec="EC_P256", KeyFormat="DER")
LIMIT = 3 * 1024 * 1024
SILENCE_S_MAX = 120


def serves(server):
    client = RawClient(server)
    try:
        return client.instance(PAIR, GOOD).status == 200
    finally:
        client.close()


def tls_socket(server, **options):
    context = tls_context(server)
    for name, value in options.items():
        setattr(context, name, value)
    plain = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    return context.wrap_socket(plain, server_hostname="127.0.0.1")


def padded(size):
    """A message of `size` bytes that consists of an unknown field, which a server must skip."""
    field, rest = b"\xa2\x06", size - 2
    for width in (1, 2, 3, 4):
        length = rest - width
        if length < 1 << (7 * width):
            varint = bytes(((length >> (7 * at)) & 0x7F) | (0x80 if at < width - 1 else 0) for at in range(width))
            return field + varint + b"x" * length
    raise ValueError(size)


def test_a_body_of_3_mib_is_read(raw):
    known = message(PAIR, KeyId="alias/dev", KeyPairSpec="EC_P256", KeyFormat="DER")
    body = known + padded(LIMIT - len(known))
    assert len(body) == LIMIT
    assert raw.instance(PAIR, body).status == 200


@pytest.mark.parametrize("size", (LIMIT + 1, 2 * LIMIT))
def test_a_body_above_3_mib_is_refused(raw, server, size):
    assert raw.instance(PAIR, padded(size)).error()[:2] == (413, "RequestEntityTooLarge")
    assert serves(server)


def test_a_large_body_is_refused_by_its_content_length(server):
    with tls_socket(server) as connection:
        head = f"POST / HTTP/1.1\r\nhost: {server.endpoint}\r\ncontent-type: {PROTOBUF}\r\nx-kms-apiname: {PAIR}\r\n"
        connection.sendall(f"{head}content-length: 99999999999\r\n\r\n".encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 413")


def test_a_large_body_in_chunks_is_refused(server):
    with tls_socket(server) as connection:
        head = f"POST / HTTP/1.1\r\nhost: {server.endpoint}\r\ncontent-type: {PROTOBUF}\r\nx-kms-apiname: {PAIR}\r\n"
        connection.sendall(f"{head}transfer-encoding: chunked\r\n\r\n".encode())
        chunk = b"x" * 65536
        try:
            for _ in range(LIMIT // len(chunk) + 1):
                connection.sendall(b"10000\r\n" + chunk + b"\r\n")
            connection.sendall(b"0\r\n\r\n")
        except OSError:
            pass  # The server may answer before it has read the whole body.
        assert connection.recv(4096).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("target", ("/anything", "/favicon.ico", "//", "/../", "/healthz", "/metrics", "/dev/clock"))
def test_unknown_paths(raw, target):
    status, code, _ = raw.instance(PAIR, GOOD, target=target).error()
    assert 400 <= status < 500 and code


@pytest.mark.parametrize("method", ("GET", "PUT", "DELETE", "HEAD"))
def test_other_methods(raw, method):
    answer = raw.instance(PAIR, GOOD, method=method)
    assert 400 <= answer.status < 500
    if method != "HEAD":
        answer.error()


@pytest.mark.parametrize("version", ("TLSv1_2", "TLSv1_3"))
def test_tls_versions(server, version):
    chosen = getattr(ssl.TLSVersion, version)
    with tls_socket(server, minimum_version=chosen, maximum_version=chosen) as connection:
        assert connection.version() == version.replace("_", ".")


def test_tls_1_1_is_refused(server):
    context = tls_context(server)
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, OSError)):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as plain:
            context.wrap_socket(plain, server_hostname="127.0.0.1")
    assert serves(server)


@pytest.mark.parametrize("name", ("localhost", "127.0.0.1", "::1"))
def test_certificate_names(server, name):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as plain:
        with tls_context(server).wrap_socket(plain, server_hostname=name) as connection:
            assert connection.getpeercert()


def test_certificate_contains_no_other_host_name(server):
    with pytest.raises(ssl.SSLCertVerificationError):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as plain:
            tls_context(server).wrap_socket(plain, server_hostname="kms.example.com")


def test_certificate_contains_the_configured_host_names(tmp_path):
    command = [os.environ["CLAVIGER_BIN"], "dev", "--data-dir", str(tmp_path / "data"), "--listen", "127.0.0.1:0"]
    command += ["--admin", "127.0.0.1:0", "--hostname", "kms.example.com", "--hostname", "10.1.2.3"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            port = int(process.stdout.readline().split()[2].rsplit(":", 1)[1])
            context = ssl.create_default_context(cafile=tmp_path / "data/ca.pem")
            for name in ("localhost", "127.0.0.1", "::1", "kms.example.com", "10.1.2.3"):
                with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
                    context.wrap_socket(plain, server_hostname=name).close()
            for name in ("example.com", "other.example.com", "10.1.2.4"):
                with pytest.raises(ssl.SSLCertVerificationError):
                    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
                        context.wrap_socket(plain, server_hostname=name)
        finally:
            process.terminate()


def test_certificate_is_verified_only_by_its_own_root(server):
    with pytest.raises(ssl.SSLCertVerificationError):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as plain:
            ssl.create_default_context().wrap_socket(plain, server_hostname="127.0.0.1")


GARBAGE = {
    "random": os.urandom(4096),
    "http": b"POST / HTTP/1.1\r\nhost: x\r\n\r\n",
    "half a hello": bytes.fromhex("16030100c8010000c40303") + b"\x00" * 20,
    "record too long": bytes.fromhex("160301ffff") + b"\x00" * 70000,
    "ssh": b"SSH-2.0-OpenSSH_9.2\r\n",
    "nothing": b"",
}


@pytest.mark.parametrize("hello", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_instead_of_a_tls_hello(server, hello):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as plain:
        try:
            plain.sendall(hello)
        except OSError:
            pass
        assert serves(server)
    assert serves(server)


GARBAGE_REQUESTS = {
    "no http": b"\x00\x01\x02 not a request\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
    "length and chunks": b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "negative length": b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
    "endless header": b"POST / HTTP/1.1\r\nx: " + b"y" * 1_000_000 + b"\r\n\r\n",
    "many headers": b"POST / HTTP/1.1\r\n" + b"".join(b"x-%d: y\r\n" % at for at in range(5000)) + b"\r\n",
}


@pytest.mark.parametrize("content", GARBAGE_REQUESTS.values(), ids=GARBAGE_REQUESTS.keys())
def test_garbage_inside_tls(server, content):
    with tls_socket(server) as connection:
        try:
            connection.sendall(content)
            first = connection.recv(4096)
        except OSError:
            first = b""
        assert first == b"" or first.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4")), first
    assert serves(server)


def test_incomplete_requests_and_silence(server):
    """They block no other client, and the server closes each within its timeouts: during the hello, the headers, the body."""
    head = f"POST / HTTP/1.1\r\nhost: {server.endpoint}\r\ncontent-type: {PROTOBUF}\r\n"
    silent = []
    for _ in range(8):
        silent.append(socket.create_connection(("127.0.0.1", server.port), timeout=10))
        half_head, half_body = tls_socket(server), tls_socket(server)
        half_head.sendall(head.encode())
        half_body.sendall(f"{head}content-length: 100\r\n\r\nhalf".encode())
        silent += [half_head, half_body]
    assert serves(server)
    deadline = time.monotonic() + SILENCE_S_MAX
    for connection in silent:
        assert is_closed(connection, deadline), f"still open after {SILENCE_S_MAX} s of silence"
        connection.close()
    assert serves(server)


def is_closed(connection, deadline):
    """Whether the peer closes before `deadline`; an answer such as 408 may come first."""
    while True:
        connection.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            if connection.recv(4096) == b"":
                return True
        except TimeoutError:
            return False
        except OSError:
            return True
