"""The control plane through the unmodified official package alibabacloud-kms20160120."""

import re

from alibabacloud_kms20160120 import models
from alibabacloud_kms20160120.client import Client
from alibabacloud_tea_openapi import utils_models
from darabonba.runtime import RuntimeOptions
from Tea.exceptions import TeaException

from instance_api import Refusal, method_name


class ControlPlane:
    """A client with the access key and the ca.pem of the data directory; no retries."""

    def __init__(self, server):
        access_key = server.access_key()
        self.ca_file = server.ca_file
        self.client = Client(
            utils_models.Config(
                access_key_id=access_key["AccessKeyId"],
                access_key_secret=access_key["AccessKeySecret"],
                endpoint=server.endpoint,
                protocol="https",
                region_id="cn-hangzhou",
                ca=server.ca_file,
            )
        )

    def call(self, action, **fields):
        """The body of the answer as a dict with the API's names; raises Refusal."""
        runtime = RuntimeOptions(autoretry=False, ca=self.ca_file, read_timeout=30_000)
        method = getattr(self.client, method_name(action) + "_with_options")
        try:
            response = method(getattr(models, action + "Request")(**fields), runtime)
        except TeaException as error:
            if not isinstance(error.data, dict) or "statusCode" not in error.data:
                raise
            data = error.data
            raise Refusal(data["statusCode"], error.code, data.get("Message"), data.get("RequestId")) from error
        assert response.status_code == 200
        body = response.body.to_map()
        assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", body["RequestId"])
        return body

    def create_key(self, **fields):
        """The id of a new key."""
        return self.call("CreateKey", **fields)["KeyMetadata"]["KeyId"]

    def describe(self, key_id):
        return self.call("DescribeKey", key_id=key_id)["KeyMetadata"]

    def versions(self, key_id):
        """The ids of all versions of a key."""
        answer = self.call("ListKeyVersions", key_id=key_id, page_size=100)
        return [version["KeyVersionId"] for version in answer["KeyVersions"]["KeyVersion"]]

    def aliases(self):
        """Every alias, page by page: name -> key id."""
        found, page = {}, 1
        while True:
            answer = self.call("ListAliases", page_number=page, page_size=20)
            items = answer["Aliases"]["Alias"]
            found.update((item["AliasName"], item["KeyId"]) for item in items)
            if len(items) < 20:
                assert len(found) == answer["TotalCount"]
                return found
            page += 1
