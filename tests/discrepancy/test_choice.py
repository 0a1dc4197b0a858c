"""Checkpoints that one can choose: what takes part, and what nothing beats."""

from __future__ import annotations

from zoodata.dataset.store import Dataset
from zoodata.discrepancy import latency
from zoodata.discrepancy.choice import choices


def test_each_is_claimed_and_counted_at_one_size_and_its_training_is_known():
    dataset = Dataset.open()
    found = choices(dataset, latency.rank(dataset))
    assert len(found.checkpoints) > 1000
    claims = {claim.id: claim for claim in dataset.claims}
    for each in found.checkpoints[::50]:
        result = dataset.architecture_outcomes[each.entry.partition("@")[0]].result
        assert result is not None
        assert (result.input.height, result.input.width, result.macs) == (each.size, each.size, each.macs)
        assert claims[each.claim].metric == "top1" and claims[each.claim].entry == each.entry
        assert each.training != "unknown"
    assert {"size_not_stated", "not_counted", "other_size", "training_unknown"} <= set(found.left_out)


def test_the_front_is_what_nothing_beats():
    found = choices(Dataset.open(), ())
    front = found.front_of_compute
    assert front
    for each in found.checkpoints:
        beaten = any(other.macs <= each.macs and other.top1 > each.top1 for other in found.checkpoints)
        assert not (each in front and beaten)
    assert found.machine is None and not any(each.milliseconds for each in found.checkpoints)
