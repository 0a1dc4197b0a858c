"""Measurements that no longer count are told, with the reason."""

from __future__ import annotations

from datetime import timedelta

from zoodata_site.views.withdrawn import withdrawn

from tests import builders
from zoodata.dataset import store
from zoodata.dataset.store import Dataset
from zoodata.records import Supersession


def test_each_supersession_says_how_many_records_of_an_architecture_it_concerns(tmp_path):
    old = [builders.latency(started_at=builders.WHEN - timedelta(days=day)) for day in (1, 2)]
    now, count = builders.latency(), builders.architecture()

    def superseded(records, **said):
        return Supersession.seal(superseded=tuple(sorted(record.id for record in records)), **said)

    method = superseded(old, by=(now.id,), reason="method_changed", text="Two sessions.", said_on="2026-11-30")
    wrong = superseded([count], reason="reading_corrected", text="Counted wrongly.", said_on="2026-11-29")
    for record in (builders.family(), builders.environment(), *old, now, count, method, wrong):
        store.write(record, tmp_path)
    found = withdrawn(Dataset((tmp_path,)))
    assert list(found) == ["resnet50"]
    first, second = found["resnet50"]
    assert (first.records, first.reason, first.text) == (2, "measured by an earlier method", "Two sessions.")
    assert (second.records, second.text, second.day) == (1, "Counted wrongly.", "2026-11-29")
    assert first.href == f"data/supersessions/{method.id[:16]}.json"


def test_without_one_there_is_nothing_to_tell(tmp_path):
    for record in (builders.family(), builders.environment(), builders.latency()):
        store.write(record, tmp_path)
    assert withdrawn(Dataset((tmp_path,))) == {}
