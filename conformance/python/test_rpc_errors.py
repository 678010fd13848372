"""Malformed control plane requests: signatures, dates, actions, values (rpc-api 2 to 4)."""

import json
import threading
import time

import pytest

from raw_request import REQUEST_ID, RawClient


def rpc_error(answer):
    """(status, code, message) of a JSON error body, after checking what every error must contain (rpc-api 4.2)."""
    assert answer.headers["content-type"] == "application/json;charset=utf-8"
    content = json.loads(answer.body)
    assert content["HttpStatus"] == answer.status
    assert REQUEST_ID.fullmatch(content["RequestId"])
    for name in ("RequestId", "HostId", "Code", "Recommend", "Message"):
        assert isinstance(content.get(name, ""), str), name
    return answer.status, content["Code"], content["Message"]


def stamp(offset_s):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + offset_s))


def test_a_good_request_and_its_answer(raw):
    answer = raw.rpc("ListKeys")
    assert answer.status == 200
    content = json.loads(answer.body)
    assert answer.headers["content-type"] == "application/json;charset=utf-8"
    assert answer.headers["x-acs-request-id"] == content["RequestId"]
    assert "Code" not in content
    assert isinstance(content["Keys"]["Key"], list)


@pytest.mark.parametrize("method", ("GET", "POST"))
def test_both_methods(raw, method):
    assert raw.rpc("DescribeKey", {"KeyId": "alias/dev"}, method=method).status == 200


@pytest.mark.parametrize("method", ("PUT", "DELETE", "PATCH"))
def test_other_methods(raw, method):
    assert rpc_error(raw.rpc("ListKeys", method=method))[:2] == (403, "UnsupportedHTTPMethod")


def test_parameters_in_the_form_body(raw):
    """Terraform sends parameters in the form. It is not part of the canonical query; its hash is signed."""
    form = {"content-type": "application/x-www-form-urlencoded"}
    answer = raw.rpc("DescribeKey", change=form, body=b"KeyId=alias%2Fdev&Unknown=a+b")
    assert answer.status == 200


def test_body_changed_after_signing(raw):
    form = {"content-type": "application/x-www-form-urlencoded", "x-acs-content-sha256": "0" * 64}
    answer = raw.rpc("DescribeKey", change=form, body=b"KeyId=alias%2Fdev")
    assert rpc_error(answer)[0] == 400


@pytest.mark.parametrize("name", ("x-acs-action", "x-acs-date", "x-acs-signature-nonce"))
def test_changed_after_signing(raw, name):
    # Computed here: a date computed at the start of a long suite would be too old.
    change = {name: {"x-acs-action": "DescribeKey", "x-acs-date": stamp(-5), "x-acs-signature-nonce": "n"}[name]}
    status, code, text = rpc_error(raw.rpc("ListKeys", after_signing=change))
    assert (status, code) == (400, "SignatureDoesNotMatch")
    assert raw.access_key["AccessKeySecret"] not in text


def test_query_changed_after_signing(raw):
    raw.rpc("ListKeys")
    query, send_unchanged = {"KeyId": "alias/dev"}, raw.send

    def send(method, target, headers, body):
        return send_unchanged(method, target.replace("dev", "bad"), headers, body)

    raw.send = send
    assert rpc_error(raw.rpc("DescribeKey", query))[:2] == (400, "SignatureDoesNotMatch")


def test_wrong_secret(raw):
    assert rpc_error(raw.rpc("ListKeys", secret="not the secret"))[:2] == (400, "SignatureDoesNotMatch")


def test_unknown_access_key(raw):
    raw.access_key = {**raw.access_key, "AccessKeyId": "LTAInobody"}
    assert rpc_error(raw.rpc("ListKeys"))[:2] == (404, "InvalidAccessKeyId.NotFound")


@pytest.mark.parametrize("value", (None, "", "ACS3-HMAC-SHA256", "ACS3-HMAC-SHA256 Credential=x", "ACS3-HMAC-SHA256 ,,,", "Basic eA=="))
def test_missing_and_malformed_authorization(raw, value):
    status, _, _ = rpc_error(raw.rpc("ListKeys", after_signing={"authorization": value}))
    assert status in (400, 404)


def test_anonymous(raw):
    assert rpc_error(raw.rpc("ListKeys", after_signing={"authorization": None}))[:2] == (400, "MissingParameter")


SIGNED_AT_LEAST = ("host", "x-acs-action", "x-acs-version", "x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256")


