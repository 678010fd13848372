"""The table that the suites of all languages run: every operation with every key spec and edge sizes, and the refusals (instance-api 5, 7, 8)."""

import hashlib
import re

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from openapi_util import models as openapi_util_models
from sdk import models

from instance_api import VERSION_HEADER, Refusal
from pair_checks import has_openssl, openssl
from table import NOT_BUILT, TABLE, algorithms, filler, value
from table_keys import TableKeys, call, snake


@pytest.fixture(scope="session")
def keys(control_plane):
    def make(spec, usage):
        return control_plane.create_key(key_spec=spec, key_usage=usage)

    return TableKeys(make, lambda key: control_plane.call("DisableKey", key_id=key), Refusal)


def check_sealed(control_plane, operation, answer, key, algorithm):
    """Checks the key id, algorithm and version in the answer of an encryption."""
    assert (answer.key_id, answer.algorithm) == (key, algorithm)
    version = answer.response_headers[VERSION_HEADER]
    assert len(version) == 36 and version.startswith(key + "-")
    if operation.startswith("Advance"):
        assert answer.key_version_id == version == control_plane.describe(key)["PrimaryKeyVersion"]


def open_all(instance_api, opens, blob, sealed, algorithm, aad, plaintext):
    """Each operation in `opens` decrypts the blob, and refuses it with another Aad."""
    for operation in opens:
        fields = {"key_id": sealed.key_id, "ciphertext_blob": blob, "iv": sealed.iv, "algorithm": algorithm}
        opened = call(instance_api, operation, aad=aad, **fields)
        assert (opened.plaintext, opened.key_id) == (plaintext, sealed.key_id)
        assert opened.response_headers[VERSION_HEADER] == sealed.response_headers[VERSION_HEADER]
        if aad:
            with pytest.raises(Refusal) as refusal:
                call(instance_api, operation, aad=aad[1:] + b"x", **fields)
            assert refusal.value.status_and_code == (500, "InternalFailure")


SEALS = [
    pytest.param(row, algorithm, size, aad, iv, id=f"{row['operation']}-{row['key']}-{algorithm}-{size}-aad{aad}-iv{iv}")
    for row in TABLE["seals"]
    for algorithm in algorithms(row)
    for size in row["sizes"]
    for aad in row["aads"]
    for iv in row["ivs"]
]


@pytest.mark.parametrize(("row", "algorithm", "size", "aad_size", "iv_size"), SEALS)
def test_seals(instance_api, control_plane, keys, row, algorithm, size, aad_size, iv_size):
    key, plaintext, aad, iv = keys.get(row["key"]), filler(size), filler(aad_size), filler(iv_size)
    if key is None:
        return  # `keys` has checked that such keys are refused.
    sealed = call(instance_api, row["operation"], key_id=key, plaintext=plaintext, aad=aad, iv=iv, algorithm=algorithm)
    if sealed is None:
        return
    check_sealed(control_plane, row["operation"], sealed, key, row["algorithm"])
    blob = sealed.ciphertext_blob
    if "length" in row:
        assert len(blob) == row["length"]
    if "overhead" in row:
        assert len(blob) == size + row["overhead"]
    assert len(sealed.iv or b"") == (12 if row["algorithm"].endswith("_GCM") else 0)
    assert iv is None or sealed.iv == iv
    open_all(instance_api, row["open"], blob, sealed, algorithm, aad, plaintext)


DATA_KEYS = [
    pytest.param(row, size, aad, id=f"{row['operation']}-{row['key']}-{size}-aad{aad}")
    for row in TABLE["data_keys"]
    for size in row["sizes"]
    for aad in row["aads"]
]


