"""Shared fixtures: servers and official clients. Every server must survive its tests and keep secrets out of its log."""

import os

import pytest

from claviger_server import Server
from control_plane import ControlPlane
from instance_api import InstanceApi
from raw_request import RawClient

# The SDKs would send even loopback requests through a proxy.
for name in ("http_proxy", "https_proxy", "all_proxy"):
    os.environ.pop(name, None)
    os.environ.pop(name.upper(), None)


def pytest_configure(config):
    if "CLAVIGER_BIN" not in os.environ:
        raise pytest.UsageError("set CLAVIGER_BIN to the claviger binary, or run `cargo xtask test --only conformance`")


def serve(data_dir):
    server = Server(data_dir).start()
    yield server
    assert server.is_running(), f"the server died; log:\n{server.log()}"
    server.stop()
    assert_no_secrets_in_log(server)


def assert_no_secrets_in_log(server):
    log = server.log()
    secrets = [server.access_key()["AccessKeySecret"], server.client_key_password(), "PRIVATE KEY"]
    assert not [secret for secret in secrets if secret in log], "a secret is in the log"


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The server that most tests share; its clock is never advanced."""
    yield from serve(tmp_path_factory.mktemp("shared") / "data")


@pytest.fixture
def own_server(tmp_path):
    """A server for a single test, which may advance its clock or restart it."""
    yield from serve(tmp_path / "data")


@pytest.fixture(scope="session")
def instance_api(server):
    return InstanceApi(server)


@pytest.fixture(scope="session")
def control_plane(server):
    return ControlPlane(server)


@pytest.fixture
def raw(server):
    client = RawClient(server)
    yield client
    client.close()


@pytest.fixture
def key(control_plane):
    """The id of a new symmetric key."""
    return control_plane.create_key()


@pytest.fixture(scope="session")
def dev_key(control_plane):
    """The id of the key that `claviger dev` creates on its first start."""
    return control_plane.describe("alias/dev")["KeyId"]
