"""Decrypt and AdvanceDecrypt with and without KeyId; version from the blob or from the request header (instance-api 5.1, 5.2)."""

import pytest

from instance_api import VERSION_HEADER, Refusal

AAD = b"context"


@pytest.fixture(scope="module")
def advance_pair(instance_api):
    return instance_api.generate("AdvanceGenerateDataKeyPair", "alias/dev", "EC_P256", aad=AAD)


@pytest.fixture(scope="module")
def basic_pair(instance_api):
    return instance_api.generate("GenerateDataKeyPair", "alias/dev", "EC_P256", aad=AAD)


def test_the_blob_alone_is_enough(instance_api, dev_key, advance_pair):
    opened = instance_api.call("AdvanceDecrypt", ciphertext_blob=advance_pair.private_key_ciphertext_blob, aad=AAD)
    assert opened.plaintext == advance_pair.private_key_plaintext
    assert (opened.key_id, opened.key_version_id) == (dev_key, advance_pair.key_version_id)


@pytest.mark.parametrize("iv", (b"\x00" * 12, b"short", b"i" * 48), ids=("other", "short", "php"))
def test_the_requests_iv_is_ignored_for_self_describing_blobs(instance_api, advance_pair, iv):
    blob = advance_pair.private_key_ciphertext_blob
    assert instance_api.call("AdvanceDecrypt", ciphertext_blob=blob, aad=AAD, iv=iv).plaintext == advance_pair.private_key_plaintext


@pytest.mark.parametrize("algorithm", (None, "AES_GCM"))
@pytest.mark.parametrize("by", ("id", "alias"))
def test_key_id_and_algorithm_may_be_given_as_well(instance_api, dev_key, advance_pair, by, algorithm):
    key_id = dev_key if by == "id" else "alias/dev"
    blob = advance_pair.private_key_ciphertext_blob
    opened = instance_api.call("AdvanceDecrypt", ciphertext_blob=blob, aad=AAD, key_id=key_id, algorithm=algorithm)
    assert opened.plaintext == advance_pair.private_key_plaintext


@pytest.mark.parametrize("decrypt", ("Decrypt", "AdvanceDecrypt"))
def test_basic_blobs_open_with_key_id_and_iv(instance_api, dev_key, basic_pair, decrypt):
    opened = instance_api.call(
        decrypt, ciphertext_blob=basic_pair.private_key_ciphertext_blob, key_id="alias/dev", iv=basic_pair.iv, aad=AAD
    )
    assert (opened.plaintext, opened.key_id) == (basic_pair.private_key_plaintext, dev_key)


def test_the_version_header_replaces_the_key_id(instance_api, dev_key, basic_pair):
    """Legacy transfer clients send the header, the Iv and the blob, but no KeyId."""
    version = basic_pair.response_headers[VERSION_HEADER]
    opened = instance_api.call(
        "Decrypt",
        request_headers={VERSION_HEADER: version},
        ciphertext_blob=basic_pair.private_key_ciphertext_blob,
        iv=basic_pair.iv,
        aad=AAD,
    )
    assert (opened.plaintext, opened.key_id) == (basic_pair.private_key_plaintext, dev_key)
    assert opened.response_headers[VERSION_HEADER] == version


def test_the_gcm_computation_is_the_same_in_both_families(instance_api, basic_pair, advance_pair):
    """Transfer clients split `$` blobs for Decrypt, and build `$` blobs from basic ones for AdvanceDecrypt (instance-api 6.2)."""
    version = basic_pair.response_headers[VERSION_HEADER]
    joined = b"$\x00\x02" + version.encode() + basic_pair.iv + basic_pair.private_key_ciphertext_blob
    assert instance_api.call("AdvanceDecrypt", ciphertext_blob=joined, aad=AAD).plaintext == basic_pair.private_key_plaintext

    blob = advance_pair.private_key_ciphertext_blob
    apart = instance_api.call(
        "Decrypt", request_headers={VERSION_HEADER: blob[3:39].decode()}, ciphertext_blob=blob[51:], iv=blob[39:51], aad=AAD
    )
    assert apart.plaintext == advance_pair.private_key_plaintext


def refused(instance_api, operation, **fields):
    with pytest.raises(Refusal) as refusal:
        instance_api.call(operation, **fields)
    return refusal.value.status_and_code