@pytest.mark.parametrize(("row", "size", "aad_size"), DATA_KEYS)
def test_data_keys(instance_api, control_plane, keys, row, size, aad_size):
    key, aad = keys.get(row["key"]), filler(aad_size)
    if key is None:
        return
    made = call(instance_api, row["operation"], key_id=key, number_of_bytes=size, aad=aad)
    if made is None:
        return
    check_sealed(control_plane, row["operation"], made, key, row["algorithm"])
    assert (len(made.plaintext), len(made.ciphertext_blob), len(made.iv)) == (size, size + row["overhead"], 12)
    open_all(instance_api, row["open"], made.ciphertext_blob, made, row["algorithm"], aad, made.plaintext)
    again = call(instance_api, row["operation"], key_id=key, number_of_bytes=size, aad=aad)
    assert size < 16 or again.plaintext != made.plaintext


SIGNATURES = [
    pytest.param(row, algorithm, size, kind, id=f"{row['key']}-{algorithm}-{size}-{kind}")
    for row in TABLE["signatures"]
    for algorithm in algorithms(row)
    for size in row["sizes"]
    for kind in (None, "RAW", "DIGEST")
]


@pytest.mark.parametrize(("row", "algorithm", "size", "kind"), SIGNATURES)
def test_signatures(instance_api, keys, tmp_path, row, algorithm, size, kind):
    key, message = keys.get(row["key"]), filler(size)
    if key is None:
        return
    data = hashlib.sha256(message).digest() if kind == "DIGEST" else message
    fields = {"key_id": key, "algorithm": algorithm, "message_type": kind}
    signed = call(instance_api, "Sign", message=data, **fields)
    public = call(instance_api, "GetPublicKey", key_id=key)
    if signed is None:
        return
    assert (signed.key_id, signed.algorithm, signed.message_type) == (key, row["algorithm"], kind or "RAW")
    assert len(signed.response_headers[VERSION_HEADER]) == 36
    if public is not None and row["algorithm"] != "SM2DSA":
        check_with_cryptography(row, public.public_key, message, signed.signature)
    if public is not None and row["algorithm"] == "SM2DSA" and kind != "DIGEST" and has_openssl():
        check_sm2_with_openssl(tmp_path, public.public_key, message, signed.signature)
    check_verify(instance_api, fields, data, signed.signature)


def check_with_cryptography(row, pem, message, signature):
    """Verifies with `cryptography`, which does not support SM2."""
    key = serialization.load_pem_public_key(pem.encode())
    spki = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert spki.decode() == pem
    schemes = {
        "RSA_PSS_SHA_256": (padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256()),
        "RSA_PKCS1_SHA_256": (padding.PKCS1v15(), hashes.SHA256()),
        "ECDSA_SHA_256": (ec.ECDSA(hashes.SHA256()),),
    }
    key.verify(signature, message, *schemes[row["algorithm"]])
    with pytest.raises(InvalidSignature):
        key.verify(signature, message + b"x", *schemes[row["algorithm"]])


def check_sm2_with_openssl(folder, pem, message, signature):
    """The user id is the default of the standard, as in rpc-api 10.3."""
    for name, content in (("key", pem.encode()), ("message", message), ("signature", signature)):
        (folder / name).write_bytes(content)
    words = ["-rawin", "-digest", "sm3", "-pkeyopt", "distid:1234567812345678", "-in", str(folder / "message")]
    words += ["-pubin", "-inkey", str(folder / "key"), "-sigfile", str(folder / "signature")]
    assert b"Verified Successfully" in openssl("pkeyutl", "-verify", *words, stdin=b"")


@pytest.mark.skipif(not has_openssl(), reason="the OpenSSL command line is not installed")
def test_openssl_verifies_sm2(instance_api, keys, tmp_path):
    """The parametrized test above runs the same check if OpenSSL is installed; this one reports a skip if it is not."""
    key = keys.get("ec-sm2-sign")
    signed = key and call(instance_api, "Sign", key_id=key, message=b"message", algorithm="SM2DSA")
    if not signed:
        return
    pem = call(instance_api, "GetPublicKey", key_id=key).public_key
    check_sm2_with_openssl(tmp_path, pem, b"message", signed.signature)
    with pytest.raises(AssertionError):
        check_sm2_with_openssl(tmp_path, pem, b"massage", signed.signature)


