"""The Instance API through the unmodified official package alibabacloud-dkms-gcs."""

from openapi import models as openapi_models
from openapi_util import models as openapi_util_models
from sdk import models
from sdk.client import Client
from Tea.exceptions import TeaException

VERSION_HEADER = "x-kms-migrationkeyversionid"

SPECS = ("RSA_2048", "RSA_3072", "RSA_4096", "EC_P256", "EC_P256K")
FORMATS = ("PEM", "DER")
OPERATIONS = (
    "AdvanceGenerateDataKeyPair",
    "AdvanceGenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
)


def method_name(operation):
    """AdvanceDecrypt -> advance_decrypt."""
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in operation).lstrip("_")


class Refusal(Exception):
    """An error of the server: HTTP status, code and message as the SDK passes them to the application."""

    def __init__(self, status, code, message, request_id):
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code, self.message, self.request_id = status, code, message, request_id

    @property
    def status_and_code(self):
        return self.status, self.code


class InstanceApi:
    """A client with the client key and the ca.pem of the data directory; no retries."""

    def __init__(self, server):
        self.client = Client(
            openapi_models.Config(
                protocol="https",
                client_key_file=server.client_key_file,
                password=server.client_key_password(),
                endpoint=server.endpoint,
                ca_file_path=server.ca_file,
                # Milliseconds; on a busy machine an RSA_4096 pair takes long.
                read_timeout=120_000,
            )
        )

    def call(self, operation, request_headers=None, **fields):
        """The response of `operation`; raises Refusal."""
        request = getattr(models, operation + "Request")(**fields)
        request.request_headers = request_headers
        runtime = openapi_util_models.RuntimeOptions(autoretry=False, response_headers=[VERSION_HEADER])
        try:
            return getattr(self.client, method_name(operation) + "_with_options")(request, runtime)
        except TeaException as error:
            if not isinstance(error.data, dict):
                raise
            data = error.data
            raise Refusal(data.get("httpCode"), error.code, error.message, data.get("requestId")) from error

    def generate(self, operation, key_id, spec, key_format="DER", aad=None, **fields):
        return self.call(operation, key_id=key_id, key_pair_spec=spec, key_format=key_format, aad=aad, **fields)
