"""Twenty thousand records with one thing changed: what cannot be is never accepted in silence."""

from __future__ import annotations

import pytest

from tests.dataset import honest, mutants
from tests.dataset.test_checks import said
from zoodata.dataset import checks

PARTS, EACH = 22, 1_000


@pytest.fixture(scope="module")
def base() -> list[checks.Read]:
    return [checks.Read(f"{number}.json", record, False) for number, record in enumerate(honest.records())]


def test_there_are_twenty_thousand():
    assert sum(1 for seed in range(PARTS) for _ in mutants.mutants(seed, EACH)) >= 20_000


@pytest.mark.parametrize("seed", range(PARTS))
def test_no_mutant_that_cannot_be_is_accepted_in_silence(base, seed):
    silent = [
        str(mutant)
        for mutant in mutants.mutants(seed, EACH)
        if not said(base, mutant.content) - {"W103"} and not mutants.is_possible(mutant)
    ]
    assert not silent
