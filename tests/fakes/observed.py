"""Puts a fault point before and after every call to a gateway, whichever it is."""

from inspect import iscoroutinefunction

from marketplace.fault_points import reached


class Observed:
    def __init__(self, gateway, name: str) -> None:
        self._gateway, self._name = gateway, name

    def __getattr__(self, method):
        attribute = getattr(self._gateway, method)
        if not iscoroutinefunction(attribute):
            return attribute

        async def call(*args, **kwargs):
            reached(f"before_{self._name}_{method}")
            answer = await attribute(*args, **kwargs)
            reached(f"after_{self._name}_{method}")
            return answer

        return call
