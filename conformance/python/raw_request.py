"""Hand-built requests for both planes over one kept-alive TLS connection, so that a test can make every part wrong.

The format is that of instance-api 1.2 to 1.4 and rpc-api 3.2; the protobuf messages are those of the SDK.
"""

import base64
import email.utils
import hashlib
import hmac
import http.client
import re
import ssl
import time
import urllib.parse
import uuid

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import pkcs12
from openapi_util.protobuf import api_pb2

PROTOBUF = "application/x-protobuf"
REQUEST_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def message(operation, **fields):
    """The serialized request message of `operation`; fields have the API's names."""
    return getattr(api_pb2, operation + "Request")(**fields).SerializeToString()


def response(operation, body):
    """The parsed response message of `operation`."""
    parsed = getattr(api_pb2, operation + "Response")()
    parsed.ParseFromString(body)
    return parsed


def tls_context(server):
    return ssl.create_default_context(cafile=server.ca_file)


class Answer:
    """Status, headers and body of one HTTP answer."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def error(self):
        """(status, code, message) of a protobuf Error body, after checking what every error must contain."""
        assert self.status >= 400, f"{self.status} with {self.body!r} is not an error"
        assert self.headers["content-type"] == PROTOBUF, self.headers
        parsed = api_pb2.Error()
        parsed.ParseFromString(self.body)
        assert parsed.StatusCode == self.status
        assert parsed.ErrorCode and parsed.ErrorMessage
        assert REQUEST_ID.fullmatch(parsed.RequestId), parsed.RequestId
        return self.status, parsed.ErrorCode, parsed.ErrorMessage


class RawClient:
    """One kept-alive connection; `client_key` and `access_key` sign."""

    def __init__(self, server):
        self.server = server
        content = server.client_key()
        self.client_key_id = content["KeyId"]
        pfx = base64.b64decode(content["PrivateKeyData"])
        self.private_key = pkcs12.load_key_and_certificates(pfx, server.client_key_password().encode())[0]
        self.access_key = server.access_key()
        self.connection = None

    def send(self, method, target, headers, body):
        """Sends the request as given, adding only what HTTP requires. Reconnects if the connection was closed."""
        for attempt in (1, 2):
            fresh = self.connection is None
            if fresh:
                self.connection = http.client.HTTPSConnection(
                    "127.0.0.1", self.server.port, timeout=60, context=tls_context(self.server)
                )
            try:
                return self._exchange(method, target, headers, body)
            except (http.client.RemoteDisconnected, ConnectionError):
                self.close()
                if fresh or attempt == 2:
                    raise

    def _exchange(self, method, target, headers, body):
        names = {name.lower() for name in headers}
        self.connection.putrequest(method, target, skip_host="host" in names, skip_accept_encoding=True)
        for name, value in headers.items():
            self.connection.putheader(name, value)
        if "content-length" not in names and "transfer-encoding" not in names:
            self.connection.putheader("content-length", str(len(body)))
        self.connection.endheaders()
        try:
            self.connection.send(body)
        except (BrokenPipeError, ConnectionResetError):
            pass  # The server may answer before it has read the whole body.
        got = self.connection.getresponse()
        answer = Answer(got.status, got.headers, got.read())
        if got.will_close:
            self.close()
        return answer

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def instance(self, operation, body, change=None, after_signing=None, scheme="Bearer", key=None, target="/", method="POST"):
        """A signed Instance API request. `change` edits the headers before signing, `after_signing` after it (None removes)."""
        headers = {
            "accept": PROTOBUF,
            "host": self.server.endpoint,
            "date": email.utils.formatdate(usegmt=True),
            "x-kms-apiversion": "dkms-gcs-0.2",
            "x-kms-apiname": operation,
            "x-kms-signaturemethod": "RSA_PKCS1_SHA_256",
            "x-kms-acccesskeyid": self.client_key_id,
            "content-type": PROTOBUF,
            "content-sha256": hashlib.sha256(body).hexdigest().upper(),
        }
        headers = edited(headers, change)
        text = instance_string_to_sign(method, headers)
        signature = (key or self.private_key).sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        headers["authorization"] = f"{scheme} {base64.b64encode(signature).decode()}"
        return self.send(method, target, edited(headers, after_signing), body)

    def rpc(self, action, query=None, change=None, after_signing=None, secret=None, method="POST", body=b"", version="2016-01-20"):
        """A control plane request with a V3 signature; `change` and `after_signing` as for `instance`."""
        headers = {
            "host": self.server.endpoint,
            "x-acs-action": action,
            "x-acs-version": version,
            "x-acs-date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "x-acs-signature-nonce": uuid.uuid4().hex,
            "x-acs-content-sha256": hashlib.sha256(body).hexdigest(),
        }
        headers = edited(headers, change)
        encoded = canonical_query(query or {})
        signed = ";".join(sorted(headers))
        lines = [method, "/", encoded, *(f"{name}:{headers[name].strip()}" for name in sorted(headers)), "", signed]
        lines.append(headers.get("x-acs-content-sha256", ""))
        digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
        secret = secret or self.access_key["AccessKeySecret"]
        signature = hmac.new(secret.encode(), f"ACS3-HMAC-SHA256\n{digest}".encode(), hashlib.sha256).hexdigest()
        credential = self.access_key["AccessKeyId"]
        headers["authorization"] = f"ACS3-HMAC-SHA256 Credential={credential},SignedHeaders={signed},Signature={signature}"
        return self.send(method, "/?" + encoded if encoded else "/", edited(headers, after_signing), body)


def edited(headers, change):
    """The headers, with those in `change` set, or removed if None."""
    both = {**headers, **(change or {})}
    return {name: value for name, value in both.items() if value is not None}


def instance_string_to_sign(method, headers):
    """instance-api 1.3."""
    lines = [method] + [headers.get(name, "") for name in ("content-sha256", "content-type", "date")]
    lines += [f"{name}:{headers[name].strip()}" for name in sorted(headers) if name.startswith("x-kms-")]
    return "\n".join(lines + ["/"])


def canonical_query(query):
    """rpc-api 3.2 step 2."""
    encode = lambda text: urllib.parse.quote(text, safe="-_.~")
    return "&".join(f"{encode(name)}={encode(value)}" for name, value in sorted(query.items()))