def check_verify(instance_api, fields, data, signature):
    """The signature verifies for its message and no other; an invalid signature is a result, not an error."""
    altered = signature[:-1] + bytes([signature[-1] ^ 1])
    other = bytes([data[0] ^ 1]) + data[1:]
    for message, one, holds in ((data, signature, True), (data, altered, False), (other, signature, False)):
        verified = call(instance_api, "Verify", message=message, signature=one, **fields)
        assert verified is None or bool(verified.value) is holds


@pytest.mark.parametrize("size", TABLE["randoms"])
def test_randoms(instance_api, size):
    answers = [call(instance_api, "GenerateRandom", length=size) for _ in range(2)]
    if None in answers:
        return
    assert [len(answer.random) for answer in answers] == [size, size]
    assert size < 16 or answers[0].random != answers[1].random


REFUSALS = [
    pytest.param(row, id=f"{number}-{row['operation']}-{row.get('key')}-{row['error']}")
    for number, row in enumerate(TABLE["refusals"])
]


@pytest.mark.parametrize("row", REFUSALS)
def test_refusals(instance_api, keys, row):
    fields = {name: value(raw) for name, raw in row["fields"].items()}
    if "key" in row:
        fields["KeyId"] = keys.get(row["key"])
        if fields["KeyId"] is None:
            return
    with pytest.raises(Refusal) as refusal:
        instance_api.call(row["operation"], **snake(fields))
    if row["operation"] in NOT_BUILT["operations"]:
        assert refusal.value.status_and_code == (400, "InvalidApiName")
        return
    status, code, message = TABLE["errors"][row["error"]]
    assert refusal.value.status_and_code == (status, code)
    if row["error"] == "parameter":
        # The documented sentence, then the field.
        assert re.fullmatch(r"The specified parameter is not valid\. \(\S[^()]*\)", refusal.value.message), refusal.value.message
    else:
        assert message is None or refusal.value.message == message.replace("{id}", fields.get("KeyId", ""))
    assert refusal.value.request_id


def test_rotation(instance_api, control_plane):
    """Basic operations use the initial version, Advance operations the primary one; old ciphertexts still decrypt (instance-api 4)."""
    key = control_plane.create_key()
    initial = control_plane.describe(key)["PrimaryKeyVersion"]
    before = call(instance_api, "AdvanceEncrypt", key_id=key, plaintext=b"a secret")
    control_plane.call("CreateKeyVersion", key_id=key)
    primary = control_plane.describe(key)["PrimaryKeyVersion"]
    assert primary != initial
    for operation, fields in (("Encrypt", {"plaintext": b"a secret"}), ("GenerateDataKey", {"number_of_bytes": 32})):
        for name, expected in ((operation, initial), ("Advance" + operation, primary)):
            answer = call(instance_api, name, key_id=key, **fields)
            assert answer is None or answer.response_headers[VERSION_HEADER] == expected
    if before is not None:
        opened = call(instance_api, "AdvanceDecrypt", ciphertext_blob=before.ciphertext_blob)
        assert (opened.plaintext, opened.key_version_id) == (b"a secret", initial)


@pytest.mark.parametrize("listed", ([], [VERSION_HEADER], [VERSION_HEADER, "content-type"], ["x-nothing"]), ids=("none", "version", "two", "absent"))
def test_header_whitelist(instance_api, listed):
    """The SDK returns only the headers that the caller listed."""
    request = models.AdvanceGenerateDataKeyPairRequest(key_id="alias/dev", key_pair_spec="EC_P256", key_format="DER")
    runtime = openapi_util_models.RuntimeOptions(autoretry=False, response_headers=listed)
    answer = instance_api.client.advance_generate_data_key_pair_with_options(request, runtime)
    got = answer.response_headers or {}
    assert set(got) == set(listed) - {"x-nothing"}
    assert VERSION_HEADER not in listed or got[VERSION_HEADER] == answer.key_version_id
