"""A request whose process is killed on the way, at the numbered point, and does nothing any more from there on."""

import contextlib

from marketplace import fault_points


class Killed(BaseException):
    """Not an Exception: nothing may catch it, as nothing catches kill -9."""


class DeadFrom:
    """At the numbered point and at each one after it nothing happens any more; None only counts."""

    def __init__(self, number: int | None) -> None:
        self.number, self.seen = number, []

    def __call__(self, name: str) -> None:
        self.seen.append(name)
        if self.number is not None and len(self.seen) >= self.number:
            raise Killed(name)


async def asked_of_the_dying(client, path, body, headers, number: int | None) -> list[str]:
    """POST with a death at the numbered point; the points that were reached."""
    dead = DeadFrom(number)
    with fault_points.listened_to(dead), contextlib.suppress(Killed):
        await client.post(path, json=body, headers=headers)
    return dead.seen
