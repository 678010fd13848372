"""The error table of instance-api 7: status, code and message, always in a protobuf Error body."""

import base64
import email.utils
import hashlib
import re
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from instance_api import OPERATIONS
from raw_request import message

PAIR = "AdvanceGenerateDataKeyPair"
GOOD = {"KeyId": "alias/dev", "KeyPairSpec": "EC_P256", "KeyFormat": "DER"}


class BadParameter:
    """400 InvalidParameter with the documented sentence, then the field in parentheses."""

    def __eq__(self, error):
        named = re.fullmatch(r"The specified parameter is not valid\. \(\S[^()]*\)", error[2])
        return error[:2] == (400, "InvalidParameter") and named is not None


BAD_PARAMETER = BadParameter()
BAD_SIGNATURE = (401, "SignatureNotMatch", "Signature is not matched.")
BAD_AUTHORIZATION = (400, "InvalidParam", "The Param Authorization is invalid.")
BAD_DATE = (400, "InvalidParam", "The Param Date is invalid.")
SKEWED = (400, "RequestTimeTooSkewed", "Request time exceeds server time more than 15 minutes.")
BAD_HASH = (400, "InvalidParam", "The Param Content-SHA256 is invalid.")


def body(**changes):
    return message(PAIR, **{**GOOD, **changes})


def date(offset_s):
    return email.utils.formatdate(time.time() + offset_s, usegmt=True)


@pytest.mark.parametrize("scheme", ("Bearer", "TOKEN", "bearer", "token"))
def test_both_schemes_are_accepted(raw, scheme):
    assert raw.instance(PAIR, body(), scheme=scheme).status == 200


@pytest.mark.parametrize("name", ("AdvanceGenerateDataKeyPairs", "advancegeneratedatakeypair", "DoWhatYouLike", "Kms Decrypt"))
def test_unknown_operation(raw, name):
    assert raw.instance(name, body()).error() == (400, "InvalidApiName", f'The ApiName "{name}" is invalid.')


def test_missing_operation(raw):
    assert raw.instance(PAIR, body(), change={"x-kms-apiname": None}).error()[:2] == (400, "InvalidApiName")


@pytest.mark.parametrize("version", ("dkms-gcs-0.1", "DKMS-GCS-0.2", "2016-01-20"))
def test_wrong_version(raw, version):
    answer = raw.instance(PAIR, body(), change={"x-kms-apiversion": version})
    assert answer.error() == (400, "InvalidApiVersion", f'The ApiVersion "{version}" is invalid.')


def test_missing_version(raw):
    assert raw.instance(PAIR, body(), change={"x-kms-apiversion": None}).error()[:2] == (400, "InvalidApiVersion")


@pytest.mark.parametrize("value", (None, "yesterday", "2026-01-02T03:04:05Z", "Thu, 32 Feb 2020 07:32:54 GMT", "0"))
def test_missing_and_malformed_dates(raw, value):
    assert raw.instance(PAIR, body(), change={"date": value}).error() == BAD_DATE


@pytest.mark.parametrize("offset_s", (-16 * 60, 16 * 60, -86400, 366 * 86400))
def test_stale_and_early_dates(raw, offset_s):
    assert raw.instance(PAIR, body(), change={"date": date(offset_s)}).error() == SKEWED


@pytest.mark.parametrize("offset_s", (-14 * 60, 14 * 60))
def test_dates_within_the_window(raw, offset_s):
    assert raw.instance(PAIR, body(), change={"date": date(offset_s)}).status == 200


def test_dates_as_the_documentation_writes_them(raw):
    """One-digit days and `UTC` (instance-api 1.2): parsed leniently, signed as sent."""
    now = time.gmtime()
    lenient = time.strftime("%a, ", now) + str(now.tm_mday) + time.strftime(" %b %Y %H:%M:%S ", now)
    for zone in ("GMT", "UTC"):
        assert raw.instance(PAIR, body(), change={"date": lenient + zone}).status == 200


def test_signature_method(raw):
    text = "The Param x-kms-signaturemethod is invalid."
    missing = raw.instance(PAIR, body(), change={"x-kms-signaturemethod": None})
    assert missing.error() == (400, "InvalidParam", text)
    other = raw.instance(PAIR, body(), change={"x-kms-signaturemethod": "HMAC-SHA1"})
    assert other.error() == (400, "InvalidParam", f'{text} message:"HMAC-SHA1".')


