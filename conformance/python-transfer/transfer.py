"""The transfer clients as applications use them, behind one interface: OpenAPI calls whose answers are dicts with the API's names.

`KmsSdk` is alibabacloud-kms-python-sdk; `DkmsTransfer` is the older alibabacloud-dkms-transfer-python. Both are unmodified.
"""

import hashlib
import json

from alibabacloud_dkms_transfer.kms_transfer_acs_client import KmsTransferAcsClient
from alibabacloud_kms20160120 import models
from alibabacloud_kms_kms20160120.models import KmsConfig, KmsRuntimeOptions
from alibabacloud_kms_kms20160120.transfer_client import TransferClient
from alibabacloud_tea_openapi import models as openapi_models
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkkms.request import v20160120
from openapi import models as instance_models
from Tea.exceptions import TeaException, UnretryableException

from instance_api import method_name

READ_TIMEOUT_MS = 120_000


class Refused(Exception):
    """A failed call, as the client reports it to the application."""

    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message


class KmsSdk:
    """alibabacloud-kms-python-sdk: calls the Advance operations, or with `low_version` the basic ones."""

    def __init__(self, server, low_version):
        self.low_version, self.server = low_version, server
        access_key = server.access_key()
        config = openapi_models.Config(
            access_key_id=access_key["AccessKeyId"],
            access_key_secret=access_key["AccessKeySecret"],
            endpoint=server.endpoint,
            protocol="https",
            region_id="cn-hangzhou",
            ca=server.ca_file,
        )
        self.client = TransferClient(config=config, kms_config=self._kms_config())

    def _kms_config(self):
        return KmsConfig(
            protocol="https",
            client_key_file=self.server.client_key_file,
            password=self.server.client_key_password(),
            endpoint=self.server.endpoint,
            read_timeout=READ_TIMEOUT_MS,
            force_low_version_crypto_transfer=self.low_version,
        )

    def operation(self, action):
        """The operation on the wire for an OpenAPI action (instance-api 6.4)."""
        return action if self.low_version else "Advance" + action

    def aad(self, context):
        """How this client encodes an EncryptionContext (instance-api 6.5): the digest as hexadecimal text, or the JSON itself."""
        return json.dumps(context, separators=(",", ":")).encode() if self.low_version else context_digest(context).hex().encode()

    def call(self, action, **fields):
        request = getattr(models, action + "Request")(**{method_name(name): value for name, value in fields.items()})
        runtime = KmsRuntimeOptions(autoretry=False, ca=self.server.ca_file, read_timeout=READ_TIMEOUT_MS)
        try:
            return getattr(self.client, method_name(action) + "_with_options")(request, runtime).body.to_map()
        except TeaException as error:
            raise Refused(error.code, error.message) from error


class DkmsTransfer:
    """alibabacloud-dkms-transfer-python, which calls only the basic operations."""

    low_version = True

    def __init__(self, server):
        config = instance_models.Config(
            protocol="https",
            client_key_file=server.client_key_file,
            password=server.client_key_password(),
            endpoint=server.endpoint,
            read_timeout=READ_TIMEOUT_MS,
        )
        access_key = server.access_key()
        self.client = KmsTransferAcsClient(
            config, ak=access_key["AccessKeyId"], secret=access_key["AccessKeySecret"], verify=server.ca_file
        )

    def operation(self, action):
        return action

    def aad(self, context):
        """The digest itself."""
        return context_digest(context)

    def call(self, action, **fields):
        module = getattr(__import__(f"{v20160120.__name__}.{action}Request", fromlist=[action]), action + "Request")
        request = module()
        request.set_accept_format("JSON")
        for name, value in fields.items():
            if value is not None:
                getattr(request, "set_" + name)(json.dumps(value) if isinstance(value, dict) else value)
        try:
            return json.loads(self.client.do_action_with_exception(request))
        except ServerException as error:
            raise Refused(error.get_error_code(), error.get_error_msg()) from error
        except UnretryableException as error:
            raise Refused(error.inner_exception.code, error.inner_exception.message) from error


def context_digest(context):
    """The encoding that the clients share: sorted keys, `k=v` joined with `&`, SHA-256."""
    return hashlib.sha256("&".join(f"{key}={context[key]}" for key in sorted(context)).encode()).digest()
