"""Runs programs of the reference, each with variables of its own, and says how each ended: one process per language."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from playwright._impl._driver import compute_driver_executable

PATIENCE_SECONDS = 300
_ENDINGS = {"curl": "sh", "Python": "py", "JavaScript": "mjs"}
_PYTHON = """
import contextlib, io, json, os, runpy, sys, traceback
for file, variables in json.load(sys.stdin):
    os.environ.update(variables)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        try:
            runpy.run_path(file)
            ok = True
        except Exception as error:
            ok = False
            response = getattr(error, "response", None)
            print(response.text if response is not None else traceback.format_exc())
    print(json.dumps([ok, said.getvalue()]))
"""
_JAVASCRIPT = """
import { readFileSync } from "node:fs";
const say = console.log;
for (const [file, variables] of JSON.parse(readFileSync(0, "utf8"))) {
  Object.assign(process.env, variables);
  const said = [];
  console.log = (...words) => said.push(words.map((word) => JSON.stringify(word)).join(" "));
  let ok = true;
  try { await import(file); } catch (error) { ok = false; said.push(error.stack); }
  say(JSON.stringify([ok, said.join("\\n")]));
}
"""
# stands in for curl where there is none: the very options that the examples use
_CURL = """#!{python}
import sys, httpx
words, method, headers, body, file = iter(sys.argv[1:]), None, {{}}, None, None
for word in words:
    if word == "-X": method = next(words)
    elif word == "-H": name, _, value = next(words).partition(": "); headers[name] = value
    elif word == "--data-binary": assert next(words) == "@-"; body = sys.stdin.buffer.read()
    elif word == "-o": file = next(words)
    elif word == "--fail-with-body": pass
    else: url = word
answer = httpx.request(method or ("GET" if body is None else "POST"), url, headers=headers, content=body, timeout=60)
(open(file, "wb") if file else sys.stdout.buffer).write(answer.content)
sys.exit(22 if answer.is_error else 0)
"""


@dataclass(frozen=True)
class Program:
    """`variables` are set before it runs."""

    name: str
    text: str
    variables: Mapping[str, str]


@dataclass(frozen=True)
class Ended:
    """`said`: what it printed, or the refusal it met."""

    ok: bool
    said: str


def run(language: str, programs: Sequence[Program], folder: Path) -> dict[str, Ended]:
    """In their order."""
    folder.mkdir()
    files = []
    for number, program in enumerate(programs):
        file = folder / f"{number:03}.{_ENDINGS[language]}"
        file.write_text(program.text, "utf-8")
        files.append((str(file), dict(program.variables)))
    if language == "curl":
        ended = [_shell(file, variables, folder) for file, variables in files]
    else:
        ended = _one_process(language, files, folder)
    return {program.name: one for program, one in zip(programs, ended, strict=True)}


def node() -> str:
    """The one that Playwright brings along."""
    return compute_driver_executable()[0]


def _one_process(language: str, files: list[tuple[str, dict[str, str]]], folder: Path) -> list[Ended]:
    driver = folder / f"driver.{_ENDINGS[language]}"
    driver.write_text(_PYTHON if language == "Python" else _JAVASCRIPT, "utf-8")
    command = [sys.executable if language == "Python" else node(), str(driver)]
    done = subprocess.run(
        command,
        input=json.dumps(files),
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=PATIENCE_SECONDS,
        check=True,
    )
    return [Ended(*json.loads(line)) for line in done.stdout.splitlines()]


def _shell(file: str, variables: Mapping[str, str], folder: Path) -> Ended:
    tools = folder / "tools"
    if shutil.which("curl") is None and not tools.exists():
        tools.mkdir()
        (tools / "curl").write_text(_CURL.format(python=sys.executable), "utf-8")
        (tools / "curl").chmod(0o755)
    environment = os.environ | dict(variables) | {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["sh", file], env=environment, cwd=folder, capture_output=True, timeout=PATIENCE_SECONDS, check=False
    )
    said = done.stdout + done.stderr
    for kept in folder.glob("answer.*"):
        # a refusal lands where the file would have
        said += kept.read_bytes()
        kept.unlink()
    return Ended(done.returncode == 0, said.decode("utf-8", "replace"))