def test_missing_client_key_id(raw):
    text = "Parameter x-kms-acccesskeyid does not exist in http header or body."
    assert raw.instance(PAIR, body(), change={"x-kms-acccesskeyid": None}).error() == (400, "MissingParameter", text)


@pytest.mark.parametrize("key_id", ("KAAP.00000000-0000-0000-0000-000000000000", "nobody", "../client-key"))
def test_unknown_client_key(raw, key_id):
    text = f'The AccessKey ID "{key_id}" does not exist in our records.'
    assert raw.instance(PAIR, body(), change={"x-kms-acccesskeyid": key_id}).error() == (404, "Unauthorized", text)


@pytest.mark.parametrize("value", (None, "", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "Bearer not base64!", "Bearer ===="))
def test_missing_and_malformed_authorization(raw, value):
    assert raw.instance(PAIR, body(), after_signing={"authorization": value}).error() == BAD_AUTHORIZATION


@pytest.mark.parametrize("size", (1, 255, 256, 257, 512))
def test_malformed_signatures(raw, size):
    value = "Bearer " + base64.b64encode(b"\x01" * size).decode()
    assert raw.instance(PAIR, body(), after_signing={"authorization": value}).error() == BAD_SIGNATURE


def test_signature_of_another_key(raw):
    unknown_key = rsa.generate_private_key(65537, 2048)
    assert raw.instance(PAIR, body(), key=unknown_key).error() == BAD_SIGNATURE


# Computed when the test runs: a date computed at the start of a long suite would be too old.
SIGNED = {
    "date": lambda: date(-5),
    "x-kms-apiname": lambda: "GenerateDataKeyPair",
    "x-kms-migrationkeyversionid": lambda: "key-000000000000000000000-0000000000",
    "x-kms-anything": lambda: "added",
}


@pytest.mark.parametrize("name", SIGNED)
def test_every_signed_header_is_covered(raw, name):
    """Headers that are changed or added after signing, including unknown ones."""
    assert raw.instance(PAIR, body(), after_signing={name: SIGNED[name]()}).error() == BAD_SIGNATURE


def test_unknown_x_kms_headers_are_part_of_the_signature(raw):
    assert raw.instance(PAIR, body(), change={"x-kms-anything": "  signed "}).status == 200


def test_wrong_hashes(raw):
    for value in ("0" * 64, "E3B0", "not hex"):
        assert raw.instance(PAIR, body(), change={"content-sha256": value}).error() == BAD_HASH


def test_body_changed_after_signing(raw):
    """The hash is that of the signed body, not of the received one."""
    signed_hash = hashlib.sha256(body()).hexdigest().upper()
    assert raw.instance(PAIR, body(KeyFormat="PEM"), change={"content-sha256": signed_hash}).error() == BAD_HASH


def test_hash_may_be_in_lower_case(raw):
    assert raw.instance(PAIR, body(), change={"content-sha256": hashlib.sha256(body()).hexdigest()}).status == 200


@pytest.mark.parametrize("kind", ("application/json", "text/plain", "application/x-protobuf2"))
def test_unsupported_content_type(raw, kind):
    answer = raw.instance(PAIR, body(), change={"content-type": kind})
    assert answer.error() == (415, "InvalidContentType", f'Content-Type "{kind}" is unsupported.')


TRUNCATED = {
    "tag alone": b"\x0a",
    "cut in the middle": body()[:-3],
    "length past the end": b"\x0a\x7fkey",
    "huge length": b"\x0a\xff\xff\xff\xff\x0f",
    "endless varint": b"\x0a" + b"\xff" * 11,
    "field number 0": b"\x02\x00",
    "wire type 7": b"\x0f",
    "wrong wire type": b"\x08\x01",
    "not utf-8": b"\x0a\x02\xff\xfe",
    "end of a group never begun": b"\x0c",
}


@pytest.mark.parametrize("content", TRUNCATED.values(), ids=TRUNCATED.keys())
def test_malformed_protobuf(raw, content):
    assert raw.instance(PAIR, content).error() == BAD_PARAMETER


