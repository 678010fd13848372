"""Writes golden wire vectors to `vectors/instance/` and `vectors/rpc/`: the requests of the official SDKs, byte for byte, and the
answers of the server. Rust tests replay them without Python.

    CLAVIGER_BIN=target/release/claviger python capture.py [VECTORS_FOLDER]

It hooks into the HTTP library of the SDKs, where the head of a request has its final bytes. The server and every key in the
vectors are discarded afterwards: the secrets in them protect nothing.
"""

import base64
import http.client
import json
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from claviger_server import Server, eventually
from control_plane import ControlPlane
from instance_api import FORMATS, OPERATIONS, SPECS, VERSION_HEADER, InstanceApi, Refusal

NOTE = "Test only: captured from a throw-away server; every key and secret here protects nothing."
AAD = b"golden"


class Recorder:
    """Collects the exchanges of one client, in order."""

    def __init__(self):
        self.exchanges = []
        self.head = None

    @contextmanager
    def listening(self):
        send_output, send = http.client.HTTPConnection._send_output, requests.Session.send
        recorder = self

        def keep_head(connection, *args, **kwargs):
            recorder.head = [bytes(line) for line in connection._buffer]
            return send_output(connection, *args, **kwargs)

        def keep_exchange(session, prepared, **kwargs):
            answer = send(session, prepared, **kwargs)
            recorder.exchanges.append(exchange(recorder.head, prepared.body or b"", answer))
            return answer

        http.client.HTTPConnection._send_output, requests.Session.send = keep_head, keep_exchange
        try:
            yield
        finally:
            http.client.HTTPConnection._send_output, requests.Session.send = send_output, send


def exchange(head, body, answer):
    first, *lines = [line.decode("latin-1") for line in head]
    method, target, _ = first.split(" ")
    headers = [line.split(": ", 1) for line in lines if line]
    sent = body.encode() if isinstance(body, str) else body
    return {
        "request": {"method": method, "target": target, "headers": headers, "body": sent.hex()},
        "answer": {
            "status": answer.status_code,
            "headers": [[name, value] for name, value in answer.raw.headers.items()],
            "body": answer.content.hex(),
        },
    }


