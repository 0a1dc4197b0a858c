"""One thing that speaks against a record, and the few questions that every kind of record is asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

BEGUN = date(2026, 11, 1)
"""Before this nothing was measured or collected: there was no zoodata."""

AHEAD = timedelta(minutes=10)
"""How far a clock may be ahead of ours."""


class Doubt(NamedTuple):
    """A code of :data:`zoodata.dataset.issues.CODES`, the field it is about, and what is wrong with it."""

    code: str
    field: str
    message: str


def within(field: str, value: float | None, low: float, high: float, unit: str = "") -> Iterator[Doubt]:
    """Whether a number is one that can be; unknown is no doubt."""
    if value is not None and not low <= value <= high:
        unit = f" {unit}" if unit else ""
        yield Doubt("E025", field, f"is {value:.6g}{unit}; possible are {low:,g} to {high:,g}{unit}")


def measured_at(field: str, moment: datetime) -> Iterator[Doubt]:
    """Whether a run can have been at a moment."""
    if moment > datetime.now(UTC) + AHEAD:
        yield Doubt("E022", field, f"is {moment.isoformat()}")
    elif moment.date() < BEGUN:
        yield Doubt("E026", field, f"is {moment.isoformat()}; nothing was measured before {BEGUN.isoformat()}")


def day_of(text: str) -> date | None:
    """The last day that a date like 2022, 2022-11, 2022-11-14 or a moment of a day may mean; None if there is none."""
    parts = text[:10].split("-")
    try:
        numbers = [int(part) for part in parts]
        if len(numbers) == 1:
            return date(numbers[0], 12, 31)
        if len(numbers) == 2:
            following = date(numbers[0] + numbers[1] // 12, numbers[1] % 12 + 1, 1)
            return following - timedelta(days=1)
        day = date(*numbers)
        if len(text) > 10:
            datetime.fromisoformat(text)
    except ValueError:
        return None
    return day


def dated(field: str, text: str | None, earliest: date) -> Iterator[Doubt]:
    """Whether a date is one of the calendar, not before its time and not in the future; unknown is no doubt."""
    if text is None:
        return
    last = day_of(text)
    if last is None:
        yield Doubt("E026", field, f"is {text}, which is no day of the calendar")
    elif last < earliest:
        yield Doubt("E026", field, f"is {text}, before {earliest.isoformat()}")
    elif first_day(text) > (datetime.now(UTC) + AHEAD).date():
        yield Doubt("E022", field, f"is {text}")


def first_day(text: str) -> date:
    """The first day that a date means, of which :func:`day_of` knows that there is one."""
    numbers = [int(part) for part in text[:10].split("-")]
    return date(*[*numbers, 1, 1][:3])


PRIVATE = re.compile(
    r"/(home|Users|root|mnt|tmp|work)/|[A-Za-z]:\\|\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b|\b[\w.+-]+@[\w-]+(\.[\w-]+)*\.[A-Za-z]{2,}\b|\bhost\b|\.local\b",
)
"""A path, an address or a name of somebody's machine."""


def impersonal(field: str, text: str) -> Iterator[Doubt]:
    """Whether a text names no machine, path or person."""
    if (found := PRIVATE.search(text)) is not None:
        yield Doubt("E037", field, f"holds {found[0]!r}")


FORMULA = re.compile(r"[=@]|[+-](?![\d.]|$)|[+-].*[|(]")
"""What a spreadsheet takes for a formula at the beginning of a cell."""


def no_formula(field: str, text: str | None) -> Iterator[Doubt]:
    """Whether a text stays a text in a spreadsheet."""
    if text and FORMULA.match(text):
        yield Doubt("E008", field, f"begins as a formula: {text[:40]!r}")
