"""The credential files of `claviger dev`, and their expiry (instance-api 1.8, 1.9)."""

import base64
import re
import stat
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from openapi import models as openapi_models
from sdk.client import Client

from instance_api import InstanceApi
from pair_checks import has_openssl
from raw_request import RawClient, message

UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
BODY = message("GenerateDataKeyPair", KeyId="alias/dev", KeyPairSpec="EC_P256", KeyFormat="DER")


def test_client_key_file(server):
    content = server.client_key()
    assert list(content) == ["KeyId", "PrivateKeyData"]
    assert re.fullmatch("KAAP." + UUID, content["KeyId"])
    key, certificate, chain = pkcs12.load_key_and_certificates(
        base64.b64decode(content["PrivateKeyData"], validate=True), server.client_key_password().encode()
    )
    assert isinstance(key, rsa.RSAPrivateKey) and key.key_size == 2048
    assert certificate.public_key().public_numbers() == key.public_key().public_numbers()
    assert chain == []


def test_client_key_password(server):
    password = server.client_key_password()
    classes = (r"[0-9]", r"[a-z]", r"[A-Z]", r"[~!@#$%^&*?_-]")
    assert 8 <= len(password) <= 64
    assert sum(bool(re.search(one, password)) for one in classes) >= 2
    assert re.fullmatch(r"[0-9a-zA-Z~!@#$%^&*?_-]+", password)


def test_the_sdk_opens_the_client_key_from_text_too(server):
    config = {"protocol": "https", "endpoint": server.endpoint, "ca_file_path": server.ca_file}
    text = (server.data_dir / "client-key.json").read_text()
    client = Client(openapi_models.Config(client_key_content=text, password=server.client_key_password(), **config))
    assert client._credential.get_access_key_id() == server.client_key()["KeyId"]
    with pytest.raises(Exception, match="(?i)mac|password|pkcs12"):
        Client(openapi_models.Config(client_key_content=text, password="not the passw0rd", **config))


@pytest.mark.skipif(not has_openssl(), reason="the OpenSSL command line is not installed")
def test_openssl_opens_the_client_key_without_legacy_ciphers(server, tmp_path):
    pfx = tmp_path / "client-key.p12"
    pfx.write_bytes(base64.b64decode(server.client_key()["PrivateKeyData"]))
    password = f"pass:{server.client_key_password()}"
    command = ["openssl", "pkcs12", "-in", str(pfx), "-passin", password, "-nodes"]
    done = subprocess.run(command, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    # The Go parser reads the certificate from the first safe and the key from the second.
    assert done.stdout.index(b"BEGIN CERTIFICATE") < done.stdout.index(b"PRIVATE KEY")


def test_pkcs12_uses_the_algorithms_of_the_go_parser(server):
    """instance-api 1.9: 3DES in both safes, no PBES2, MAC with SHA-1."""
    pfx = base64.b64decode(server.client_key()["PrivateKeyData"])
    triple_des = bytes.fromhex("060a2a864886f70d010c0103")
    pbes2, sha1 = bytes.fromhex("06092a864886f70d01050d"), bytes.fromhex("06052b0e03021a")
    assert pfx.count(triple_des) >= 1 and pbes2 not in pfx and sha1 in pfx[-120:]


def test_ca_file_is_one_self_signed_root(server):
    text = (server.data_dir / "ca.pem").read_bytes()
    assert text.count(b"BEGIN CERTIFICATE") == 1 and b"PRIVATE" not in text
    root = x509.load_pem_x509_certificate(text)
    assert root.subject == root.issuer
    assert root.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    root.verify_directly_issued_by(root)


@pytest.mark.parametrize("name", ("client-key.json", "client-key-password.txt", "access-key.json"))
def test_only_the_owner_can_read_secret_files(server, name):
    assert stat.S_IMODE((server.data_dir / name).stat().st_mode) & 0o077 == 0


def test_no_stored_file_contains_client_secrets(server):
    """The server does not store the private key of the client key, and encrypts the access key secret."""
    content = server.client_key()
    key = pkcs12.load_key_and_certificates(
        base64.b64decode(content["PrivateKeyData"]), server.client_key_password().encode()
    )[0]
    prime = key.private_numbers().p.to_bytes(128, "big")
    secret = server.access_key()["AccessKeySecret"].encode()
    handed_out = {"client-key.json", "client-key-password.txt", "access-key.json"}
    for file in server.data_dir.rglob("*"):
        if file.is_file() and file.name not in handed_out:
            data = file.read_bytes()
            assert prime not in data and secret not in data, file


def test_an_expired_client_key_is_refused(own_server):
    """Client keys are valid for five years (instance-api 1.9). The date of requests is still checked against real time."""
    client = RawClient(own_server)
    own_server.advance_clock("1800d")
    assert client.instance("GenerateDataKeyPair", BODY).status == 200
    own_server.advance_clock("60d")
    status, code, text = client.instance("GenerateDataKeyPair", BODY).error()
    assert (status, code) == (404, "Unauthorized")
    assert text.startswith(f'The AccessKey ID "{client.client_key_id}" expired at 20'), text
    client.close()


def test_a_restart_keeps_everything(own_server):
    api = InstanceApi(own_server)
    pair = api.generate("AdvanceGenerateDataKeyPair", "alias/dev", "EC_P256", "PEM", b"aad")
    names = ("ca.pem", "client-key.json", "client-key-password.txt", "access-key.json")
    before = [(own_server.data_dir / name).read_bytes() for name in names]
    instance = own_server.instance
    own_server.stop()
    own_server.start()
    assert [(own_server.data_dir / name).read_bytes() for name in names] == before
    assert own_server.instance == instance
    opened = InstanceApi(own_server).call("AdvanceDecrypt", ciphertext_blob=pair.private_key_ciphertext_blob, aad=b"aad")
    assert (opened.plaintext, opened.key_id) == (pair.private_key_plaintext, pair.key_id)


def test_loopback_listener(server):
    assert server.ask_admin("/healthz")[0] == 200
    assert server.ask_admin("/readyz")[0] == 200
    status, text = server.ask_admin("/metrics")
    assert status == 200 and b"# TYPE " in text
    assert server.ask_admin("/nothing-here")[0] == 404
    assert server.ask_admin("/dev/clock")[0] == 405
