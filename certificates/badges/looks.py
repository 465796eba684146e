"""The colours and the shape of each state. Colour never carries the meaning alone, and a test is violet whatever its state."""

from collections.abc import Mapping
from functools import cache
from typing import Final, Literal, NamedTuple

from certificates.badges.facts import BadgeState

Theme = Literal["light", "dark", "auto"]

_PAPERS: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "light": ("#fbf9f4", "#1d1c1a", "#5c5953", "#b9b4aa"),
    "dark": ("#16181d", "#ece8df", "#a9a498", "#4a4d55"),
}
_GREEN: Final = {"light": "#1f5c3d", "dark": "#7fc79d"}
_AMBER: Final = {"light": "#7a4f00", "dark": "#e0b057"}
_VERMILION: Final = {"light": "#a92f18", "dark": "#f0876c"}
_VIOLET: Final = {"light": "#5a2a8c", "dark": "#c3a0ee"}
_GREY: Final = {"light": "#56534d", "dark": "#b0aba0"}
_COLOURS: Final = {
    BadgeState.COVERED: _GREEN,
    BadgeState.PARTLY_COVERED: _AMBER,
    BadgeState.OVERSOLD: _VERMILION,
    BadgeState.NOT_COVERED: _GREY,
    BadgeState.PERIOD_OVER: _AMBER,
    BadgeState.REVOKED: _VERMILION,
    BadgeState.ENDED: _GREY,
}
# A shape of its own for each state, 12 units wide.
_SHAPES: Final[Mapping[BadgeState, str]] = {
    BadgeState.COVERED: "M1.5 6.5l3 3.2 6-7.2",
    BadgeState.PARTLY_COVERED: "M6 1a5 5 0 1 0 0 10zM6 1a5 5 0 0 1 0 10",
    BadgeState.OVERSOLD: "M6 1l5.2 9.5H.8zM6 4.4v3M6 8.6v.6",
    BadgeState.NOT_COVERED: "M6 1a5 5 0 1 0 0 10a5 5 0 0 0 0-10",
    BadgeState.PERIOD_OVER: "M2 1h8L6 6l4 5H2l4-5z",
    BadgeState.REVOKED: "M1 1h10v10H1zM3.5 3.5l5 5M8.5 3.5l-5 5",
    BadgeState.ENDED: "M6 1a5 5 0 1 0 0 10a5 5 0 0 0 0-10M3.4 6h5.2",
}
_NO_BADGE: Final = "M3.4 4a2.6 2.6 0 1 1 3.7 2.3c-.8.4-1.1.8-1.1 1.6M6 10v.8"


class Look(NamedTuple):
    """One theme's colours, the state's own colour in it, and its shape. `hatched` is the edge of a test."""

    paper: str
    ink: str
    faded: str
    hairline: str
    accent: str
    shape: str
    filled: bool
    hatched: bool


@cache
def look_of(state: BadgeState | None, theme: Theme, *, sandbox: bool) -> Look:
    """`state` is None where there is no badge. The look of "auto" is the light one: see `night_sheet`."""
    lit = "light" if theme == "auto" else theme
    colour = _VIOLET if sandbox else _COLOURS[state] if state else _GREY
    shape = _SHAPES[state] if state else _NO_BADGE
    return Look(*_PAPERS[lit], colour[lit], shape, state is BadgeState.PERIOD_OVER, sandbox)


@cache
def night_sheet(state: BadgeState | None, *, sandbox: bool) -> str:
    """The style sheet of a badge that follows the reader's light or dark setting: every light colour has its dark twin."""
    light, dark = (look_of(state, theme, sandbox=sandbox)[:5] for theme in ("light", "dark"))
    rules = "".join(
        f'[{place}="{day}"]{{{place}:{night}}}'
        for day, night in zip(light, dark, strict=True)
        for place in ("fill", "stroke")
    )
    return f"@media (prefers-color-scheme:dark){{{rules}}}"
