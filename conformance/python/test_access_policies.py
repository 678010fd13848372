"""Application access points, policies and network rules, managed with the official control plane SDK and tested with the
official instance SDK. Also the warnings and denials that this server adds to the API."""

import json

import pytest
from openapi import models as openapi_models
from sdk.client import Client

from claviger_server import Server
from control_plane import ControlPlane
from instance_api import InstanceApi, Refusal
from test_unknown_callers import audit_lines

PASSWORD = "correct-Horse-9"
KEY_USER = "RbacPermission/Template/CryptoServiceKeyUser"
SECRET_USER = "RbacPermission/Template/CryptoServiceSecretUser"


def instance_id(control_plane, key_id):
    return control_plane.describe(key_id)["DKMSInstanceId"]


class Application:
    """An access point with one policy, and an Instance API client with its client key."""

    def __init__(self, server, control_plane, name, resources, permissions=(KEY_USER,), rules=None):
        self.name, self.control_plane = name, control_plane
        fields = {"access_control_rules": json.dumps({"NetworkRules": rules})} if rules else {}
        control_plane.call(
            "CreatePolicy", name=name, kms_instance=instance_id(control_plane, "alias/dev"),
            permissions=json.dumps(list(permissions)), resources=json.dumps(resources), **fields,
        )
        control_plane.call(
            "CreateApplicationAccessPoint", name=name, authentication_method="ClientKey", policies=json.dumps([name])
        )
        made = control_plane.call("CreateClientKey", aap_name=name, password=PASSWORD)
        self.client_key_id = made["ClientKeyId"]
        self.api = InstanceApi.__new__(InstanceApi)
        self.api.client = Client(
            openapi_models.Config(
                protocol="https",
                client_key_content=json.dumps({"KeyId": made["ClientKeyId"], "PrivateKeyData": made["PrivateKeyData"]}),
                password=PASSWORD, endpoint=server.endpoint, ca_file_path=server.ca_file, read_timeout=120_000,
            )
        )

    def encrypt(self, key_id):
        return self.api.call("AdvanceEncrypt", key_id=key_id, plaintext=b"hello")


def refused(action, *arguments, **fields):
    with pytest.raises(Refusal) as refusal:
        action(*arguments, **fields)
    return refusal.value


def test_a_policy_on_one_key(server, control_plane):
    mine, other = control_plane.create_key(), control_plane.create_key()
    application = Application(server, control_plane, "one-key", [f"key/{mine}"])
    assert application.encrypt(mine).key_id == mine
    refusal = refused(application.encrypt, other)
    assert refusal.status_and_code == (403, "Forbidden.NoPermission")
    assert refusal.message == f'This operation for "{other}" is forbidden by permission system.'
    for operation in ("Sign", "GetPublicKey"):
        fields = {"message": b"m", "algorithm": "ECDSA_SHA_256"} if operation == "Sign" else {}
        assert refused(application.api.call, operation, key_id=other, **fields).status_and_code == (403, "Forbidden.NoPermission")
    secret = refused(application.api.call, "GetSecretValue", secret_name="db/main")
    assert secret.message == 'This operation for "db/main" is forbidden by permission system.'
    # The extended policy applies from the next request on.
    control_plane.call("UpdatePolicy", name="one-key", resources=json.dumps(["key/*"]))
    assert application.encrypt(other).key_id == other


def test_a_missing_secret_is_reported_only_to_callers_that_may_read_secrets(server, control_plane):
    application = Application(server, control_plane, "secrets", ["secret/*"], [SECRET_USER])
    refusal = refused(application.api.call, "GetSecretValue", secret_name="db/main")
    assert refusal.status_and_code == (404, "Forbidden.ResourceNotFound")
    assert refused(application.encrypt, control_plane.create_key()).status_and_code == (403, "Forbidden.NoPermission")


def test_network_rules(server, control_plane):
    rule = control_plane.call(
        "CreateNetworkRule", name="far-away", type="Private", source_private_ip=json.dumps(["10.0.0.0/8", "10.1.2.3"])
    )
    assert rule["SourcePrivateIp"] == '["10.0.0.0/8","10.1.2.3"]'
    application = Application(server, control_plane, "behind", ["key/*"], rules=["far-away"])
    key = control_plane.create_key()
    refusal = refused(application.encrypt, key)
    assert refusal.status_and_code == (403, "Forbidden.NoPermission")
    # Its signature verified, so the audit record contains its id.
    record = next(line for line in audit_lines(server) if line.get("request_id") == refusal.request_id)
    assert record["principal"] == application.client_key_id
    control_plane.call("UpdateNetworkRule", name="far-away", source_private_ip=json.dumps(["127.0.0.0/8"]))
    assert application.encrypt(key).key_id == key
    described = control_plane.call("DescribeNetworkRule", name="far-away")
    assert described["SourcePrivateIp"] == '["127.0.0.0/8"]' and "Name" not in described
    assert refused(control_plane.call, "DeleteNetworkRule", name="far-away").status_and_code == (409, "Rejected.ResourceInUse")


