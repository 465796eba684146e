"""No body is endless, and a complete one is not disturbed."""

import asyncio
import re
from datetime import timedelta

import pytest

from api.body_guard import BodyGuard, Uploads
from api.problems import BodyTooLarge, BodyTooSlow

UPLOADS = Uploads(re.compile("/upload"), most_bytes=100, within=timedelta(seconds=5))


def guarded(messages, *, most_bytes=10, within=timedelta(seconds=5), headers=(), path="/"):
    """Runs an application that reads its whole body, and returns what it read."""
    read = []

    async def application(scope, receive, send):
        more = True
        while more:
            message = await receive()
            read.append(message.get("body", b""))
            more = message.get("more_body", False)
        read.append((await receive())["type"])

    async def receive():
        pause, message = messages.pop(0)
        await asyncio.sleep(pause)
        return message

    async def run():
        await BodyGuard(application, most_bytes=most_bytes, within=within, uploads=UPLOADS)(
            {"type": "http", "headers": list(headers), "path": path}, receive, None
        )
        return read

    return run()


def part(body, *, more=False):
    return {"type": "http.request", "body": body, "more_body": more}


GONE = {"type": "http.disconnect"}


class TestABodyWithinBounds:
    async def test_passes_whole(self):
        assert await guarded([(0, part(b"12345", more=True)), (0, part(b"67890")), (0, GONE)]) == [
            b"12345",
            b"67890",
            "http.disconnect",
        ]

    async def test_has_no_deadline_any_more_once_it_is_complete(self):
        within = timedelta(milliseconds=10)
        assert (await guarded([(0, part(b"1")), (0.05, GONE)], within=within))[-1] == "http.disconnect"


class TestABodyBeyondBounds:
    async def test_in_bytes(self):
        with pytest.raises(BodyTooLarge):
            await guarded([(0, part(b"12345", more=True)), (0, part(b"678901"))])

    async def test_as_announced_before_it_is_read(self):
        with pytest.raises(BodyTooLarge):
            await guarded([], headers=[(b"content-length", b"11")])

    async def test_in_time_however_many_parts_arrive_meanwhile(self):
        messages = [(0.02, part(b"", more=True)) for _ in range(100)]
        with pytest.raises(BodyTooSlow) as refused:
            await guarded(messages, within=timedelta(milliseconds=70))
        assert refused.value.headers == {"Connection": "close"}
        assert len(messages) > 90


class TestAnUpload:
    async def test_has_bounds_of_its_own(self):
        assert (await guarded([(0, part(b"x" * 90)), (0, GONE)], path="/upload"))[0] == b"x" * 90
        with pytest.raises(BodyTooLarge):
            await guarded([(0, part(b"x" * 101))], path="/upload")
        with pytest.raises(BodyTooLarge):
            await guarded([(0, part(b"x" * 90))], path="/upload/else")
