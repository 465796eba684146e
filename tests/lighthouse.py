"""Lighthouse, as a phone sees them, on the pages that most people meet: home, two calculators, project, certificate, verify.

    python -m tests.lighthouse [name …] [--runs 3] [--slowdown 4] [--lighthouse PATH] [--address http://127.0.0.1:8000 --data data]

Names are beginnings of pages' names. Prints the median of each category and what costs; ends with 1 if a median is below 95.
Lighthouse comes from npm (`npm install --global lighthouse`) and is measured with the fonts of the browser tests, since a phone has
Japanese ones.

`machine` is Lighthouse's own index of how fast this machine was meanwhile. Its four times slower phone supposes an index of about
1,500; at 800 a slowdown of 2 makes the same phone, at 150 (a busy machine) one of 1.

A certificate's page is kept out of search engines: whoever had a name put on it was told that those who know the number can
open it. That one audit is left out there.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from frontend.locales import Locale
from tests.browser import browser_path, font_environment
from tests.e2e.instance import Instance
from tests.screenshots.__main__ import to_look_at
from tests.screenshots.pages import PAGES
from tests.screenshots.story import Visitor, event_as_typed

LEAST = 95
NAMES = ("home", "event-form", "household-form", "project", "event-certificate", "verify")
NOT_ASKED = {"event-certificate": "is-crawlable"}
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
COSTS = ("first-contentful-paint", "largest-contentful-paint", "total-blocking-time", "cumulative-layout-shift")
FLAGS = "--headless=new --no-sandbox --disable-gpu"


def to_see(instance: Instance) -> Mapping[str, str]:
    """A project and a certificate, for the list of pages."""
    with httpx.Client(base_url=instance.address, timeout=30) as client:
        visitor = Visitor(client)
        order = visitor.order(visitor.calculate("event", event_as_typed()))
        project = visitor.look("/ja/credits").xpath("//a[@class='project-name']/@href")[0]
        return {"event_certificate": f"/c/{visitor.certificate(order)}", "project": urlsplit(project).path[3:]}


def measured(command: str, name: str, address: str, slowdown: float, variables: Mapping[str, str]) -> Mapping[str, Any]:
    """One report of Lighthouse; its mobile settings are its defaults."""
    asked = [
        f"--only-categories={','.join(CATEGORIES)}",
        f"--chrome-flags={FLAGS}",
        f"--throttling.cpuSlowdownMultiplier={slowdown}",
        *([f"--skip-audits={NOT_ASKED[name]}"] if name in NOT_ASKED else []),
    ]
    whole = [command, address, "--quiet", "--output=json", *asked]
    done = subprocess.run(whole, env=variables, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        sys.exit(done.stderr)
    report: Mapping[str, Any] = json.loads(done.stdout)
    return report


def line(name: str, reports: list[Mapping[str, Any]]) -> tuple[bool, str]:
    """Whether all medians are good enough, and what to print."""
    scores = {
        category: round(statistics.median(report["categories"][category]["score"] * 100 for report in reports))
        for category in CATEGORIES
    }
    costs = {cost: statistics.median(report["audits"][cost]["numericValue"] for report in reports) for cost in COSTS}
    said = "  ".join(f"{category} {score}" for category, score in scores.items())
    paint, largest, blocked, shift = costs.values()
    machine = statistics.median(report["environment"]["benchmarkIndex"] for report in reports)
    return min(scores.values()) >= LEAST, (
        f"{name:18}{said}  |  first paint {paint:.0f} ms, largest {largest:.0f} ms, blocked {blocked:.0f} ms, shift {shift:g}"
        f"  |  machine {machine:.0f}, load {os.getloadavg()[0]:.1f}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.lighthouse")
    parser.add_argument("names", nargs="*", default=[""])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--slowdown", type=float, default=4)
    parser.add_argument("--lighthouse", default="lighthouse", help="the command")
    parser.add_argument("--address")
    parser.add_argument("--data", type=Path)
    asked = parser.parse_args()
    command = shutil.which(asked.lighthouse)
    if command is None:
        sys.stderr.write("there is no Lighthouse here: npm install --global lighthouse\n")
        return 2
    good = True
    with to_look_at(asked.address, asked.data) as instance, tempfile.TemporaryDirectory() as fonts:
        variables = {**font_environment(Path(fonts)), "CHROME_PATH": browser_path()}
        seen = to_see(instance)
        for shown in PAGES:
            if shown.name in NAMES and shown.name.startswith(tuple(asked.names)):
                address = instance.address + shown.address(seen, Locale.JA)
                reports = [measured(command, shown.name, address, asked.slowdown, variables) for _ in range(asked.runs)]
                is_good, said = line(shown.name, reports)
                good = good and is_good
                sys.stdout.write(said + "\n")
                sys.stdout.flush()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
