"""Each endpoint as a program to try it with, in three languages, from the declaration that checks the request.

What only the reader knows stands in environment variables: API is the address of the service, KEY an API key, and an id is named after
its place in the address: QUOTE_ID, ORDER_TOKEN. A text of the form "$QUOTE_ID" in an endpoint's example means such a variable.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from api.calls import Content, KeyPolicy
from api.endpoints import JSON, Endpoint

LANGUAGES = ("curl", "Python", "JavaScript")
_VARIABLE = re.compile(r"\$([A-Z_]+)")
_ENDINGS = {
    "application/pdf": "pdf",
    "application/zip": "zip",
    "application/jwt": "jwt",
    "application/vc+jwt": "jwt",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "image/png": "png",
    "image/svg+xml": "svg",
    "text/csv": "csv",
    "text/plain": "txt",
}


@dataclass(frozen=True, slots=True)
class Words:
    """How a language writes what JSON has its own words for; `variable` has a gap for the name."""

    true: str
    false: str
    null: str
    variable: str


PYTHON = Words("True", "False", "None", 'os.environ["{}"]')
JAVASCRIPT = Words("true", "false", "null", "process.env.{}")


def examples(declared: Endpoint) -> Sequence[tuple[str, str]]:
    """Pairs of language and program."""
    return tuple(zip(LANGUAGES, (curl(declared), python(declared), javascript(declared)), strict=True))


def variables(declared: Endpoint) -> Sequence[str]:
    """What has to be set to run an example, besides API."""
    found = [name for name in _VARIABLE.findall(_address(declared) + json.dumps(declared.example)) if name != "API"]
    return list(dict.fromkeys(["KEY", *found] if declared.only_with_key else found))


def curl(declared: Endpoint) -> str:
    """A shell command; the body stands in a here-document, where the shell fills in the variables."""
    method = "" if declared.method == ("GET" if declared.example is None else "POST") else f"-X {declared.method} "
    parts = [f'curl --fail-with-body {method}"$API{_address(declared)}"']
    if declared.only_with_key:
        parts.append('-H "Authorization: Bearer $KEY"')
    if declared.key is not KeyPolicy.UNUSED:
        parts.append('-H "Idempotency-Key: $(openssl rand -hex 16)"')
    if ending := _ending(declared):
        parts.append(f"-o answer.{ending}")
    if declared.example is None:
        return " \\\n  ".join(parts)
    parts += ["-H 'Content-Type: application/json'", "--data-binary @- <<'JSON'"]
    body = json.dumps(declared.example, ensure_ascii=False, indent=2)
    if _VARIABLE.search(body):
        parts[-1] = "--data-binary @- <<JSON"
        body = re.sub(r"\\|`|\$(?![A-Z_])", r"\\\g<0>", body)
    return " \\\n  ".join(parts) + f"\n{body}\nJSON"


def python(declared: Endpoint) -> str:
    """With httpx."""
    address = _VARIABLE.sub(lambda name: "{os.environ['" + name.group(1) + "']}", _address(declared))
    given = [f"f\"{{os.environ['API']}}{address}\""]
    headers = []
    if declared.only_with_key:
        headers.append('"Authorization": f"Bearer {os.environ[\'KEY\']}"')
    if declared.key is not KeyPolicy.UNUSED:
        headers.append('"Idempotency-Key": uuid4().hex')
    if headers:
        given.append(f"headers={{{', '.join(headers)}}}")
    if declared.example is not None:
        given.append(f"json={_literal(declared.example, PYTHON, 1)}")
    ending = _ending(declared)
    imports = [
        "import os",
        "from pathlib import Path" if ending else "",
        "from uuid import uuid4" if "uuid4" in str(headers) else "",
    ]
    lines = [*filter(None, imports), "", "import httpx", "", f"answer = httpx.{declared.method.lower()}("]
    lines += [*(f"    {one}," for one in given), ")", "answer.raise_for_status()"]
    lines.append(f'Path("answer.{ending}").write_bytes(answer.content)' if ending else "print(answer.json())")
    return "\n".join(lines)


def javascript(declared: Endpoint) -> str:
    """With fetch, as a module for Node."""
    address = _VARIABLE.sub(r"${process.env.\1}", _address(declared))
    headers = []
    if declared.only_with_key:
        headers.append("Authorization: `Bearer ${process.env.KEY}`")
    if declared.key is not KeyPolicy.UNUSED:
        headers.append('"Idempotency-Key": crypto.randomUUID()')
    if declared.example is not None:
        headers.append('"Content-Type": "application/json"')
    options = [] if declared.method == "GET" else [f'method: "{declared.method}"']
    if headers:
        options.append(f"headers: {{ {', '.join(headers)} }}")
    if declared.example is not None:
        options.append(f"body: JSON.stringify({_literal(declared.example, JAVASCRIPT, 1)})")
    ending = _ending(declared)
    lines = ['import { writeFile } from "node:fs/promises";', ""] if ending else []
    request = f"`${{process.env.API}}{address}`"
    if options:
        lines += [f"const answer = await fetch({request}, {{", *(f"  {one}," for one in options), "});"]
    else:
        lines.append(f"const answer = await fetch({request});")
    lines.append("if (!answer.ok) throw new Error(await answer.text());")
    if ending:
        lines.append(f'await writeFile("answer.{ending}", Buffer.from(await answer.arrayBuffer()));')
    else:
        lines.append("console.log(await answer.json());")
    return "\n".join(lines)


def _address(declared: Endpoint) -> str:
    """Path and query with $VARIABLES for what the reader knows: /v1/orders/{token} becomes /v1/orders/$ORDER_TOKEN."""
    parts, before = [], ""
    for part in declared.path.replace(":path}", "}").split("/"):
        parts.append(_filled(part, before))
        before = part
    query = f"?{urlencode(declared.query_example, safe='$:/')}" if declared.query_example else ""
    return "/".join(parts) + query


def _filled(part: str, noun: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda name: f"${_variable(noun, name.group(1))}", part)


def _variable(noun: str, name: str) -> str:
    """What the place is called in the environment; ids, numbers and tokens by what they belong to."""
    if name in {"id", "number", "token", "key"}:
        name = f"{noun.replace('-', '_').removesuffix('s')}_{name}"
    return name.upper()


def _ending(declared: Endpoint) -> str | None:
    """Of the file that is answered; None for JSON, which is shown."""
    answer = next(iter(declared.answers.values()))
    if not isinstance(answer, Content) or answer.media_type == JSON:
        return None
    return _ENDINGS[answer.media_type.partition(";")[0]]


def _literal(value: object, words: Words, depth: int) -> str:
    """A JSON value as the language writes it, `depth` levels in."""
    if isinstance(value, str):
        named = _VARIABLE.fullmatch(value)
        return words.variable.format(named.group(1)) if named else json.dumps(value, ensure_ascii=False)
    if value is None or isinstance(value, bool):
        return {True: words.true, False: words.false, None: words.null}[value]
    step, end = "    " if words is PYTHON else "  ", "\n"
    inner, outer = step * (depth + 1), step * depth
    if isinstance(value, Mapping):
        rows = [f"{inner}{json.dumps(name)}: {_literal(one, words, depth + 1)},{end}" for name, one in value.items()]
        return "{" + end + "".join(rows) + outer + "}" if rows else "{}"
    if isinstance(value, Sequence):
        rows = [f"{inner}{_literal(one, words, depth + 1)},{end}" for one in value]
        return "[" + end + "".join(rows) + outer + "]" if rows else "[]"
    return str(value)