@pytest.mark.parametrize("aad", (None, b"contexT", b"context "), ids=("absent", "case", "longer"))
def test_wrong_aad_does_not_open(instance_api, advance_pair, basic_pair, aad):
    blob = advance_pair.private_key_ciphertext_blob
    assert refused(instance_api, "AdvanceDecrypt", ciphertext_blob=blob, aad=aad) == (500, "InternalFailure")
    fields = {"ciphertext_blob": basic_pair.private_key_ciphertext_blob, "key_id": "alias/dev", "iv": basic_pair.iv}
    assert refused(instance_api, "Decrypt", aad=aad, **fields) == (500, "InternalFailure")


def test_blob_of_another_key_does_not_open(instance_api, key, basic_pair, advance_pair):
    fields = {"ciphertext_blob": basic_pair.private_key_ciphertext_blob, "iv": basic_pair.iv, "aad": AAD}
    assert refused(instance_api, "Decrypt", key_id=key, **fields) == (500, "InternalFailure")
    other = instance_api.generate("AdvanceGenerateDataKeyPair", key, "EC_P256", aad=AAD)
    head, tail = other.private_key_ciphertext_blob[:39], advance_pair.private_key_ciphertext_blob[39:]
    assert refused(instance_api, "AdvanceDecrypt", ciphertext_blob=head + tail, aad=AAD) == (500, "InternalFailure")


def test_key_id_that_contradicts_the_blob_is_refused(instance_api, key, advance_pair):
    """Undocumented (instance-api 10.7); refusing is safer."""
    blob = advance_pair.private_key_ciphertext_blob
    assert refused(instance_api, "AdvanceDecrypt", ciphertext_blob=blob, key_id=key, aad=AAD) == (400, "InvalidParameter")


def test_version_header_and_key_id_of_different_keys_are_refused(instance_api, key, basic_pair):
    fields = {"ciphertext_blob": basic_pair.private_key_ciphertext_blob, "iv": basic_pair.iv, "aad": AAD, "key_id": key}
    headers = {VERSION_HEADER: basic_pair.response_headers[VERSION_HEADER]}
    assert refused(instance_api, "Decrypt", request_headers=headers, **fields) == (400, "InvalidParameter")


@pytest.mark.parametrize("decrypt", ("Decrypt", "AdvanceDecrypt"))
@pytest.mark.parametrize("iv", (None, b"i" * 11, b"i" * 13), ids=("absent", "11", "13"))
def test_basic_blobs_need_an_iv_of_12_bytes(instance_api, basic_pair, decrypt, iv):
    fields = {"ciphertext_blob": basic_pair.private_key_ciphertext_blob, "key_id": "alias/dev", "aad": AAD}
    assert refused(instance_api, decrypt, iv=iv, **fields) == (400, "InvalidParameter")


def test_decrypt_refuses_self_describing_blobs(instance_api, advance_pair):
    fields = {"ciphertext_blob": advance_pair.private_key_ciphertext_blob, "key_id": "alias/dev", "aad": AAD}
    assert refused(instance_api, "Decrypt", iv=advance_pair.iv, **fields) == (500, "InternalFailure")


@pytest.mark.parametrize("algorithm", ("AES_CBC", "AES_ECB", "SM4_GCM", "aes_gcm", "RSAES_OAEP_SHA_256"))
def test_basic_blobs_open_with_their_algorithm_only(instance_api, basic_pair, algorithm):
    fields = {"ciphertext_blob": basic_pair.private_key_ciphertext_blob, "key_id": "alias/dev", "iv": basic_pair.iv, "aad": AAD}
    assert refused(instance_api, "Decrypt", algorithm=algorithm, **fields) == (400, "InvalidParameter")


def test_unknown_versions_are_not_found(instance_api, dev_key, basic_pair):
    fields = {"ciphertext_blob": basic_pair.private_key_ciphertext_blob, "iv": basic_pair.iv, "aad": AAD}
    headers = {VERSION_HEADER: f"{dev_key}-0000000000"}
    status, code = refused(instance_api, "Decrypt", request_headers=headers, **fields)
    assert (status, code) == (404, "Forbidden.KeyNotFound")
