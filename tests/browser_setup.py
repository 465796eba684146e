"""Makes sure that there is a Chromium for the browser tests: the system's, or installed where that is possible.

Standard library only; `make test` runs it before the tests.
"""

import os
import shutil
import subprocess
import sys

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium() -> str | None:
    """The path of a Chromium, or None. ASHIATO_TEST_CHROMIUM names another one."""
    named = os.environ.get("ASHIATO_TEST_CHROMIUM")
    return named or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


def main() -> int:
    if chromium():
        return 0
    if shutil.which("apt-get") and os.geteuid() == 0:
        sys.stderr.write("installing Chromium for the browser tests\n")
        quiet = {"stdout": subprocess.DEVNULL, "env": os.environ | {"DEBIAN_FRONTEND": "noninteractive"}}
        subprocess.run(["apt-get", "update", "-qq"], check=True, **quiet)
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"], check=True, **quiet)
        if chromium():
            return 0
    sys.stderr.write("the browser tests need Chromium: install it, or name it in ASHIATO_TEST_CHROMIUM\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
