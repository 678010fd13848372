"""Limits on what unauthenticated callers can cost: memory, audit records, connections. Authenticated callers are not affected."""

import http.client
import json
import threading
import urllib.parse

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from raw_request import PROTOBUF, RawClient, message
from test_rpc_errors import rpc_error
from test_transport import LIMIT, PAIR, GOOD, padded, serves, tls_socket

MIB = 1024 * 1024
LARGE = padded(MIB)


def unknown_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def test_large_unauthenticated_bodies_get_the_same_errors(raw):
    """The order of the checks is the same as for small bodies, although the server discards these."""
    hashed = {"content-sha256": "0" * 64}
    assert raw.instance(PAIR, LARGE, key=unknown_key()).error()[:2] == (401, "SignatureNotMatch")
    assert raw.instance(PAIR, LARGE, change={"x-kms-acccesskeyid": "nobody"}).error()[:2] == (404, "Unauthorized")
    assert raw.instance(PAIR, LARGE, change=hashed, key=unknown_key()).error()[2] == "The Param Content-SHA256 is invalid."
    assert raw.instance(PAIR, LARGE, change={"date": "soon"}).error()[2] == "The Param Date is invalid."
    assert raw.instance(PAIR, LARGE, change={"x-kms-apiname": "Nothing"}).error()[1] == "InvalidApiName"
    assert raw.instance(PAIR, padded(LIMIT + 1), key=unknown_key()).error()[:2] == (413, "RequestEntityTooLarge")
    assert raw.instance(PAIR, GOOD).status == 200


def test_large_authenticated_bodies_are_kept(raw):
    assert raw.instance(PAIR, GOOD + LARGE).status == 200
    changed = {"content-sha256": "0" * 64}
    assert raw.instance(PAIR, GOOD + LARGE, change=changed).error()[2] == "The Param Content-SHA256 is invalid."


def test_large_forms(raw, key):
    form = {"content-type": "application/x-www-form-urlencoded"}
    body = ("Description=" + urllib.parse.quote("\u00e9" * 8000) + f"&KeyId={key}").encode()
    assert len(body) > 16 * 1024
    answer = raw.rpc("DescribeKey", change=form, body=body)
    assert json.loads(answer.body)["KeyMetadata"]["KeyId"] == key
    assert rpc_error(raw.rpc("DescribeKey", change=form, body=body, secret="x" * 30))[1] == "SignatureDoesNotMatch"


def resident_mib(server):
    with open(f"/proc/{server.process.pid}/status") as status:
        line = next(line for line in status if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def test_incomplete_unauthenticated_bodies_take_no_memory(own_server):
    """100 incomplete bodies of 2.5 MiB each would be 250 MiB; the server discards unauthenticated bodies."""
    head = f"POST / HTTP/1.1\r\nhost: {own_server.endpoint}\r\ncontent-type: {PROTOBUF}\r\nx-kms-apiname: {PAIR}\r\n"
    request = f"{head}content-length: {LIMIT}\r\n\r\n".encode() + b"x" * (5 * MIB // 2)
    assert serves(own_server)
    before, half = resident_mib(own_server), []
    for _ in range(100):
        half.append(tls_socket(own_server))
        half[-1].sendall(request)
    grown = resident_mib(own_server) - before
    assert serves(own_server)
    for connection in half:
        connection.close()
    assert grown < 100, f"{grown:.0f} MiB more"


def audit_lines(server):
    lines = []
    for segment in sorted((server.data_dir / "audit").glob("audit-*.log")):
        lines += [json.loads(line) for line in segment.read_text().splitlines()]
    return [line for line in lines if line["kind"] == "request"]


def each(count, work):
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_flood_of_unauthenticated_requests_shares_audit_records(own_server):
    """Every request is counted, most in shared records; each request of an authenticated caller still has its own record."""
    refused = []

    def ask(times):
        client = RawClient(own_server)
        for _ in range(times):
            refused.append(client.instance(PAIR, GOOD, change={"x-kms-acccesskeyid": "nobody"}).error()[:2])
        client.close()

    # A burst of 1,000 and then 50 per second have their own records: a slow machine must send more until some share one.
    rounds = 0
    while not any("repeated" in line for line in audit_lines(own_server)) and rounds < 10:
        each(8, lambda: ask(150))
        rounds += 1
    each(60, lambda: ask(5))
    assert serves(own_server)
    assert set(refused) == {(404, "Unauthorized")} and len(refused) == rounds * 8 * 150 + 60 * 5
    lines = audit_lines(own_server)
    unauthenticated = [line for line in lines if line["code"] == "Unauthorized"]
    shared = [line for line in unauthenticated if "repeated" in line]
    assert sum(line.get("repeated", 1) for line in unauthenticated) == len(refused)
    assert shared and all(line["source"].startswith("127.0.0.1:") and line["status"] == 404 for line in shared)
    assert len(unauthenticated) < len(refused)
    assert [line["code"] for line in lines[-1:]] == ["OK"]


def test_a_web_page_cannot_advance_the_clock(server):
    """Any page in a browser on this machine can send such a request; its Origin header distinguishes it from a program."""
    body = b'{"advance":"1s"}'
    before = server.ask_admin("/metrics")[1]
    for path in ("/dev/clock", "/metrics", "/healthz"):
        asked = http.client.HTTPConnection(server.admin, timeout=30)
        asked.request("POST" if path == "/dev/clock" else "GET", path, body, {"origin": "https://example.com", "content-type": "text/plain"})
        assert asked.getresponse().status == 403
        asked.close()
    offset = [line for line in before.splitlines() if line.startswith(b"claviger_clock_offset_seconds")]
    assert offset and all(line in server.ask_admin("/metrics")[1].splitlines() for line in offset)


@pytest.mark.parametrize("name", ("X-KMS-APINAME", "X-Kms-ApiName", "x-KMS-apiName"))
def test_header_names_in_any_case(raw, name):
    change = {"x-kms-apiname": None}
    answer = raw.instance(PAIR, GOOD, after_signing={**change, name: PAIR})
    assert answer.status == 200


@pytest.mark.parametrize("name", ("date", "content-sha256", "authorization", "x-kms-apiname", "x-kms-acccesskeyid", "content-type"))
def test_repeated_headers_are_refused(server, name):
    """Even if both have the same value."""
    client = RawClient(server)
    sent = {}
    original = client.send

    def twice(method, target, headers, body):
        sent.update(headers)
        lines = "".join(f"{each}: {value}\r\n" for each, value in headers.items())
        lines += f"{name}: {headers[name]}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n"
        with tls_socket(server) as connection:
            connection.sendall(f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode() + body)
            return connection.recv(65536)

    client.send = twice
    answer = client.instance(PAIR, GOOD)
    client.send = original
    assert name in sent and answer.startswith(b"HTTP/1.1 4"), answer
    assert serves(server)
