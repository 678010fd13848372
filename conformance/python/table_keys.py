"""The keys of the table, made on first use, and how what is not built yet must answer."""

import pytest

from instance_api import Refusal, method_name
from table import NOT_BUILT, TABLE


class TableKeys:
    """`make(spec, usage)` makes a key, `disable(id)` disables it; either may raise one of `refusals`."""

    def __init__(self, make, disable, refusals):
        self.make, self.disable, self.refusals = make, disable, refusals
        self.made = {}

    def get(self, name):
        """The id of the table's key of that name; None if such keys cannot be made yet, which is then asserted."""
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
    """The answer of an operation that must succeed; None while it is not built: then it must be refused as unknown."""
    if operation not in NOT_BUILT["operations"]:
        answer = api.call(operation, **fields)
        assert answer.request_id
        return answer
    with pytest.raises(Refusal) as refusal:
        api.call(operation, **fields)
    assert (*refusal.value.short, refusal.value.message) == (400, "InvalidApiName", f'The ApiName "{operation}" is invalid.')
    return None


def snake(fields):
    """Fields in the API's words -> in the SDK's."""
    return {method_name(name): content for name, content in fields.items()}
