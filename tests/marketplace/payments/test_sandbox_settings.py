"""The sandbox does not start with a setting that is wrong, names it, and takes nothing that belongs to real money."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from marketplace.payments.sandbox.__main__ import main
from marketplace.payments.sandbox.settings import SandboxPaymentSettings

GOOD: dict[str, Any] = {"public_url": "http://127.0.0.1:1", "api_key": "sk_test_12345678"}
HOOK = "http://127.0.0.1:1/hook"


class TestAWrongSetting:
    @pytest.mark.parametrize(
        ("changed", "named"),
        [
            ({"api_key": "sk_live_12345678"}, "api key"),
            ({"api_key": "sk_test_"}, "api key"),
            ({"webhook_url": HOOK}, "webhook secret"),
            ({"webhook_url": "127.0.0.1/hook", "webhook_secrets": ("whsec_1",)}, "webhook url"),
            ({"webhook_url": HOOK, "webhook_secrets": ("whsec_1", "secret")}, "webhook secret"),
        ],
    )
    def test_is_named(self, tmp_path: Path, changed: dict[str, Any], named: str) -> None:
        with pytest.raises(ValueError, match=named):
            SandboxPaymentSettings(data=tmp_path, **GOOD | changed)

    def test_stops_the_start(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["--port", "0", "--data", str(tmp_path), "--api-key", "sk_live_12345678"]) == 2
        printed = capsys.readouterr()
        assert "api key" in printed.err
        assert "sk_live" not in printed.out

    def test_secrets_are_not_shown(self, tmp_path: Path) -> None:
        settings = SandboxPaymentSettings(data=tmp_path, webhook_url=HOOK, webhook_secrets=("whsec_deep",), **GOOD)
        assert "whsec_deep" not in repr(settings)
        assert "12345678" not in repr(settings)


class TestTheStart:
    def test_is_announced_by_one_line_of_json(self, tmp_path: Path) -> None:
        arguments = ["--port", "0", "--data", str(tmp_path), "--api-key", "sk_test_12345678"]
        with subprocess.Popen(
            [sys.executable, "-m", "marketplace.payments.sandbox", *arguments], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            announced = json.loads(process.stdout.readline())
            process.terminate()
            rest = process.stdout.read()
        assert announced["listening"] == f"http://127.0.0.1:{announced['port']}"
        assert rest == ""
