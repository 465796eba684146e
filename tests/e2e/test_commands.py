"""The commands a newcomer, an auditor and an operator type. Those that say so start as a fresh interpreter would."""

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from tests.e2e.instance import eventually
from tests.forked import ashiato


def from_nothing(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "api.cli", *arguments], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def certificate(instance, tmp_path_factory):
    """Number, and the files somebody keeps: credential, PDF and the issuer's keys."""
    order = instance.order()
    instance.pay(order)
    done = eventually(lambda: (seen := instance.see(order))["state"] == "fulfilled" and seen, what="fulfilment")
    number = done["certificate"]["number"]
    folder = tmp_path_factory.mktemp("kept")
    for name, path in {
        "certificate.jwt": f"/v1/certificates/{number}.jwt",
        "certificate.pdf": f"/v1/certificates/{number}.pdf",
        "keys.json": "/.well-known/jwks.json",
    }.items():
        (folder / name).write_bytes(instance.client.get(path).content)
    return number, folder


def verdict_of(*arguments: str) -> tuple[int, dict]:
    run = ashiato("verify", *arguments, "--json")
    assert run.stdout, run.stderr
    verdict = json.loads(run.stdout)
    return run.returncode, verdict | {"checks": {check["check"]: check["result"] for check in verdict["checks"]}}


class TestVerify:
    def test_by_number_with_all_that_is_published(self, instance, certificate):
        code, verdict = verdict_of(certificate[0], "--issuer", instance.address)
        assert (code, verdict["outcome"], verdict["certified_g"]) == (0, "test_certificate", 1_000_000)
        assert verdict["checks"]["status"] == "passed"

    @pytest.mark.parametrize("file", ["certificate.jwt", "certificate.pdf"])
    def test_offline_from_files_says_what_was_not_checked(self, instance, certificate, file):
        _, folder = certificate
        code, verdict = verdict_of(
            str(folder / file), "--issuer", instance.address, "--keys", str(folder / "keys.json"), "--offline"
        )
        assert (code, verdict["outcome"]) == (0, "test_certificate")
        assert verdict["checks"]["credential"] == "passed"
        assert verdict["checks"]["status"] == "not_made"

    def test_an_altered_credential_is_not_believed(self, instance, certificate, tmp_path):
        _, folder = certificate
        token = (folder / "certificate.jwt").read_text()
        head, payload, signature = token.strip().split(".")
        middle = len(payload) // 2
        changed = payload[:middle] + ("A" if payload[middle] != "A" else "B") + payload[middle + 1 :]
        altered = tmp_path / "altered.jwt"
        altered.write_text(f"{head}.{changed}.{signature}")
        code, verdict = verdict_of(str(altered), "--issuer", instance.address)
        assert code == 1
        assert verdict["outcome"] in {"altered", "not_ours"}

    def test_another_issuers_certificate_is_not_ours(self, certificate):
        _, folder = certificate
        code, verdict = verdict_of(
            str(folder / "certificate.jwt"),
            *("--issuer", "https://other.example", "--keys", str(folder / "keys.json"), "--offline"),
        )
        assert (code, verdict["outcome"]) == (1, "not_ours")

    def test_without_keys_nothing_is_decided(self, certificate):
        run = from_nothing("verify", certificate[0], "--offline")
        assert run.returncode == 2
        assert "--keys" in run.stderr


class TestDoctor:
    def test_finds_nothing_wrong_after_real_use(self, instance, certificate):
        run = ashiato("doctor", "--data", str(instance.data))
        assert run.returncode == 0, run.stdout
        assert run.stdout.startswith("0 violations")


class TestTheFolderOfAnInstance:
    def test_is_found_from_anywhere(self, instance, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        run = ashiato("people", "list", "--data", str(instance.data))
        assert (run.returncode, run.stderr) == (0, "")

    def test_a_command_given_a_copy_leaves_the_original_alone(self, instance, tmp_path):
        copy = tmp_path / "copy"
        shutil.copytree(instance.data, copy, ignore=shutil.ignore_patterns("*.sqlite3*", "logs"))
        with (
            closing(sqlite3.connect(instance.data / "ashiato.sqlite3")) as running,
            closing(sqlite3.connect(copy / "ashiato.sqlite3")) as kept,
        ):
            running.backup(kept)
        closed = ashiato("switches", "close", "maintenance", "--reason", "rehearsal", "--data", str(copy))
        assert closed.returncode == 0, closed.stderr
        here, there = (ashiato("switches", "list", "--data", str(data)).stdout for data in (copy, instance.data))
        assert "maintenance  closed since" in here
        assert "maintenance  open" in there

    @pytest.mark.parametrize("command", [("doctor",), ("people", "list"), ("factors", "recalls"), ("switches", "list")])
    def test_without_one_says_what_to_do(self, tmp_path, command):
        run = ashiato(*command, "--data", str(tmp_path))
        assert run.returncode == 2
        assert run.stderr == f"{tmp_path} holds no instance; `ashiato serve --data {tmp_path}` makes one there\n"
        assert list(tmp_path.iterdir()) == [], "nothing is made by looking"


class TestSettings:
    def test_a_missing_setting_stops_the_start_and_is_named(self):
        run = from_nothing("worker")
        assert run.returncode == 2
        assert "ASHIATO_DATABASE_URL" in run.stderr


class TestDemo:
    def test_the_whole_path_ends_verified(self):
        run = from_nothing("demo")
        assert run.returncode == 0, run.stdout
        last = json.loads(run.stdout.splitlines()[-1])
        assert last["step"] == "done"
        assert last["verified"] is True
        assert last["footprint_g"] == 6_068_701
        assert last["total_g"] == 7_000_000
