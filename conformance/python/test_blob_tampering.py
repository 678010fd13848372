"""Blobs truncated to every length, and with every bit flipped, are never decrypted and always refused as specified.

The permitted errors for a damaged self-describing blob, by position of the damage (instance-api 5.2, 7):

* magic (bytes 0 to 2) or version id (3 to 38): the blob is no longer self-describing. It counts as a raw blob without the required
  KeyId and Iv (400 InvalidParameter or MissingParameter), or contains a version that does not exist (404
  Forbidden.KeyNotFound), or cannot be decrypted (500 InternalFailure).
* IV, ciphertext or tag (39 on): 500 InternalFailure, which does not disclose which of the three is damaged.
"""

import pytest

from raw_request import message

AAD = b"aad"
HEADER_REFUSALS = {
    (400, "InvalidParameter"),
    (400, "MissingParameter"),
    (404, "Forbidden.KeyNotFound"),
    (500, "InternalFailure"),
}


@pytest.fixture(scope="module")
def pair(instance_api):
    return instance_api.generate("AdvanceGenerateDataKeyPair", "alias/dev", "EC_P256", aad=AAD)


def advance_decrypt(raw, blob, **fields):
    return raw.instance("AdvanceDecrypt", message("AdvanceDecrypt", CiphertextBlob=blob, Aad=AAD, **fields))


def test_one_flipped_bit_at_every_position(raw, pair):
    blob = pair.private_key_ciphertext_blob
    assert advance_decrypt(raw, blob).status == 200
    for position in range(len(blob)):
        for bit in range(8):
            damaged = bytearray(blob)
            damaged[position] ^= 1 << bit
            status, code, text = advance_decrypt(raw, bytes(damaged)).error()
            if position < 39:
                assert (status, code) in HEADER_REFUSALS, (position, bit)
            else:
                assert (status, code, text) == (500, "InternalFailure", "Internal Failure."), (position, bit)
    assert advance_decrypt(raw, blob).status == 200


def test_truncated_to_every_length(raw, pair):
    blob = pair.private_key_ciphertext_blob
    for length in range(len(blob)):
        status, code, _ = advance_decrypt(raw, blob[:length]).error()
        if length >= 67:
            assert (status, code) == (500, "InternalFailure"), length
        else:
            assert (status, code) in HEADER_REFUSALS, length


@pytest.mark.parametrize("tail", (b"\x00", b"\x00" * 16, b"$\x00\x02"))
def test_appended_bytes(raw, pair, tail):
    assert advance_decrypt(raw, pair.private_key_ciphertext_blob + tail).error()[:2] == (500, "InternalFailure")


@pytest.mark.parametrize("header", (b"$\x00\x01", b"$\x10\x02", b"$\x01\x02", b"$\x00\x00"))
def test_other_algorithm_padding_and_cipher_codes(raw, pair, header):
    """Software instances support only AES_GCM (instance-api 10.4): other codes are refused."""
    blob = header + pair.private_key_ciphertext_blob[3:]
    assert advance_decrypt(raw, blob).error()[:2] in HEADER_REFUSALS


def test_truncated_and_flipped_basic_blobs(raw, instance_api):
    basic = instance_api.generate("GenerateDataKeyPair", "alias/dev", "EC_P256", aad=AAD)
    blob = basic.private_key_ciphertext_blob
    fields = {"KeyId": "alias/dev", "Iv": basic.iv, "Aad": AAD}
    for operation in ("Decrypt", "AdvanceDecrypt"):
        assert raw.instance(operation, message(operation, CiphertextBlob=blob, **fields)).status == 200
        for length in range(len(blob)):
            status, code, _ = raw.instance(operation, message(operation, CiphertextBlob=blob[:length], **fields)).error()
            allowed = {(500, "InternalFailure")} if length >= 16 else {(500, "InternalFailure"), (400, "InvalidParameter")}
            assert (status, code) in allowed, length
        for position in range(len(blob)):
            damaged = bytearray(blob)
            damaged[position] ^= 0x80
            answer = raw.instance(operation, message(operation, CiphertextBlob=bytes(damaged), **fields))
            assert answer.error()[:2] == (500, "InternalFailure"), position


def test_damage_to_the_iv_and_swapped_tags(raw, pair, instance_api):
    other = instance_api.generate("AdvanceGenerateDataKeyPair", "alias/dev", "EC_P256", aad=AAD)
    one, two = pair.private_key_ciphertext_blob, other.private_key_ciphertext_blob
    for mixed in (one[:39] + two[39:51] + one[51:], one[:-16] + two[-16:], one[:51] + two[51:]):
        assert advance_decrypt(raw, mixed).error()[:2] == (500, "InternalFailure")