class Capture:
    """One folder of vectors; each file is one named call with its exchange."""

    def __init__(self, folder, public_inputs):
        self.folder, self.public_inputs = folder, public_inputs
        folder.mkdir(parents=True, exist_ok=True)
        for stale in folder.glob("*.json"):
            stale.unlink()

    def record(self, name, call):
        """Runs `call`, which may be refused, and writes its exchange."""
        recorder = Recorder()
        with recorder.listening():
            try:
                result = call()
            except Refusal:
                result = None
        [one] = recorder.exchanges
        content = {"note": NOTE, "name": name, **self.public_inputs, **one}
        (self.folder / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n")
        return result


def capture_instance(server, folder):
    content = server.client_key()
    pfx = base64.b64decode(content["PrivateKeyData"])
    certificate = pkcs12.load_key_and_certificates(pfx, server.client_key_password().encode())[1]
    spki = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    capture = Capture(folder, {"client_key_id": content["KeyId"], "client_public_key_spki": spki.hex()})
    api = InstanceApi(server)
    for operation in OPERATIONS:
        for spec in SPECS:
            for key_format in FORMATS:
                capture_pair(capture, api, operation, spec, key_format)
    capture_refusals(capture, api)


def capture_pair(capture, api, operation, spec, key_format):
    name = f"{operation}-{spec}-{key_format}"
    pair = capture.record(name, lambda: api.generate(operation, "alias/dev", spec, key_format, AAD))
    if spec != "EC_P256":
        return
    decrypt = "AdvanceDecrypt" if operation.startswith("Advance") else "Decrypt"
    blob = {"ciphertext_blob": pair.private_key_ciphertext_blob, "aad": AAD}
    named = {**blob, "key_id": pair.key_id, "iv": pair.iv, "algorithm": pair.algorithm}
    capture.record(f"{decrypt}-of-{name}", lambda: api.call(decrypt, **named))
    if decrypt == "AdvanceDecrypt":
        capture.record(f"{decrypt}-without-KeyId-of-{name}", lambda: api.call(decrypt, **blob))
    else:
        headers = {VERSION_HEADER: pair.response_headers[VERSION_HEADER]}
        by_header = {**blob, "iv": pair.iv, "request_headers": headers}
        capture.record(f"{decrypt}-by-header-of-{name}", lambda: api.call(decrypt, **by_header))
        capture.record(f"AdvanceDecrypt-of-{name}", lambda: api.call("AdvanceDecrypt", **named))


def capture_refusals(capture, api):
    pair = api.generate("AdvanceGenerateDataKeyPair", "alias/dev", "EC_P256", "DER", AAD)
    blob = pair.private_key_ciphertext_blob
    refusals = {
        "unknown-key": lambda: api.generate(OPERATIONS[0], "key-000000000000000000000", "EC_P256"),
        "unknown-alias": lambda: api.generate(OPERATIONS[2], "alias/nothing-here", "EC_P256"),
        "unknown-spec": lambda: api.generate(OPERATIONS[0], "alias/dev", "rsa_2048"),
        "unknown-format": lambda: api.generate(OPERATIONS[0], "alias/dev", "EC_P256", "JWK"),
        "no-key-id": lambda: api.generate(OPERATIONS[1], None, "EC_P256"),
        "empty-message": lambda: api.call(OPERATIONS[3]),
        "aad-too-long": lambda: api.generate(OPERATIONS[0], "alias/dev", "EC_P256", "DER", b"a" * 8193),
        "wrong-aad": lambda: api.call("AdvanceDecrypt", ciphertext_blob=blob, aad=b"other"),
        "cut-blob": lambda: api.call("AdvanceDecrypt", ciphertext_blob=blob[:-1], aad=AAD),
        "no-blob": lambda: api.call("AdvanceDecrypt"),
        "no-iv": lambda: api.call("Decrypt", ciphertext_blob=blob[51:], key_id="alias/dev", aad=AAD),
        "not-offered": lambda: api.call("Sign", key_id="alias/dev", message=b"m", algorithm="RSA_PSS_SHA_256"),
        "stranger": lambda: stranger_calls(api),
    }
    for name, call in refusals.items():
        assert capture.record(f"refused-{name}", call) is None, f"{name} was not refused"


def stranger_calls(api):
    """The same signature with an unknown client key id."""
    own = api.client._credential._key_id
    api.client._credential._key_id = "KAAP.00000000-0000-0000-0000-000000000000"
    try:
        return api.generate(OPERATIONS[0], "alias/dev", "EC_P256")
    finally:
        api.client._credential._key_id = own


def capture_rpc(server, folder):
    access_key = server.access_key()
    names = {"access_key_id": access_key["AccessKeyId"], "access_key_secret_test_only": access_key["AccessKeySecret"]}
    capture = Capture(folder, names)
    control = ControlPlane(server)

    def record(name, action, **fields):
        return capture.record(name, lambda: control.call(action, **fields))

    key = record("CreateKey", "CreateKey", description="golden: \u00e9 & 100% + ~*", key_spec="Aliyun_AES_256")
    key = key["KeyMetadata"]["KeyId"]
    record("CreateAlias", "CreateAlias", key_id=key, alias_name="alias/golden/one")
    record("DescribeKey-by-alias", "DescribeKey", key_id="alias/golden/one")
    record("UpdateRotationPolicy", "UpdateRotationPolicy", key_id=key, enable_automatic_rotation=True, rotation_interval="7d")
    version = record("CreateKeyVersion", "CreateKeyVersion", key_id=key)["KeyVersion"]["KeyVersionId"]
    record("ListKeyVersions", "ListKeyVersions", key_id=key, page_number=1, page_size=10)
    record("DescribeKeyVersion", "DescribeKeyVersion", key_id=key, key_version_id=version)
    record("ListKeys", "ListKeys", filters='[{"Key":"KeyState","Values":["Enabled","Disabled"]}]', page_size=100)
    record("ListAliases", "ListAliases", page_number=1, page_size=20)
    record("DisableKey", "DisableKey", key_id=key)
    record("refused-disabled", "CreateKeyVersion", key_id=key)
    record("EnableKey", "EnableKey", key_id=key)
    record("ScheduleKeyDeletion", "ScheduleKeyDeletion", key_id=key, pending_window_in_days=7)
    record("DescribeKey-pending", "DescribeKey", key_id=key)
    record("refused-pending", "EnableKey", key_id=key)
    record("CancelKeyDeletion", "CancelKeyDeletion", key_id=key)
    record("UpdateKeyDescription", "UpdateKeyDescription", key_id=key, description="golden: new")
    record("UpdateKeyDescription-empty", "UpdateKeyDescription", key_id=key, description="")
    record("refused-alias-exists", "CreateAlias", key_id=key, alias_name="alias/golden/one")
    record("DeleteAlias", "DeleteAlias", alias_name="alias/golden/one")
    record("refused-unknown-alias", "DeleteAlias", alias_name="alias/golden/one")
    record("refused-unknown-key", "DescribeKey", key_id="key-000000000000000000000")
    record("refused-missing-parameter", "DescribeKey")
    record("refused-bad-interval", "UpdateRotationPolicy", key_id=key, enable_automatic_rotation=True, rotation_interval="6d")
    server.advance_clock("8d")
    eventually(lambda: len(control.versions(key)) == 3)
    record("DescribeKey-rotated", "DescribeKey", key_id=key)


def main():
    default = Path(__file__).resolve().parents[2] / "vectors"
    vectors = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    with tempfile.TemporaryDirectory() as scratch:
        server = Server(Path(scratch) / "data").start()
        try:
            capture_instance(server, vectors / "instance")
            capture_rpc(server, vectors / "rpc")
        finally:
            server.stop()
    print(f"{sum(1 for _ in vectors.rglob('*.json'))} vectors in {vectors}")


if __name__ == "__main__":
    main()
