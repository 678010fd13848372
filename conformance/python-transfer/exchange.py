"""Each language decrypts and verifies what the others encrypted and signed: artifacts in a shared folder, against one server that
`cargo xtask test --only exchange` starts. conformance/README.md describes the artifacts. Not named `test_`, so that pytest runs it
only on request.
"""

import base64
import hashlib
import json
import os
from pathlib import Path

import pytest

from instance_api import VERSION_HEADER
from table import TABLE, filler
from table_keys import call
from test_transfer import CONTEXT, SECRET, decrypted, encrypted
from transfer import DkmsTransfer

LANGUAGE = "python"
FOLDER = Path(os.environ["CLAVIGER_EXCHANGE"])


def artifact(operation, opens, answer, blob, aad, plaintext):
    """The artifact of a ciphertext; bytes are hexadecimal."""
    return {
        "operation": operation,
        "open": opens,
        "key_id": answer.key_id,
        "key_version_id": answer.response_headers[VERSION_HEADER],
        "algorithm": answer.algorithm,
        "aad": (aad or b"").hex(),
        "blob": blob.hex(),
        "iv": (answer.iv or b"").hex(),
        "plaintext_sha256": hashlib.sha256(plaintext).hexdigest(),
    }


def sealed(api, keys, row, **fields):
    """The artifact of an encryption or, without a plaintext, of a data key; empty if the server does not support it."""
    key, aad = keys.get(row["key"]), filler(row["aads"][-1])
    answer = key and call(api, row["operation"], key_id=key, aad=aad, **fields)
    if not answer:
        return []
    plaintext = fields.get("plaintext") or answer.plaintext
    return [artifact(row["operation"], row["open"], answer, answer.ciphertext_blob, aad, plaintext)]


def pair(api, operation, opens):
    aad = LANGUAGE.encode()
    made = api.generate(operation, "alias/dev", "EC_P256", "PEM", aad)
    blob = made.private_key_ciphertext_blob
    if hasattr(made, "private_key_plaintext"):
        private = made.private_key_plaintext
    else:
        private = api.call(opens[0], key_id=made.key_id, ciphertext_blob=blob, iv=made.iv, aad=aad).plaintext
    return artifact(operation, opens, made, blob, aad, private)


def signature(api, keys, row):
    key, message = keys.get(row["key"]), f"signed by {LANGUAGE}".encode()
    signed = key and call(api, "Sign", key_id=key, message=message, algorithm=row["algorithm"])
    if not signed:
        return []
    content = {"operation": "Sign", "open": ["Verify"], "key_id": key, "algorithm": row["algorithm"]}
    return [{**content, "message": message.hex(), "signature": signed.signature.hex()}]


def transferred(server):
    answer = encrypted(DkmsTransfer(server), CONTEXT)
    if answer is None:
        return []
    content = {"operation": "TransferEncrypt", "open": ["TransferDecrypt"], "context": json.dumps(CONTEXT)}
    blob = base64.b64decode(answer["CiphertextBlob"])
    return [{**content, "blob": blob.hex(), "plaintext_sha256": hashlib.sha256(SECRET.encode()).hexdigest()}]


def test_write(server, instance_api, keys):
    artifacts = []
    for row in TABLE["seals"]:
        artifacts += sealed(instance_api, keys, row, plaintext=filler(row["sizes"][1]), algorithm=row["algorithm"])
    for row in TABLE["data_keys"]:
        artifacts += sealed(instance_api, keys, row, number_of_bytes=row["sizes"][1])
    artifacts += [pair(instance_api, operation, opens) for operation, opens in TABLE["pairs"]["operations"].items()]
    for row in TABLE["signatures"]:
        artifacts += signature(instance_api, keys, row)
    artifacts += transferred(server)
    (FOLDER / LANGUAGE).mkdir()
    for number, one in enumerate(artifacts):
        (FOLDER / LANGUAGE / f"{number:03}-{one['operation']}.json").write_text(json.dumps(one, indent=1))


def artifacts():
    """Every artifact of every participating language; each must have written some."""
    for language in os.environ["CLAVIGER_EXCHANGE_LANGUAGES"].split(","):
        found = sorted((FOLDER / language).glob("*.json"))
        yield from (pytest.param(file, id=f"{language}-{file.stem}") for file in found or [FOLDER / language / "none"])


@pytest.mark.parametrize("file", artifacts())
def test_read(server, instance_api, file):
    one = json.loads(file.read_text())
    assert one["open"], "the artifact names no operation that opens it"
    for operation in one["open"]:
        if operation == "Verify":
            fields = {"key_id": one["key_id"], "algorithm": one["algorithm"], "message": bytes.fromhex(one["message"])}
            assert instance_api.call(operation, signature=bytes.fromhex(one["signature"]), **fields).value
        elif operation == "TransferDecrypt":
            blob = base64.b64encode(bytes.fromhex(one["blob"])).decode()
            check_digest(one, decrypted(DkmsTransfer(server), blob, json.loads(one["context"]))["Plaintext"].encode())
        else:
            fields = {"key_id": one["key_id"], "algorithm": one["algorithm"], "iv": bytes.fromhex(one["iv"])}
            blob, aad = bytes.fromhex(one["blob"]), bytes.fromhex(one["aad"])
            opened = instance_api.call(operation, ciphertext_blob=blob, aad=aad, **fields)
            check_digest(one, opened.plaintext)
            assert opened.response_headers[VERSION_HEADER] == one["key_version_id"]


def check_digest(one, plaintext):
    assert hashlib.sha256(plaintext).hexdigest() == one["plaintext_sha256"]
