"""The transfer clients: OpenAPI types in the application, the Instance API on the wire (instance-api 6)."""

import base64
import hashlib

import pytest

from instance_api import VERSION_HEADER
from table import NOT_BUILT
from transfer import Refused, context_digest

CONTEXT = {"b": "2", "a": "1"}
OTHER_CONTEXT = {"b": "2", "a": "2"}
SECRET = "a secret"


def built(client, operation, action, **fields):
    """The answer of an action that needs an operation. None if the operation is not built yet; it must then be refused as unknown."""
    if operation not in NOT_BUILT["operations"]:
        return client.call(action, **fields)
    with pytest.raises(Refused) as refusal:
        client.call(action, **fields)
    assert refusal.value.code == "InvalidApiName"
    return None


def encrypted(client, context):
    operation = client.operation("Encrypt")
    return built(client, operation, "Encrypt", KeyId="alias/dev", Plaintext=SECRET, EncryptionContext=context)


def decrypted(client, blob, context):
    return client.call("Decrypt", CiphertextBlob=blob, EncryptionContext=context)


def refused(client, action, **fields):
    with pytest.raises(Refused) as refusal:
        client.call(action, **fields)
    return refusal.value.code


def test_context_digest():
    """The value in the specification (instance-api 6.5)."""
    assert context_digest(CONTEXT).hex() == "8e85be58c1c372ac29fe7bfa80d8ddcbd04a4032c7b51c1c026d67c55b1ab23f"


@pytest.mark.parametrize("context", (None, CONTEXT), ids=("no-context", "context"))
def test_encrypt_and_decrypt(client, dev_key, context):
    sealed = encrypted(client, context)
    if sealed is None:
        return
    assert sealed["KeyId"] == dev_key and len(sealed["KeyVersionId"]) == 36
    opened = decrypted(client, sealed["CiphertextBlob"], context)
    assert (opened["Plaintext"], opened["KeyVersionId"]) == (SECRET, sealed["KeyVersionId"])
    assert refused(client, "Decrypt", CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext=OTHER_CONTEXT) == "InternalFailure"


def test_its_blobs_open_through_both_families(client, instance_api):
    """Version id, IV, ciphertext and tag: prefixed with `$ 00 02` for AdvanceDecrypt, split for Decrypt (instance-api 6.1)."""
    sealed = encrypted(client, CONTEXT)
    if sealed is None:
        return
    blob, aad = base64.b64decode(sealed["CiphertextBlob"]), client.aad(CONTEXT)
    assert instance_api.call("AdvanceDecrypt", ciphertext_blob=b"$\x00\x02" + blob, aad=aad).plaintext == SECRET.encode()
    headers = {VERSION_HEADER: blob[:36].decode()}
    fields = {"ciphertext_blob": blob[48:], "iv": blob[36:48], "aad": aad}
    assert instance_api.call("Decrypt", request_headers=headers, **fields).plaintext == SECRET.encode()


def test_it_opens_what_the_instance_api_sealed(client, instance_api):
    pair = instance_api.generate("AdvanceGenerateDataKeyPair", "alias/dev", "EC_P256", "PEM", client.aad(CONTEXT))
    blob = base64.b64encode(pair.private_key_ciphertext_blob[3:]).decode()
    opened = decrypted(client, blob, CONTEXT)
    assert (opened["Plaintext"].encode(), opened["KeyVersionId"]) == (pair.private_key_plaintext, pair.key_version_id)
    assert refused(client, "Decrypt", CiphertextBlob=blob) == "InternalFailure"


@pytest.mark.parametrize(("fields", "size"), (({}, 32), ({"KeySpec": "AES_256"}, 32), ({"KeySpec": "AES_128"}, 16), ({"NumberOfBytes": 1024}, 1024)))
def test_data_keys(client, fields, size):
    operation = client.operation("GenerateDataKey")
    made = built(client, operation, "GenerateDataKey", KeyId="alias/dev", EncryptionContext=CONTEXT, **fields)
    if made is None:
        return
    assert len(base64.b64decode(made["Plaintext"])) == size
    assert decrypted(client, made["CiphertextBlob"], CONTEXT)["Plaintext"] == made["Plaintext"]
    bare = client.call("GenerateDataKeyWithoutPlaintext", KeyId="alias/dev", EncryptionContext=CONTEXT, **fields)
    assert "Plaintext" not in bare
    assert len(base64.b64decode(decrypted(client, bare["CiphertextBlob"], CONTEXT)["Plaintext"])) == size


def test_data_keys_of_1025_bytes_do_not_exist(client):
    if client.operation("GenerateDataKey") not in NOT_BUILT["operations"]:
        assert refused(client, "GenerateDataKey", KeyId="alias/dev", NumberOfBytes=1025) == "InvalidParameter"


ENCRYPTIONS = (("rsa-2048", "RSAES_OAEP_SHA_256"), ("rsa-2048", "RSAES_OAEP_SHA_1"), ("ec-p256", "ECIES_DH_SHA_1_XOR_HMAC"))


@pytest.mark.parametrize(("kind", "algorithm"), ENCRYPTIONS)
def test_asymmetric_encryption(client, keys, kind, algorithm):
    key = keys.get(kind)
    if key is None:
        return
    fields = {"KeyId": key, "Algorithm": algorithm}
    plaintext = base64.b64encode(SECRET.encode()).decode()
    sealed = built(client, "Encrypt", "AsymmetricEncrypt", Plaintext=plaintext, KeyVersionId="", **fields)
    if sealed is not None:
        blob, version = sealed["CiphertextBlob"], sealed["KeyVersionId"]
        opened = client.call("AsymmetricDecrypt", CiphertextBlob=blob, KeyVersionId=version, **fields)
        assert opened["Plaintext"] == plaintext


SIGNATURES = (("rsa-2048-sign", "RSA_PSS_SHA_256"), ("rsa-2048-sign", "RSA_PKCS1_SHA_256"), ("ec-p256-sign", "ECDSA_SHA_256"))


@pytest.mark.parametrize(("kind", "algorithm"), SIGNATURES)
def test_signatures(client, keys, kind, algorithm):
    key = keys.get(kind)
    if key is None:
        return
    digest = base64.b64encode(hashlib.sha256(b"message").digest()).decode()
    fields = {"KeyId": key, "Algorithm": algorithm, "Digest": digest}
    signed = built(client, "Sign", "AsymmetricSign", KeyVersionId="", **fields)
    if signed is not None:
        version = signed["KeyVersionId"]
        assert client.call("AsymmetricVerify", Value=signed["Value"], KeyVersionId=version, **fields)["Value"] is True
        assert client.call("GetPublicKey", KeyId=key, KeyVersionId=version)["PublicKey"].startswith("-----BEGIN PUBLIC KEY-----\n")


def test_errors(client, dev_key):
    """How these clients report the server's errors (instance-api 7)."""
    unknown = base64.b64encode(f"{dev_key}-0000000000".encode() + b"i" * 12 + b"c" * 28).decode()
    assert refused(client, "Decrypt", CiphertextBlob=unknown) == "Forbidden.KeyNotFound"
    if client.operation("Encrypt") not in NOT_BUILT["operations"]:
        assert refused(client, "Encrypt", KeyId="alias/nothing-here", Plaintext=SECRET) == "Forbidden.KeyNotFound"
