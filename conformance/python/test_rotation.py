"""Manual and automatic rotation: the primary version changes, the initial one does not, old blobs still decrypt (rpc-api 8)."""

import re
from datetime import datetime, timedelta

import pytest

from claviger_server import eventually
from control_plane import ControlPlane
from instance_api import OPERATIONS, VERSION_HEADER, InstanceApi, Refusal

ADVANCE, BASIC = OPERATIONS[:2], OPERATIONS[2:]
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def parsed(date):
    assert DATE.fullmatch(date), date
    return datetime.strptime(date, "%Y-%m-%dT%H:%M:%SZ")


def version_used(instance_api, operation, key_id):
    return instance_api.generate(operation, key_id, "EC_P256").response_headers[VERSION_HEADER]


def check_versions_in_use(instance_api, control_plane, key_id, initial, primary):
    for operation in ADVANCE:
        assert version_used(instance_api, operation, key_id) == primary
    for operation in BASIC:
        assert version_used(instance_api, operation, key_id) == initial
    assert control_plane.describe(key_id)["PrimaryKeyVersion"] == primary


class Sealed:
    """A basic and an Advance data key pair from before a rotation."""

    def __init__(self, instance_api, key_id):
        self.api, self.key_id = instance_api, key_id
        self.advance = instance_api.generate("AdvanceGenerateDataKeyPair", key_id, "EC_P256", "PEM", b"before")
        self.basic = instance_api.generate("GenerateDataKeyPair", key_id, "EC_P256", "PEM", b"before")

    def check_opens(self, api=None):
        api = api or self.api
        opened = api.call("AdvanceDecrypt", ciphertext_blob=self.advance.private_key_ciphertext_blob, aad=b"before")
        assert opened.plaintext == self.advance.private_key_plaintext
        assert opened.key_version_id == self.advance.key_version_id
        fields = {"key_id": self.key_id, "iv": self.basic.iv, "aad": b"before"}
        for operation in ("Decrypt", "AdvanceDecrypt"):
            opened = api.call(operation, ciphertext_blob=self.basic.private_key_ciphertext_blob, **fields)
            assert opened.plaintext == self.basic.private_key_plaintext


def test_manual_rotation(instance_api, control_plane, key):
    [initial] = control_plane.versions(key)
    sealed = [Sealed(instance_api, key)]
    made = [initial]
    for _ in range(3):
        version = control_plane.call("CreateKeyVersion", key_id=key)["KeyVersion"]
        assert version["KeyId"] == key and len(version["KeyVersionId"]) == 36
        made.append(version["KeyVersionId"])
        check_versions_in_use(instance_api, control_plane, key, initial, made[-1])
        sealed.append(Sealed(instance_api, key))
        for one in sealed:
            one.check_opens()
    assert len(set(made)) == 4
    assert sorted(control_plane.versions(key)) == sorted(made)
    assert control_plane.describe(key)["LastRotationDate"] == version["CreationDate"]


def test_key_version_answers(control_plane, key):
    made = control_plane.call("CreateKeyVersion", key_id=key)["KeyVersion"]
    described = control_plane.call("DescribeKeyVersion", key_id=key, key_version_id=made["KeyVersionId"])["KeyVersion"]
    assert described == made
    parsed(made["CreationDate"])
    first = control_plane.call("ListKeyVersions", key_id=key, page_number=1, page_size=1)
    second = control_plane.call("ListKeyVersions", key_id=key, page_number=2, page_size=1)
    assert (first["TotalCount"], first["PageNumber"], first["PageSize"]) == (2, 1, 1)
    ids = [page["KeyVersions"]["KeyVersion"][0]["KeyVersionId"] for page in (first, second)]
    assert sorted(ids) == sorted(control_plane.versions(key))
    past = control_plane.call("ListKeyVersions", key_id=key, page_number=9, page_size=1)
    assert past["KeyVersions"].get("KeyVersion") == []


@pytest.mark.parametrize("version", ("0000000000", "nothing"))
def test_unknown_key_versions(control_plane, key, version):
    with pytest.raises(Refusal) as refusal:
        control_plane.call("DescribeKeyVersion", key_id=key, key_version_id=f"{key}-{version}")
    assert refusal.value.status_and_code == (404, "Forbidden.KeyVersionNotFound")


def test_version_of_another_key(control_plane, key, dev_key):
    [version] = control_plane.versions(key)
    with pytest.raises(Refusal) as refusal:
        control_plane.call("DescribeKeyVersion", key_id=dev_key, key_version_id=version)
    assert refusal.value.status_and_code == (404, "Forbidden.KeyVersionNotFound")