def test_unknown_protobuf_fields_are_ignored(raw):
    assert raw.instance(PAIR, body() + b"\x7a\x03abc" + b"\x98\x06\x05").status == 200


MISSING_OR_BAD = {
    "lower case spec": {"KeyPairSpec": "rsa_2048"},
    "unknown spec": {"KeyPairSpec": "RSA_1024"},
    "symmetric spec": {"KeyPairSpec": "Aliyun_AES_256"},
    "SM2": {"KeyPairSpec": "EC_SM2"},
    "spec with a space": {"KeyPairSpec": "RSA_2048 "},
    "empty spec": {"KeyPairSpec": ""},
    "lower case format": {"KeyFormat": "pem"},
    "unknown format": {"KeyFormat": "JWK"},
    "empty format": {"KeyFormat": ""},
    "Aad of 8193 bytes": {"Aad": b"a" * 8193},
}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("changes", MISSING_OR_BAD.values(), ids=MISSING_OR_BAD.keys())
def test_bad_parameters(raw, operation, changes):
    assert raw.instance(operation, message(operation, **{**GOOD, **changes})).error() == BAD_PARAMETER


@pytest.mark.parametrize("operation", OPERATIONS)
def test_empty_key_id(raw, operation):
    status, code, _ = raw.instance(operation, message(operation, KeyPairSpec="EC_P256", KeyFormat="DER")).error()
    assert (status, code) == (400, "InvalidParameter")


@pytest.mark.parametrize("operation", OPERATIONS)
def test_empty_message(raw, operation):
    assert raw.instance(operation, b"").error() == BAD_PARAMETER


@pytest.mark.parametrize("algorithm", ("AES_CBC", "aes_gcm", "RSAES_OAEP_SHA_256"))
@pytest.mark.parametrize("operation", ("GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext"))
def test_other_algorithms(raw, operation, algorithm):
    assert raw.instance(operation, message(operation, Algorithm=algorithm, **GOOD)).error() == BAD_PARAMETER


@pytest.mark.parametrize("decrypt", ("Decrypt", "AdvanceDecrypt"))
def test_decrypt_with_an_aad_of_8193_bytes_and_without_a_blob(raw, decrypt):
    fields = {"KeyId": "alias/dev", "Iv": b"i" * 12}
    assert raw.instance(decrypt, message(decrypt, CiphertextBlob=b"c" * 40, Aad=b"a" * 8193, **fields)).error() == BAD_PARAMETER
    assert raw.instance(decrypt, message(decrypt, **fields)).error() == BAD_PARAMETER


UNKNOWN_KEYS = ("key-000000000000000000000", "alias/nothing-here", "key-", "alias/", "dev", "x" * 5000, "key-\u00e9")


@pytest.mark.parametrize("key_id", UNKNOWN_KEYS, ids=range(len(UNKNOWN_KEYS)))
@pytest.mark.parametrize("operation", OPERATIONS)
def test_unknown_keys(raw, operation, key_id):
    answer = raw.instance(operation, message(operation, **{**GOOD, "KeyId": key_id}))
    assert answer.error()[:2] == (404, "Forbidden.KeyNotFound")


def test_success_carries_the_version_header_and_content_type(raw):
    answer = raw.instance(PAIR, body())
    assert answer.headers["content-type"] == "application/x-protobuf"
    assert len(answer.headers.get_all("x-kms-migrationkeyversionid")) == 1
    assert "content-encoding" not in answer.headers


def test_the_first_failing_check_decides(raw):
    """A request with several errors gets the first in the order of instance-api 2."""
    wrong = {
        "content-type": "text/plain",
        "x-kms-apiversion": "none",
        "x-kms-apiname": "none",
        "date": "none",
        "x-kms-signaturemethod": "none",
        "x-kms-acccesskeyid": None,
        "content-sha256": "none",
    }
    codes = []
    while wrong:
        codes.append(raw.instance(PAIR, body(KeyPairSpec="none"), change=wrong).error()[1])
        wrong.pop(next(iter(wrong)))
    codes.append(raw.instance(PAIR, body(KeyPairSpec="none")).error()[1])
    assert codes == [
        "InvalidContentType",
        "InvalidApiVersion",
        "InvalidApiName",
        "InvalidParam",
        "InvalidParam",
        "MissingParameter",
        "InvalidParam",
        "InvalidParameter",
    ]
