"""The keys of the table, created on first use, and the expected refusals of what is not built yet."""

import pytest

from instance_api import Refusal, method_name
from table import NOT_BUILT, TABLE


class TableKeys:
    """`make(spec, usage)` creates a key, `disable(id)` disables it; either may raise one of `refusals`."""

    def __init__(self, make, disable, refusals):
        self.make, self.disable, self.refusals = make, disable, refusals
        self.made = {}

    def get(self, name):
        """The id of the key with that name in the table; None, after asserting the refusal, if such keys are not built yet."""
        if name not in self.made:
            self.made[name] = self._make(TABLE["keys"][name])
        return self.made[name]

    def _make(self, kind):
        if kind["KeySpec"] in NOT_BUILT["key_specs"]:
            with pytest.raises(self.refusals):
                self.make(kind["KeySpec"], kind["KeyUsage"])
            return None
        key = self.make(kind["KeySpec"], kind["KeyUsage"])
        if kind.get("Disabled"):
            self.disable(key)
        return key


def call(api, operation, **fields):
    """The answer of an operation that must succeed. None if it is not built yet; it must then be refused as unknown."""
    if operation not in NOT_BUILT["operations"]:
        answer = api.call(operation, **fields)
        assert answer.request_id
        return answer
    with pytest.raises(Refusal) as refusal:
        api.call(operation, **fields)
    assert (*refusal.value.status_and_code, refusal.value.message) == (400, "InvalidApiName", f'The ApiName "{operation}" is invalid.')
    return None


def snake(fields):
    """Converts field names of the API to those of the SDK."""
    return {method_name(name): content for name, content in fields.items()}
