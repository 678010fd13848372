"""The key states in both planes: every cell of rpc-api 6 for the supported actions."""

from datetime import datetime, timedelta

import pytest

from claviger_server import eventually
from control_plane import ControlPlane
from instance_api import OPERATIONS, InstanceApi, Refusal

STATES = ("Enabled", "Disabled", "PendingDeletion")
OK = None
STUCK = "Rejected.StateModifiedFailed"
DISABLED, PENDING = "Rejected.Disabled", "Rejected.PendingDeletion"

# action: (code when Enabled, when Disabled, when PendingDeletion); all refusals are 409.
TABLE = {
    "DescribeKey": (OK, OK, OK),
    "ListKeyVersions": (OK, OK, OK),
    "DescribeKeyVersion": (OK, OK, OK),
    "DeleteAlias": (OK, OK, OK),
    "EnableKey": (OK, OK, STUCK),
    "DisableKey": (OK, OK, STUCK),
    "ScheduleKeyDeletion": (OK, OK, STUCK),
    "CancelKeyDeletion": (STUCK, STUCK, OK),
    "UpdateKeyDescription": (OK, OK, PENDING),
    "CreateAlias": (OK, OK, STUCK),
    "CreateKeyVersion": (OK, DISABLED, PENDING),
    "UpdateRotationPolicy": (OK, DISABLED, PENDING),
    **{operation: (OK, DISABLED, PENDING) for operation in OPERATIONS},
}


class KeyInState:
    """A new key in `state`, with an alias and a blob that it encrypted."""

    def __init__(self, api, control, state):
        self.api, self.control = api, control
        self.id = control.create_key()
        self.alias = "alias/" + self.id
        control.call("CreateAlias", key_id=self.id, alias_name=self.alias)
        self.sealed = api.generate("AdvanceGenerateDataKeyPair", self.id, "EC_P256")
        if state == "Disabled":
            control.call("DisableKey", key_id=self.id)
        if state == "PendingDeletion":
            control.call("ScheduleKeyDeletion", key_id=self.id, pending_window_in_days=7)
        assert control.describe(self.id)["KeyState"] == state

    def act(self, action):
        if action in OPERATIONS:
            return self.api.generate(action, self.id, "EC_P256")
        more = {
            "DescribeKeyVersion": {"key_version_id": self.sealed.key_version_id},
            "ScheduleKeyDeletion": {"pending_window_in_days": 30},
            "UpdateKeyDescription": {"description": "new"},
            "CreateAlias": {"alias_name": self.alias + "/second"},
            "UpdateRotationPolicy": {"enable_automatic_rotation": True, "rotation_interval": "7d"},
        }.get(action, {})
        if action == "DeleteAlias":
            return self.control.call(action, alias_name=self.alias)
        return self.control.call(action, key_id=self.id, **more)

    def open(self):
        blob = self.sealed.private_key_ciphertext_blob
        assert self.api.call("AdvanceDecrypt", ciphertext_blob=blob).plaintext == self.sealed.private_key_plaintext


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("action", TABLE)
def test_cell(instance_api, control_plane, action, state):
    key = KeyInState(instance_api, control_plane, state)
    before = control_plane.describe(key.id)
    expected = TABLE[action][STATES.index(state)]
    if expected is OK:
        key.act(action)
        return
    with pytest.raises(Refusal) as refusal:
        key.act(action)
    assert refusal.value.status_and_code == (409, expected)
    if expected in (DISABLED, PENDING):
        assert refusal.value.message == f"The request was rejected because the key state is {state}."
    else:
        assert refusal.value.message == "Keystate modified failed."
    assert control_plane.describe(key.id) == before, "a refusal changes nothing"


@pytest.mark.parametrize("state", STATES)
def test_decrypting_old_blobs(instance_api, control_plane, state):
    key = KeyInState(instance_api, control_plane, state)
    if state == "Enabled":
        return key.open()
    with pytest.raises(Refusal) as refusal:
        key.open()
    assert refusal.value.status_and_code == (409, f"Rejected.{state}")
    control_plane.call("EnableKey" if state == "Disabled" else "CancelKeyDeletion", key_id=key.id)
    assert control_plane.describe(key.id)["KeyState"] == "Enabled"
    key.open()


def test_enable_and_disable_are_idempotent(control_plane, key):
    for action, state in (("DisableKey", "Disabled"), ("DisableKey", "Disabled"), ("EnableKey", "Enabled"), ("EnableKey", "Enabled")):
        control_plane.call(action, key_id=key)
        assert control_plane.describe(key)["KeyState"] == state


def test_cancelling_the_deletion_of_a_disabled_key_enables_it(control_plane, key):
    """rpc-api 6: CancelKeyDeletion leads to Enabled, whatever the state before."""
    control_plane.call("DisableKey", key_id=key)
    control_plane.call("ScheduleKeyDeletion", key_id=key, pending_window_in_days=366)
    control_plane.call("CancelKeyDeletion", key_id=key)
    metadata = control_plane.describe(key)
    assert (metadata["KeyState"], metadata.get("DeleteDate", "")) == ("Enabled", "")


@pytest.mark.parametrize("days", (7, 30, 366))
def test_deletion_date(control_plane, key, days):
    control_plane.call("ScheduleKeyDeletion", key_id=key, pending_window_in_days=days)
    planned = datetime.strptime(control_plane.describe(key)["DeleteDate"], "%Y-%m-%dT%H:%M:%SZ")
    assert abs(planned - datetime.utcnow() - timedelta(days=days)) < timedelta(minutes=5)


@pytest.mark.parametrize("days", (0, 6, 367, -7))
def test_deletion_windows_out_of_range(control_plane, key, days):
    with pytest.raises(Refusal) as refusal:
        control_plane.call("ScheduleKeyDeletion", key_id=key, pending_window_in_days=days)
    assert refusal.value.status_and_code == (400, "InvalidParameter")
    assert control_plane.describe(key)["KeyState"] == "Enabled"


def test_destruction_by_time(own_server):
    """After the waiting period, a key and its aliases do not exist for any call; a key whose deletion was cancelled stays."""
    api, control = InstanceApi(own_server), ControlPlane(own_server)
    gone = KeyInState(api, control, "PendingDeletion")
    kept = KeyInState(api, control, "PendingDeletion")
    control.call("CancelKeyDeletion", key_id=kept.id)
    own_server.advance_clock("6d")
    assert control.describe(gone.id)["KeyState"] == "PendingDeletion"

    own_server.advance_clock("2d")
    assert eventually(lambda: is_not_found(lambda: control.describe(gone.id))), "the key outlived its window"
    assert eventually(lambda: gone.alias not in control.aliases()), "the alias outlived its key"
    for act in (
        lambda: api.generate("AdvanceGenerateDataKeyPair", gone.id, "EC_P256"),
        lambda: api.generate("GenerateDataKeyPair", gone.alias, "EC_P256"),
        lambda: gone.open(),
        lambda: gone.act("EnableKey"),
        lambda: gone.act("CancelKeyDeletion"),
        lambda: gone.act("ListKeyVersions"),
    ):
        assert is_not_found(act)
    listed = control.call("ListKeys", page_size=100)["Keys"]["Key"]
    assert gone.id not in [item["KeyId"] for item in listed]

    kept.open()
    control.call("CreateAlias", key_id=kept.id, alias_name=gone.alias)
    assert api.generate("GenerateDataKeyPair", gone.alias, "EC_P256").key_id == kept.id


def is_not_found(act):
    try:
        act()
    except Refusal as refusal:
        assert refusal.status_and_code == (404, "Forbidden.KeyNotFound")
        return True
    return False
