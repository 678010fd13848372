"""Data key pairs of every spec, format and operation, with and without Aad, by key id and by alias."""

import pytest

from instance_api import FORMATS, OPERATIONS, SPECS, VERSION_HEADER
from pair_checks import check_pair, check_with_openssl, has_openssl

AADS = {"no-aad": None, "aad": b"device 17\x00\xff"}


def opened_by(operation):
    """The operations that must decrypt the blobs of `operation`."""
    return ("AdvanceDecrypt",) if operation.startswith("Advance") else ("Decrypt", "AdvanceDecrypt")


@pytest.mark.parametrize("by", ("id", "alias"))
@pytest.mark.parametrize("aad", AADS.values(), ids=AADS.keys())
@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("key_format", FORMATS)
@pytest.mark.parametrize("spec", SPECS)
def test_pair_is_made_and_opened_again(instance_api, control_plane, dev_key, spec, key_format, operation, aad, by):
    key_id = dev_key if by == "id" else "alias/dev"
    pair = instance_api.generate(operation, key_id, spec, key_format, aad)
    assert (pair.key_id, pair.key_pair_spec, pair.algorithm, len(pair.iv)) == (dev_key, spec, "AES_GCM", 12)
    version = pair.response_headers[VERSION_HEADER]
    assert len(version) == 36 and version.startswith(dev_key + "-")
    if operation.startswith("Advance"):
        assert pair.key_version_id == version == control_plane.describe(dev_key)["PrimaryKeyVersion"]
        check_self_describing(pair, version)

    plaintexts = set()
    for decrypt in opened_by(operation):
        opened = instance_api.call(
            decrypt, ciphertext_blob=pair.private_key_ciphertext_blob, key_id=key_id, algorithm="AES_GCM", iv=pair.iv, aad=aad
        )
        assert (opened.key_id, opened.algorithm) == (dev_key, "AES_GCM")
        assert opened.response_headers[VERSION_HEADER] == version
        plaintexts.add(opened.plaintext)
    if operation.endswith("WithoutPlaintext"):
        assert not hasattr(pair, "private_key_plaintext")
    else:
        plaintexts.add(pair.private_key_plaintext)
    assert len(plaintexts) == 1
    private = plaintexts.pop()
    check_pair(spec, key_format, pair.public_key, private)
    if has_openssl():
        check_with_openssl(spec, key_format, pair.public_key, private)


def check_self_describing(pair, version):
    """instance-api 6.1: magic, version id, IV, then ciphertext and tag."""
    blob = pair.private_key_ciphertext_blob
    assert blob[:3] == b"$\x00\x02"
    assert blob[3:39] == version.encode()
    assert blob[39:51] == pair.iv


@pytest.mark.skipif(not has_openssl(), reason="the OpenSSL command line is not installed")
@pytest.mark.parametrize("key_format", FORMATS)
@pytest.mark.parametrize("spec", SPECS)
def test_openssl_reads_every_spec_and_format(instance_api, spec, key_format):
    """The parametrized test above runs the same checks if OpenSSL is installed; this one reports a skip if it is not."""
    pair = instance_api.generate("AdvanceGenerateDataKeyPair", "alias/dev", spec, key_format)
    check_with_openssl(spec, key_format, pair.public_key, pair.private_key_plaintext)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_pairs_are_unique(instance_api, operation):
    pairs = [instance_api.generate(operation, "alias/dev", "EC_P256") for _ in range(20)]
    for field in ("public_key", "iv", "private_key_ciphertext_blob", "request_id"):
        assert len({getattr(pair, field) for pair in pairs}) == 20, field


@pytest.mark.parametrize("operation", ("GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext"))
def test_algorithm_of_the_basic_operations(instance_api, operation):
    """Official samples set it (instance-api 5.4); only AES_GCM exists."""
    assert instance_api.generate(operation, "alias/dev", "EC_P256", algorithm="AES_GCM").algorithm == "AES_GCM"


@pytest.mark.parametrize("operation", OPERATIONS)
def test_aad_of_8192_bytes_is_accepted(instance_api, operation):
    aad = bytes(range(256)) * 32
    pair = instance_api.generate(operation, "alias/dev", "EC_P256K", aad=aad)
    decrypt = opened_by(operation)[0]
    fields = {"key_id": "alias/dev", "iv": pair.iv, "aad": aad}
    assert instance_api.call(decrypt, ciphertext_blob=pair.private_key_ciphertext_blob, **fields).plaintext


@pytest.mark.parametrize("size", (0, 16, 17, 255))
def test_blob_sizes_are_the_plaintext_plus_iv_tag_and_header(instance_api, size):
    """A blob contains nothing but header, IV, ciphertext and tag, whatever the Aad."""
    pair = instance_api.generate("AdvanceGenerateDataKeyPair", "alias/dev", "EC_P256", aad=b"a" * size or None)
    assert len(pair.private_key_ciphertext_blob) == 3 + 36 + 12 + len(pair.private_key_plaintext) + 16
