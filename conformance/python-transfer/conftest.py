"""Fixtures of the transfer client tests: one server, and a client in each of its modes."""

import os

import pytest

from claviger_server import ExternalServer, CommandFailed, Server, run_command
from instance_api import InstanceApi
from table_keys import TableKeys
from transfer import DkmsTransfer, KmsSdk

# The SDKs would send even loopback requests through a proxy.
for name in ("http_proxy", "https_proxy", "all_proxy"):
    os.environ.pop(name, None)
    os.environ.pop(name.upper(), None)


def pytest_configure(config):
    if "CLAVIGER_BIN" not in os.environ:
        raise pytest.UsageError("set CLAVIGER_BIN to the claviger binary, or run `cargo xtask test --only conformance`")


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    if "CLAVIGER_EXCHANGE" in os.environ:
        yield ExternalServer(os.environ["CLAVIGER_EXCHANGE"] + "/data", os.environ["CLAVIGER_EXCHANGE_ENDPOINT"])
        return
    server = Server(tmp_path_factory.mktemp("shared") / "data").start()
    yield server
    assert server.is_running(), f"the server died; log:\n{server.log()}"
    server.stop()


@pytest.fixture(scope="session")
def instance_api(server):
    return InstanceApi(server)


@pytest.fixture(scope="session")
def keys(server):
    def make(spec, usage):
        return run_command(server, "key", "create", "--spec", spec, "--usage", usage)["KeyMetadata"]["KeyId"]

    return TableKeys(make, lambda key: run_command(server, "key", "disable", key), CommandFailed)


@pytest.fixture(scope="session")
def dev_key(server):
    return run_command(server, "key", "describe", "alias/dev")["KeyMetadata"]["KeyId"]


@pytest.fixture(scope="session", params=("advance", "low-version", "dkms-transfer"))
def client(server, request):
    """kms-python-sdk by default and with `force_low_version_crypto_transfer`, and the older transfer client."""
    if request.param == "dkms-transfer":
        return DkmsTransfer(server)
    return KmsSdk(server, low_version=request.param == "low-version")
