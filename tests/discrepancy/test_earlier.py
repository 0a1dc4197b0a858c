"""Runs of a machine that was faster before."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests import builders
from tests.discrepancy.test_latency import run
from zoodata.dataset import store
from zoodata.dataset.store import Dataset
from zoodata.discrepancy import latency
from zoodata.discrepancy.earlier import slowed
from zoodata.discrepancy.warnings import warnings
from zoodata.wording.warnings import words


def two_runs(tmp_path, *, later_by, model="AMD EPYC", **changes):
    """One run, and one a day later whose every pass takes some times as long."""
    usual = builders.environment().processor
    records = []
    for number, (factor, name) in enumerate(((1.0, "AMD EPYC"), (later_by, model))):
        where = builders.environment(processor=usual.model_copy(update={"model": name}))
        conditions = builders.latency_conditions(networks="onnxruntime", **(changes if number else {}))
        record = run(a=round(factor * 10**7), b=round(factor * 12 * 10**6), network_a=10**7, network_b=10**7,
                     environment=where.id, conditions=conditions,
                     started_at=builders.WHEN - timedelta(days=1 - number))  # fmt: skip
        store.write(where, tmp_path)
        store.write(record, tmp_path)
        records.append(record)
    store.write(builders.family(), tmp_path)
    return Dataset((tmp_path,)), *records


def test_a_run_that_took_twice_as_long_is_doubted_and_not_current(tmp_path):
    dataset, quiet, slow = two_runs(tmp_path, later_by=2)
    assert slowed(dataset, quiet) is None
    assert slowed(dataset, slow) == pytest.approx(2, rel=0.01)
    (doubt,) = [each for each in warnings(slow, dataset) if each.code == "slowed"]
    assert "took 0.50 of this time" in words(doubt).text
    assert [found.measurement for found in latency.rank(dataset)] == [quiet.id]


@pytest.mark.parametrize(
    ("later_by", "model", "changes"),
    [(1.1, "AMD EPYC", {}), (2, "Intel", {}), (0.5, "AMD EPYC", {}), (2, "AMD EPYC", {"batch": 4})],
)
def test_a_run_of_like_speed_of_another_machine_or_of_other_work_is_not(tmp_path, later_by, model, changes):
    dataset, _, later = two_runs(tmp_path, later_by=later_by, model=model, **changes)
    assert slowed(dataset, later) is None
    assert not [each for each in warnings(later, dataset) if each.code == "slowed"]


def test_the_newer_of_two_fast_runs_is_current(tmp_path):
    dataset, _, later = two_runs(tmp_path, later_by=1.1)
    assert [found.measurement for found in latency.rank(dataset)] == [later.id]
