"""A real browser for tests, with Japanese faces: the installed font packages, handed over by a fontconfig file of our own."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

FONT_PACKAGES = ("noto_cjk_sans_jp_regular", "noto_cjk_sans_jp_bold", "pylopdf_fonts_jp")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")

FONTS_CONF = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
{folders}
  <cachedir>{cache}</cachedir>
</fontconfig>
"""


class NoBrowser(RuntimeError):
    """No Chromium on this machine; the tests that need one fail and say how to get it."""

    def __init__(self) -> None:
        super().__init__(
            f"none of {', '.join(BROWSERS)} is on the PATH; install one, for example: apt-get install chromium"
        )


def browser_path() -> str:
    """Return the path of the system's Chromium. Raises: NoBrowser."""
    for name in BROWSERS:
        if found := shutil.which(name):
            return found
    raise NoBrowser


def font_environment(folder: Path) -> Mapping[str, str]:
    """Write a fontconfig file into `folder` and return the environment variables that make a browser use it."""
    places = [Path(spec.origin).parent for name in FONT_PACKAGES if (spec := find_spec(name)) and spec.origin]
    conf = folder / "fonts.conf"
    conf.write_text(
        FONTS_CONF.format(folders="\n".join(f"  <dir>{place}</dir>" for place in places), cache=folder / "font-cache")
    )
    return {**os.environ, "FONTCONFIG_FILE": str(conf)}


@contextmanager
def chromium(folder: Path, *flags: str) -> Iterator[Browser]:
    """A headless Chromium; `folder` keeps its font settings. Use it with playwright's synchronous interface."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_path(),
            args=["--no-sandbox", "--disable-gpu", *flags],
            env=dict(font_environment(folder)),
        )
        try:
            yield browser
        finally:
            browser.close()
