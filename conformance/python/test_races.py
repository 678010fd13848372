"""Concurrent rotations, aliases and revocations of one resource. Each acknowledged change applies from its answer on."""

import base64
import json
import threading
import uuid

from cryptography.hazmat.primitives.serialization import pkcs12

from raw_request import RawClient, message, response

PAIR = "AdvanceGenerateDataKeyPair"
PASSWORD = "Correct-Horse-9"


def pair_of(key_id):
    return message(PAIR, KeyId=key_id, KeyPairSpec="EC_P256", KeyFormat="DER")


def at_once(*works):
    """Runs all functions concurrently; returns their results in order. An exception fails the test."""
    start, results = threading.Barrier(len(works)), [None] * len(works)

    def run(at, work):
        start.wait()
        try:
            results[at] = work()
        except BaseException as error:  # Raised below.
            results[at] = error

    threads = [threading.Thread(target=run, args=entry) for entry in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results


def versions(raw, key):
    answer = json.loads(raw.rpc("ListKeyVersions", {"KeyId": key, "PageSize": "100"}).body)
    return {version["KeyVersionId"] for version in answer["KeyVersions"]["KeyVersion"]}


def test_concurrent_rotations_are_serialized(server, raw, key):
    first = response(PAIR, raw.instance(PAIR, pair_of(key)).body)

    def rotate():
        client = RawClient(server)
        made = []
        for _ in range(3):
            answer = client.rpc("CreateKeyVersion", {"KeyId": key})
            # 503 is permitted: nothing was created, the client may retry.
            assert answer.status in (200, 503), answer.body
            if answer.status == 200:
                made.append(json.loads(answer.body)["KeyVersion"]["KeyVersionId"])
        client.close()
        return made

    made = [version for each in at_once(*[rotate] * 8) for version in each]
    assert len(made) >= 8 and len(set(made)) == len(made)
    assert versions(raw, key) == {first.KeyVersionId, *made}
    newest = response(PAIR, raw.instance(PAIR, pair_of(key)).body)
    described = json.loads(raw.rpc("DescribeKey", {"KeyId": key}).body)["KeyMetadata"]
    assert newest.KeyVersionId == described["PrimaryKeyVersion"] in made
    for pair in (first, newest):
        opened = raw.instance("AdvanceDecrypt", message("AdvanceDecrypt", CiphertextBlob=pair.PrivateKeyCiphertextBlob))
        assert response("AdvanceDecrypt", opened.body).Plaintext == pair.PrivateKeyPlaintext


def test_only_one_of_two_equal_aliases_is_created(server, raw, control_plane, key):
    other, alias = control_plane.create_key(), f"alias/race-{uuid.uuid4().hex}"

    def bind(to):
        client = RawClient(server)
        answer = client.rpc("CreateAlias", {"AliasName": alias, "KeyId": to})
        client.close()
        return to if answer.status == 200 else None

    bound = [to for to in at_once(*[lambda to=to: bind(to) for to in (key, other) * 4]) if to]
    assert len(bound) == 1
    assert response(PAIR, raw.instance(PAIR, pair_of(alias)).body).KeyId == bound[0]


def test_a_moved_alias_immediately_names_the_new_key(server, raw, control_plane, key):
    other, alias = control_plane.create_key(), f"alias/moved-{uuid.uuid4().hex}"
    stop = threading.Event()

    def use():
        client = RawClient(server)
        while not stop.is_set():
            client.instance(PAIR, pair_of(alias))
        client.close()

    users = [threading.Thread(target=use) for _ in range(3)]
    for user in users:
        user.start()
    try:
        for to in (key, other) * 5:
            assert raw.rpc("CreateAlias", {"AliasName": alias, "KeyId": to}).status == 200
            assert eventually_unthrottled(raw, alias) == (200, to)
            assert raw.rpc("DeleteAlias", {"AliasName": alias}).status == 200
            assert eventually_unthrottled(raw, alias) == (404, "Forbidden.KeyNotFound")
    finally:
        stop.set()
        for user in users:
            user.join()


def eventually_unthrottled(raw, key_id):
    """Retries while throttled: the other threads of the test use up the single permit."""
    while True:
        answer = raw.instance(PAIR, pair_of(key_id))
        if answer.status == 200:
            return 200, response(PAIR, answer.body).KeyId
        status, code, _ = answer.error()
        if code != "Rejected.Throttling":
            return status, code


def with_new_client_key(server, raw):
    answer = json.loads(raw.rpc("CreateClientKey", {"AapName": "first", "Password": PASSWORD}).body)
    client = RawClient(server)
    client.client_key_id = answer["ClientKeyId"]
    pfx = base64.b64decode(answer["PrivateKeyData"])
    client.private_key = pkcs12.load_key_and_certificates(pfx, PASSWORD.encode())[0]
    return client


def test_a_client_key_that_is_revoked_while_in_use(server, raw, key):
    blob = response(PAIR, raw.instance(PAIR, pair_of(key)).body).PrivateKeyCiphertextBlob
    body, revoked = message("AdvanceDecrypt", CiphertextBlob=blob), threading.Event()
    client = with_new_client_key(server, raw)
    assert client.instance("AdvanceDecrypt", body).status == 200

    def use():
        user, late = RawClient(server), []
        user.client_key_id, user.private_key = client.client_key_id, client.private_key
        while len(late) < 20:
            is_late = revoked.is_set()
            answer = user.instance("AdvanceDecrypt", body)
            assert answer.status in (200, 404), answer.body
            if is_late:
                late.append(answer.status)
        user.close()
        return late

    def revoke():
        assert raw.rpc("DeleteClientKey", {"ClientKeyId": client.client_key_id}).status == 200
        revoked.set()

    *late, _ = at_once(use, use, use, revoke)
    assert all(statuses == [404] * 20 for statuses in late), "a revoked client key was accepted"
    client.close()


def test_a_disabled_key_is_refused_immediately(raw, key):
    blob = response(PAIR, raw.instance(PAIR, pair_of(key)).body).PrivateKeyCiphertextBlob
    body = message("AdvanceDecrypt", CiphertextBlob=blob)
    for _ in range(20):
        assert raw.rpc("DisableKey", {"KeyId": key}).status == 200
        assert raw.instance("AdvanceDecrypt", body).error()[:2] == (409, "Rejected.Disabled")
        assert raw.rpc("EnableKey", {"KeyId": key}).status == 200
        assert raw.instance("AdvanceDecrypt", body).status == 200
