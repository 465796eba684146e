"""What is closed at the console is closed for visitors of another process within a moment, and open again as fast."""

from tests.e2e.instance import eventually
from tests.forked import ashiato
from tests.security.stage import Stage


def said(stage: Stage, *arguments: str) -> str:
    done = ashiato(*arguments, "--data", str(stage.instance.data))
    assert done.returncode == 0, done.stderr
    return done.stdout


class TestTheConsole:
    def test_closes_and_opens_for_everybody(self, stage: Stage) -> None:
        client = stage.instance.client
        why = ("--reason", "a wrong factor is being looked at")
        closing = ("switches", "close", "calculators", "--opens-at", "2099-01-01T00:00:00Z", *why)
        assert "calculators  closed since" in said(stage, *closing)
        try:
            shut = eventually(
                lambda: (seen := client.get("/ja/calculate/event")).status_code == 503 and seen, what="closed"
            )
            assert int(shut.headers["retry-after"]) > 86_400
            assert "2099" in shut.text
            assert client.post("/v1/footprints", json={}).json()["code"] == "closed_for_now"
            assert client.get("/ja/").status_code == client.get("/ja/verify").status_code == 200
            assert "closed-strip" in client.get("/ja/credits").text
        finally:
            opened = said(stage, "switches", "open", "calculators", *why)
        assert "calculators  open" in opened
        eventually(lambda: client.get("/ja/calculate/event").status_code == 200, what="open again")