def test_rotation_policy_in_the_metadata(control_plane, key):
    before = control_plane.describe(key)
    assert before["AutomaticRotation"] == "Disabled"
    assert not before.get("RotationInterval") and not before.get("NextRotationDate")
    for interval, seconds in (("7d", 604800), ("168h", 604800), ("605800s", 605800), ("365d", 31536000), ("730d", 63072000)):
        control_plane.call("UpdateRotationPolicy", key_id=key, enable_automatic_rotation=True, rotation_interval=interval)
        now = control_plane.describe(key)
        assert (now["AutomaticRotation"], now["RotationInterval"]) == ("Enabled", f"{seconds}s")
        assert parsed(now["NextRotationDate"]) - parsed(now["LastRotationDate"]) == timedelta(seconds=seconds)
    control_plane.call("UpdateRotationPolicy", key_id=key, enable_automatic_rotation=False)
    assert control_plane.describe(key)["AutomaticRotation"] == "Disabled"


@pytest.mark.parametrize("interval", ("6d", "731d", "604799s", "7", "d", "-7d", "7w", "1e3d", "7D", " 7d", "99999999999999999999d"))
def test_bad_rotation_intervals(control_plane, key, interval):
    with pytest.raises(Refusal) as refusal:
        control_plane.call("UpdateRotationPolicy", key_id=key, enable_automatic_rotation=True, rotation_interval=interval)
    assert refusal.value.status_and_code == (400, "InvalidParameter")
    assert refusal.value.message == "The specified parameter RotationInterval is not valid."
    assert control_plane.describe(key)["AutomaticRotation"] == "Disabled"


def test_enabling_rotation_requires_an_interval(control_plane, key):
    with pytest.raises(Refusal) as refusal:
        control_plane.call("UpdateRotationPolicy", key_id=key, enable_automatic_rotation=True)
    assert refusal.value.status == 400
    assert refusal.value.code in ("MissingParameter", "InvalidParameter")


def test_create_key_with_rotation(control_plane):
    key = control_plane.create_key(enable_automatic_rotation=True, rotation_interval="30d")
    assert control_plane.describe(key)["RotationInterval"] == f"{30 * 86400}s"
    with pytest.raises(Refusal) as refusal:
        control_plane.create_key(enable_automatic_rotation=True)
    assert refusal.value.status == 400


def test_a_suspended_policy_resumes(control_plane, key):
    control_plane.call("UpdateRotationPolicy", key_id=key, enable_automatic_rotation=True, rotation_interval="7d")
    control_plane.call("DisableKey", key_id=key)
    assert control_plane.describe(key)["AutomaticRotation"] == "Suspended"
    control_plane.call("EnableKey", key_id=key)
    assert control_plane.describe(key)["AutomaticRotation"] == "Enabled"


def test_automatic_rotation(own_server):
    api, control = InstanceApi(own_server), ControlPlane(own_server)
    due, idle = control.create_key(), control.create_key()
    [initial] = control.versions(due)
    control.call("UpdateRotationPolicy", key_id=due, enable_automatic_rotation=True, rotation_interval="7d")
    sealed = [Sealed(api, due)]
    created = parsed(control.describe(due)["CreationDate"])

    own_server.advance_clock("6d")
    assert control.versions(due) == [initial]
    made = [initial]
    for round_number in (1, 2):
        own_server.advance_clock("8d")
        assert eventually(lambda: len(control.versions(due)) > round_number), "the key was not rotated when due"
        [newest] = set(control.versions(due)) - set(made)
        made.append(newest)
        check_versions_in_use(api, control, due, initial, newest)
        for one in sealed:
            one.check_opens()
        sealed.append(Sealed(api, due))
    assert len(control.versions(idle)) == 1

    metadata = control.describe(due)
    assert parsed(metadata["LastRotationDate"]) - created > timedelta(days=20), "dates in answers follow the server's clock"
    assert parsed(metadata["NextRotationDate"]) - parsed(metadata["LastRotationDate"]) == timedelta(days=7)


def test_an_overdue_rotation_creates_one_version(own_server):
    """One version is created, however long ago the due date was."""
    control = ControlPlane(own_server)
    key = control.create_key(enable_automatic_rotation=True, rotation_interval="7d")
    own_server.advance_clock("365d")
    assert eventually(lambda: len(control.versions(key)) > 1)
    own_server.advance_clock("1d")
    assert len(control.versions(key)) == 2


def test_shortening_the_interval_below_the_age_rotates(own_server):
    control = ControlPlane(own_server)
    key = control.create_key()
    own_server.advance_clock("20d")
    control.call("UpdateRotationPolicy", key_id=key, enable_automatic_rotation=True, rotation_interval="7d")
    assert eventually(lambda: len(control.versions(key)) == 2)


@pytest.mark.parametrize("body", (b"", b"{}", b'{"advance":"soon"}', b'{"advance":8}', b'{"advance":"-8d"}', b"[" * 1000))
def test_a_malformed_clock_request_changes_nothing(server, body):
    before = ControlPlane(server).create_key()
    created = parsed(ControlPlane(server).describe(before)["CreationDate"])
    status, _ = server.ask_admin("/dev/clock", body)
    assert 400 <= status < 500
    after = ControlPlane(server).create_key()
    assert parsed(ControlPlane(server).describe(after)["CreationDate"]) - created < timedelta(minutes=5)
