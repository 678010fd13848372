"""A full disk: the server returns a documented error, loses nothing, applies no change partially, and recovers once there is space."""

import json
import os

import pytest

from claviger_server import eventually, free_port
from full_disk import SmallDisk
from raw_request import RawClient, message, response

PAIR = "AdvanceGenerateDataKeyPair"
GOOD = message(PAIR, KeyId="alias/dev", KeyPairSpec="EC_P256", KeyFormat="DER")
KEYS_MAX = 20_000


@pytest.fixture
def empty_disk(tmp_path):
    made, refusal = SmallDisk.make(tmp_path, dict(os.environ), (free_port(), free_port()))
    if made is None:
        pytest.skip(f"NOT TESTED: a full disk; a separate file system cannot be mounted here: {refusal}")
    yield made
    made.close()


@pytest.fixture
def disk(empty_disk):
    yield empty_disk.start()
    # Even after a failed test.
    empty_disk.tell("kill")


def opens(client, blob):
    answer = client.instance("AdvanceDecrypt", message("AdvanceDecrypt", CiphertextBlob=blob))
    return answer.status == 200 and response("AdvanceDecrypt", answer.body).Plaintext


def made_pair(client):
    answer = client.instance(PAIR, GOOD)
    assert answer.status == 200, answer.error()
    pair = response(PAIR, answer.body)
    return pair.PrivateKeyCiphertextBlob, pair.PrivateKeyPlaintext


def fill_by_use(client):
    """Creates keys on the full disk until one is refused; returns the acknowledged ids and the refusal."""
    acknowledged = []
    for _ in range(KEYS_MAX):
        answer = client.rpc("CreateKey", {"Description": "x" * 4000})
        if answer.status != 200:
            return acknowledged, answer
        acknowledged.append(key_id(answer))
    raise AssertionError(f"{KEYS_MAX} keys on a full disk")


def key_id(answer):
    return json.loads(answer.body)["KeyMetadata"]["KeyId"]


def test_a_full_disk_and_recovery(disk):
    client = RawClient(disk)
    before = made_pair(client)
    assert disk.ask_admin("/readyz")[0] == 200
    assert disk.tell("fill") == "done"
    acknowledged, refusal = fill_by_use(client)
    assert refusal.status == 503 and b"ServiceUnavailableTemporary" in refusal.body
    assert eventually(lambda: disk.ask_admin("/readyz")[0] == 503), "a server that cannot write is not ready"
    assert disk.ask_admin("/readyz")[1], "the answer contains the reason"
    assert disk.ask_admin("/healthz")[0] == 200
    assert disk.tell("free") == "done"
    assert eventually(lambda: client.rpc("CreateKey").status == 200), disk.log()
    assert eventually(lambda: disk.ask_admin("/readyz")[0] == 200), disk.log()
    for key in acknowledged:
        assert client.rpc("DescribeKey", {"KeyId": key}).status == 200, "an acknowledged key is gone"
    assert opens(client, before[0]) == before[1]
    after = made_pair(client)
    assert disk.tell("stop") == "stopped"
    assert disk.tell("verify") == "verified", disk.log()
    disk.start()
    client = RawClient(disk)
    for key in acknowledged:
        assert client.rpc("DescribeKey", {"KeyId": key}).status == 200, "an acknowledged key is gone after the restart"
    assert opens(client, before[0]) == before[1] and opens(client, after[0]) == after[1]


def test_killed_on_a_full_disk(disk):
    client = RawClient(disk)
    pair = made_pair(client)
    assert disk.tell("fill") == "done"
    acknowledged, _ = fill_by_use(client)
    assert disk.tell("kill") == "done"
    assert disk.tell("free") == "done"
    assert disk.tell("verify") == "verified", disk.log()
    disk.start()
    client = RawClient(disk)
    assert opens(client, pair[0]) == pair[1]
    for key in acknowledged:
        assert client.rpc("DescribeKey", {"KeyId": key}).status == 200, "an acknowledged key is gone"


def test_a_first_start_on_a_full_disk_is_repeated(empty_disk):
    """The start reports the full disk, and the next start with enough space is a first start again."""
    assert empty_disk.tell("fill") == "done"
    assert empty_disk.tell("try") == "ended with 1"
    assert "free some space" in empty_disk.log()
    assert empty_disk.tell("free") == "done"
    empty_disk.start()
    client = RawClient(empty_disk)
    blob, plaintext = made_pair(client)
    assert opens(client, blob) == plaintext
    assert [key["AapName"] for key in json.loads(client.rpc("ListClientKeys").body)["ClientKeys"]] == ["first"]
    assert empty_disk.tell("stop") == "stopped"
    assert empty_disk.tell("fill") == "done"
    assert empty_disk.tell("try") == "ended with 1"
    assert empty_disk.tell("free") == "done"
    assert empty_disk.tell("verify") == "verified", empty_disk.log()