def test_shapes_and_limits(server, control_plane):
    application = Application(server, control_plane, "shapes", ["key/*", "secret/a"], [KEY_USER, SECRET_USER])
    described = control_plane.call("DescribePolicy", name="shapes")
    assert described["Permissions"] == [KEY_USER, SECRET_USER]
    assert described["Resources"] == ["key/*", "secret/a"]
    point = control_plane.call("DescribeApplicationAccessPoint", name="shapes")
    assert point["Policies"] == '["shapes"]' and point["AuthenticationMethod"] == "ClientKey"
    key = control_plane.call("GetClientKey", client_key_id=application.client_key_id)
    assert key["AapName"] == "shapes" and key["PublicKeyData"].startswith("-----BEGIN CERTIFICATE-----")
    control_plane.call("CreateClientKey", aap_name="shapes", password=PASSWORD)
    control_plane.call("CreateClientKey", aap_name="shapes", password=PASSWORD)
    fourth = refused(control_plane.call, "CreateClientKey", aap_name="shapes", password=PASSWORD)
    assert fourth.status_and_code == (400, "Rejected.LimitExceeded")
    assert len(control_plane.call("ListClientKeys", aap_name="shapes")["ClientKeys"]) == 3
    assert refused(control_plane.call, "DeletePolicy", name="shapes").status_and_code == (409, "Rejected.ResourceInUse")
    assert refused(control_plane.call, "DescribePolicy", name="nobody").status_and_code == (404, "Forbidden.ResourceNotFound")
    again = refused(
        control_plane.call, "CreateApplicationAccessPoint", name="shapes", authentication_method="ClientKey",
        policies=json.dumps(["shapes"]),
    )
    assert again.status_and_code == (409, "Rejected.ResourceExist")
    nowhere = refused(control_plane.call, "CreateClientKey", aap_name="nobody", password=PASSWORD)
    assert nowhere.status_and_code == (404, "Forbidden.ResourceNotFound")
    for resources in (["*"], ["key/**"], []):
        wrong = refused(control_plane.call, "UpdatePolicy", name="shapes", resources=json.dumps(resources))
        assert wrong.status_and_code == (400, "InvalidParameter")
    elsewhere = refused(
        control_plane.call, "CreatePolicy", name="elsewhere", kms_instance="kst-elsewhere",
        permissions=json.dumps([KEY_USER]), resources=json.dumps(["key/*"]),
    )
    assert elsewhere.status_and_code == (403, "Forbidden.DKMSInstanceNotFound")
    names = {policy["Name"] for policy in control_plane.call("ListPolicies", page_size=100)["Policies"]["Policy"]}
    assert {"first", "shapes"} <= names


def test_a_basic_operation_on_a_rotating_key_is_counted_and_marked(own_server):
    api, control = InstanceApi(own_server), ControlPlane(own_server)
    key = control.create_key(enable_automatic_rotation=True, rotation_interval="30d")
    api.call("Encrypt", key_id=key, plaintext=b"x")
    api.call("AdvanceEncrypt", key_id=key, plaintext=b"x", iv=bytes(12))
    metrics = own_server.ask_admin("/metrics")[1].decode()
    assert "claviger_basic_operations_on_rotating_keys_total 1" in metrics
    assert "claviger_caller_supplied_ivs_total 1" in metrics
    written = [path.read_text() for path in sorted((own_server.data_dir / "audit").glob("*.log"))]
    lines = [json.loads(line) for line in "".join(written).splitlines() if f'"{key}"' in line]
    details = [line.get("detail") for line in lines if line.get("operation") in ("Encrypt", "AdvanceEncrypt")]
    assert details == ["basic operation on a rotating key", "caller supplied iv"]


def test_the_deny_options_refuse(tmp_path):
    flags = ["--deny-basic-operations-on-rotating-keys", "--deny-caller-supplied-iv"]
    server = Server(tmp_path / "data", *flags).start()
    try:
        api, control = InstanceApi(server), ControlPlane(server)
        key = control.create_key(enable_automatic_rotation=True, rotation_interval="30d")
        for operation, fields in (
            ("Encrypt", {"plaintext": b"x"}),
            ("GenerateDataKey", {"number_of_bytes": 16}),
            ("GenerateDataKeyPair", {"key_pair_spec": "EC_P256", "key_format": "DER"}),
        ):
            assert refused(api.call, operation, key_id=key, **fields).status_and_code == (400, "UnsupportedOperation"), operation
        chosen = refused(api.call, "AdvanceEncrypt", key_id=key, plaintext=b"x", iv=bytes(12))
        assert chosen.status_and_code == (400, "UnsupportedOperation")
        assert api.call("AdvanceEncrypt", key_id=key, plaintext=b"x").key_id == key
    finally:
        server.stop()
