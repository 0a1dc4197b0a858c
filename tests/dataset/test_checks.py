"""The checks of what a record says: every record that cannot be is refused or marked, and honest ones pass."""

from __future__ import annotations

import pytest

from tests.dataset import honest, impossible
from zoodata.dataset import checks
from zoodata.dataset.checks import recomputed
from zoodata.dataset.issues import CODES
from zoodata.dataset.validate import check_content

ATTACKS = list(impossible.attacks())


@pytest.fixture(scope="module")
def base() -> list[checks.Read]:
    return [checks.Read(f"{number}.json", record, False) for number, record in enumerate(honest.records())]


def said(base: list[checks.Read], content: impossible.Content) -> set[str]:
    """The codes of everything that is said of a record beside a dataset, what is computed again included."""
    issues, record = check_content(content, "attack.json")
    if record is None:
        return {issue.code for issue in issues}
    # A network or a family takes the place of one that is there.
    kept = [item for item in base if item.record.path != record.path]
    read = [*kept, checks.Read("attack.json", record, False)]
    world = checks.World(read)
    doubts = list(checks.check(read[-1], world))
    if not any(doubt.code.startswith("E") for doubt in doubts):
        doubts += recomputed.recompute(read, world, "attack.json".__eq__).doubts.get("attack.json", [])
    assert all(doubt.code in CODES and doubt.message for doubt in doubts)
    return {doubt.code for doubt in doubts}


def test_there_are_many():
    assert len(ATTACKS) >= 200
    assert len({attack.name for attack in ATTACKS}) > 0.8 * len(ATTACKS)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: f"{attack.content['kind']}-{attack.name}")
def test_what_cannot_be_is_refused_or_marked(base, attack):
    codes = said(base, attack.content)
    assert codes & attack.codes, f"{attack.name}: {codes or 'accepted'}"


def test_an_honest_dataset_is_accepted(base):
    world = checks.World(base)
    codes = {doubt.code for item in base for doubt in checks.check(item, world)}
    again = recomputed.recompute(base, world, lambda name: True)
    assert codes <= {"W103"}
    assert not again.doubts
    assert (again.networks, again.counts, again.comparisons) == (2, 3, 1)
