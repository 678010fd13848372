"""Every request leaves an audit record with caller, operation and outcome, and a log line if it was refused."""

import json
import threading
import time
import uuid

from openapi_util.protobuf import api_pb2

from raw_request import RawClient, message, response
from test_unknown_callers import audit_lines

PAIR = "AdvanceGenerateDataKeyPair"
AAD = b"context-that-is-nobodys-business"


def request_id(answer):
    if answer.headers["content-type"].startswith("application/json"):
        return json.loads(answer.body)["RequestId"]
    if answer.status < 400:
        return response(PAIR, answer.body).RequestId
    parsed = api_pb2.Error()
    parsed.ParseFromString(answer.body)
    return parsed.RequestId


def pair(key_id="alias/dev", spec="EC_P256"):
    return message(PAIR, KeyId=key_id, KeyPairSpec=spec, KeyFormat="PEM", Aad=AAD)


def test_every_request_has_its_record(own_server):
    raw = RawClient(own_server)
    me, governor = raw.client_key_id, raw.access_key["AccessKeyId"]
    alias = "alias/none-" + uuid.uuid4().hex
    # The answer, then operation, principal, key and code of its record; None: unknown.
    sent = [
        (raw.instance(PAIR, pair()), PAIR, me, "key-", "OK"),
        (raw.instance(PAIR, pair(spec="rsa_2048")), PAIR, me, "key-", "InvalidParameter"),
        (raw.instance(PAIR, pair(alias)), PAIR, me, alias, "Forbidden.KeyNotFound"),
        (raw.instance(PAIR, b"\x0a"), PAIR, me, None, "InvalidParameter"),
        (raw.instance("Nothing", pair()), "-", "-", None, "InvalidApiName"),
        (raw.instance(PAIR, pair(), change={"x-kms-acccesskeyid": 'no"body'}), PAIR, 'unverified:no"body', None, "Unauthorized"),
        (raw.instance(PAIR, pair(), after_signing={"x-kms-foo": "1"}), PAIR, f"unverified:{me}", None, "SignatureNotMatch"),
        (raw.instance(PAIR, pair(), change={"date": "soon"}), "-", "-", None, "InvalidParam"),
        (raw.instance(PAIR, b"x" * (3 * 1024 * 1024 + 1)), "-", "-", None, "RequestEntityTooLarge"),
        (raw.instance(PAIR, pair(), target="/other"), "-", "-", None, "InvalidParameter"),
        (raw.rpc("DescribeKey", {"KeyId": "alias/dev"}), "DescribeKey", governor, None, "OK"),
        (raw.rpc("DescribeKey", {"KeyId": alias}), "DescribeKey", governor, alias, "Forbidden.AliasNotFound"),
        (raw.rpc("ListKeys", secret="x" * 30), "ListKeys", f"unverified:{governor}", None, "SignatureDoesNotMatch"),
        (raw.rpc("Nothing"), "-", "-", None, None),
    ]
    records = {line["request_id"]: line for line in audit_lines(own_server)}
    log = own_server.log()
    for answer, operation, principal, key, code in sent:
        record = records.pop(request_id(answer))
        assert (record["operation"], record["principal"]) == (operation, principal), record
        assert key is None or record["key_id"].startswith(key), record
        assert record["code"] == code or (code is None and record["code"] != "OK"), record
        assert record["status"] == answer.status and record["duration_us"] > 0
        assert record["source"].startswith("127.0.0.1:") and record["time"]
        if code == "OK" and operation == PAIR:
            assert record["key_version_id"].startswith(record["key_id"])
        if answer.status >= 400:
            assert record["request_id"] in log, "a refusal has a log line"
    raw.close()
    assert_no_secrets(own_server)


def assert_no_secrets(server):
    audit = b"".join(path.read_bytes() for path in (server.data_dir / "audit").iterdir())
    secrets = [server.access_key()["AccessKeySecret"], server.client_key_password(), "PRIVATE KEY", AAD.decode()]
    for secret in secrets:
        assert secret.encode() not in audit and secret not in server.log()


def test_a_stop_completes_requests_in_flight(own_server):
    """After SIGTERM during a pair request, the caller gets the pair, its record is written, and the process exits with 0."""
    client, answers, seen = RawClient(own_server), [], threading.Event()

    def ask():
        # Repeatedly: a pair from the stock is answered too quickly to be seen in the metrics.
        while not seen.is_set():
            answers.append(client.instance(PAIR, pair(spec="RSA_4096")))

    asking = threading.Thread(target=ask)
    asking.start()
    deadline = time.monotonic() + 60
    while b"claviger_pairs_in_flight 1" not in own_server.ask_admin("/metrics")[1]:
        assert asking.is_alive() and time.monotonic() < deadline, "no pair was ever seen in flight"
    seen.set()
    own_server.stop()
    asking.join()
    assert answers and {answer.status for answer in answers} == {200}
    assert {request_id(answer) for answer in answers} <= {line["request_id"] for line in audit_lines(own_server)}
    own_server.start()


def test_no_core_dump_is_allowed(server):
    with open(f"/proc/{server.process.pid}/limits") as limits:
        line = next(line for line in limits if line.startswith("Max core file size"))
    assert line.split()[4:6] == ["0", "0"], line
