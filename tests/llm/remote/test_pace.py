"""The pace of requests, and waits that a server asks for."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from ctl.llm.remote.pace import LONGEST_WAIT, Pace, bounded, read_seconds


def test_requests_are_spaced():
    now, slept = [0.0], []

    async def sleep(duration):
        slept.append(round(duration, 6))
        now[0] += duration

    async def ask():
        pace = Pace(120, clock=lambda: now[0], sleep=sleep)
        for _ in range(4):
            await pace.wait()
        now[0] += 10
        await pace.wait()
        await Pace(None, sleep=sleep).wait()

    asyncio.run(ask())
    assert slept == [0, 0.5, 0.5, 0.5, 0]


def test_seconds_and_dates_are_read():
    later = datetime.now(UTC) + timedelta(seconds=30)
    assert 25 < read_seconds(format_datetime(later, usegmt=True)) <= 30
    assert read_seconds("7") == 7 and read_seconds("-1") == read_seconds(None) == read_seconds("soon") == 0
    assert read_seconds("nan") == 0 and read_seconds("Fri, 31 Dec 99999 23:59:59 GMT") == 0


@pytest.mark.parametrize("header", ["1000000000", "Fri, 31 Dec 2099 23:59:59 GMT", "inf", "1e400"])
def test_no_server_makes_it_wait_for_long(header, capsys):
    assert bounded(f"http://{header}", read_seconds(header)) == LONGEST_WAIT
    assert "asks to wait more than a day: it is tried again after 1 min" in capsys.readouterr().err


def test_a_long_wait_is_said_and_a_short_one_is_not(capsys):
    assert bounded("http://h", 2.0) == 2 and not capsys.readouterr().err
    assert bounded("http://h", 20.0) == 20 and "http://h asks to wait 20 s" in capsys.readouterr().err