@pytest.mark.parametrize("name", SIGNED_AT_LEAST)
def test_headers_that_must_be_signed(raw, name):
    """An unsigned header could be changed by anyone."""
    value = {"host": raw.server.endpoint, "x-acs-action": "ListKeys", "x-acs-version": "2016-01-20", "x-acs-date": stamp(0)}
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    value = value.get(name, empty if name == "x-acs-content-sha256" else "nonce-not-signed")
    answer = raw.rpc("ListKeys", change={name: None}, after_signing={name: value})
    assert rpc_error(answer)[0] == 400


@pytest.mark.parametrize("offset_s", (-16 * 60, 16 * 60, -86400))
def test_stale_dates(raw, offset_s):
    assert rpc_error(raw.rpc("ListKeys", change={"x-acs-date": stamp(offset_s)}))[:2] == (400, "InvalidTimeStamp.Expired")


@pytest.mark.parametrize("value", ("yesterday", "2026-13-01T00:00:00Z", "Tue, 24 Nov 2026 05:00:00 GMT"))
def test_malformed_dates(raw, value):
    assert rpc_error(raw.rpc("ListKeys", change={"x-acs-date": value}))[0] == 400


def test_a_nonce_works_once(raw):
    change = {"x-acs-signature-nonce": f"once-{time.time_ns()}"}
    assert raw.rpc("ListKeys", change=change).status == 200
    assert rpc_error(raw.rpc("ListKeys", change=change))[:2] == (400, "SignatureNonceUsed")


def test_a_nonce_works_once_under_concurrency(server):
    change = {"x-acs-signature-nonce": f"race-{time.time_ns()}"}
    barrier, statuses = threading.Barrier(8), []

    def ask():
        client = RawClient(server)
        client.rpc("ListKeys")
        barrier.wait()
        statuses.append(client.rpc("CreateKey", change=change).status)
        client.close()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [400] * 7


@pytest.mark.parametrize("action", ("DoWhatYouLike", "listkeys", "", "AdvanceDecrypt"))
def test_unknown_actions(raw, action):
    status, code, _ = rpc_error(raw.rpc(action))
    assert (status, code) == (404, "InvalidAction.NotFound") or (action == "" and status in (400, 404))


@pytest.mark.parametrize("version", ("2016-01-21", "1"))
def test_other_versions(raw, version):
    assert rpc_error(raw.rpc("ListKeys", version=version))[:2] == (400, "InvalidVersion")


MISSING = {
    "CreateAlias": ({"KeyId": "alias/dev"}, "AliasName"),
    "DeleteAlias": ({}, "AliasName"),
    "ScheduleKeyDeletion": ({"KeyId": "alias/dev"}, "PendingWindowInDays"),
    "UpdateRotationPolicy": ({"KeyId": "alias/dev"}, "EnableAutomaticRotation"),
    "DescribeKeyVersion": ({"KeyId": "alias/dev"}, "KeyVersionId"),
    "DescribeKey": ({}, "KeyId"),
}


@pytest.mark.parametrize("action", MISSING)
def test_missing_parameters(raw, action):
    query, name = MISSING[action]
    expected = (400, "MissingParameter", f"The parameter {name} is needed but not provided.")
    assert rpc_error(raw.rpc(action, query)) == expected


BAD = {
    "PageSize": ("ListKeys", {"PageSize": "ten"}),
    "PageNumber": ("ListKeys", {"PageNumber": "1.5"}),
    "PendingWindowInDays": ("ScheduleKeyDeletion", {"KeyId": "alias/dev", "PendingWindowInDays": "a week"}),
    "EnableAutomaticRotation": ("UpdateRotationPolicy", {"KeyId": "alias/dev", "EnableAutomaticRotation": "yes"}),
}


@pytest.mark.parametrize("name", BAD)
def test_values_of_the_wrong_type(raw, name):
    action, query = BAD[name]
    assert rpc_error(raw.rpc(action, query)) == (400, "InvalidParameter", f"The specified parameter {name} is not valid.")


@pytest.mark.parametrize("text", ("true", "True", "TRUE"))
def test_booleans_in_any_case(raw, control_plane, key, text):
    query = {"KeyId": key, "EnableAutomaticRotation": text, "RotationInterval": "7d"}
    assert raw.rpc("UpdateRotationPolicy", query).status == 200
    assert control_plane.describe(key)["AutomaticRotation"] == "Enabled"


def test_unknown_parameters_are_ignored(raw):
    query = {"KeyId": "alias/dev", "RegionId": "cn-hangzhou", "SourceIp": "1.2.3.4", "SignatureType": ""}
    assert raw.rpc("DescribeKey", query).status == 200
