"""`python -m clients.make`: the Python and the TypeScript client, generated into build/clients from the API as it is now."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from api import openapi
from api.v1.contents import ENDPOINTS

HERE = Path(__file__).parent
FOLDER = Path("build") / "clients"
PACKAGE = "ashiato_client"


def write_description(folder: Path) -> Path:
    """The OpenAPI document; a client names its own server."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "openapi.json"
    file.write_text(json.dumps(openapi.description(ENDPOINTS, "http://127.0.0.1:8000"), ensure_ascii=False), "utf-8")
    return file


def make_python(folder: Path) -> str:
    """The importable package in `folder`; returns what the generator had to say, "" if it could express everything."""
    command = [
        *(sys.executable, "-m", "openapi_python_client", "generate"),
        *("--path", str(write_description(folder)), "--config", str(HERE / "python" / "config.yml")),
        *("--meta", "none", "--output-path", str(folder / PACKAGE), "--overwrite"),
    ]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - our own command
    return "\n".join(line for line in said.splitlines() if not line.startswith("Generating "))


def make_typescript(folder: Path) -> None:
    """Ours, the generated types, and a check of both. Needs npm."""
    shutil.copytree(HERE / "typescript", folder, dirs_exist_ok=True)
    write_description(folder)
    for step in (["install", "--no-audit", "--no-fund"], ["run", "generate"], ["run", "check"]):
        subprocess.run(["npm", *step], cwd=folder, check=True)  # noqa: S603, S607 - npm is where its user has put it


def main() -> None:
    if said := make_python(FOLDER / "python"):
        sys.stderr.write(said + "\n")
    if shutil.which("npm") is None:
        sys.exit("the Python client is made; the TypeScript client needs Node and npm")
    make_typescript(FOLDER / "typescript")


if __name__ == "__main__":
    main()
