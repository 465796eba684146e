"""The form in which the provider answers with many objects, and shows objects in full instead of by id."""

from collections.abc import Sequence

from marketplace.payments.sandbox.books import Books
from marketplace.payments.sandbox.errors import JsonObject, invalid
from marketplace.payments.sandbox.parameters import Created

DEEPEST = 4
END_OF_TIME = 2**62


def bounds(created: Created) -> tuple[int, int]:
    """The first and the last second that are asked for."""
    since = [moment for moment in (created.gte, created.gt and created.gt + 1) if moment is not None]
    until = [moment for moment in (created.lte, created.lt and created.lt - 1) if moment is not None]
    return max(since, default=0), min(until, default=END_OF_TIME)


def listed(url: str, page: tuple[Sequence[JsonObject], bool]) -> JsonObject:
    things, more = page
    return {"object": "list", "url": url, "data": list(things), "has_more": more}


def expand(books: Books, thing: JsonObject, paths: Sequence[str]) -> None:
    """Replace, in `thing`, each id that a path such as `payment_intent.latest_charge` names by its object.

    Raises: ApiError if there is nothing to show there.
    """
    for path in paths:
        steps = path.split(".")
        if len(steps) > DEEPEST:
            raise invalid(f"You cannot expand more than {DEEPEST} levels of a property", param="expand")
        _expand(books, thing, steps, path)


def _expand(books: Books, thing: JsonObject, steps: Sequence[str], path: str) -> None:
    name, rest = steps[0], steps[1:]
    if name not in thing:
        raise invalid(f"This property cannot be expanded ({path}).", param="expand")
    if isinstance(thing[name], list):
        for inner in thing[name]:
            _expand(books, inner, rest, path)
        return
    if isinstance(thing[name], str):
        found = books.any(thing[name])
        if found is None:
            raise invalid(f"This property cannot be expanded ({path}).", param="expand")
        thing[name] = found
    if rest and thing[name] is not None:
        _expand(books, thing[name], rest, path)
