"""Comparing what changed between releases: what is too large to be run is compared all the same."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.zoos

from zoodata.graph import storage, torch_reader  # noqa: E402
from zoodata.graph.digest import digest  # noqa: E402
from zoodata.isolation import WorkerFailed  # noqa: E402
from zoodata.measure.host import compared  # noqa: E402
from zoodata.measure.release import Compared, ReleaseReader  # noqa: E402
from zoodata.sweep import releases  # noqa: E402


def network(width):
    body = (torch.nn.Conv2d(3, width, 3), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
    layers = (*body, torch.nn.Linear(width, 5))
    return torch_reader.read(torch.nn.Sequential(*layers), (1, 3, 8, 8))


class Side:
    """A release whose worker answers at once, and dies where it is to prove anything."""

    def __init__(self, own, earlier=None):
        self.own, self.earlier, self.asked = own, earlier, []

    def worker(self):
        return self

    def call(self, seconds, method, zoo, name, *more):
        self.asked.append((method.__name__, *more[1:]))
        if method is ReleaseReader.built:
            return SimpleNamespace(network=storage.pack(self.own))
        if method is ReleaseReader.network:
            return self.own
        if more[1:] != (False,):
            raise WorkerFailed("out_of_memory", "used 9.4 GiB; 9.4 GiB are allowed")
        return Compared(compared(self.earlier, self.own, None), None)


def test_what_does_not_fit_into_memory_is_compared_without_a_proof(tmp_path):
    one, other = network(8), network(16)
    earlier, later = (SimpleNamespace(entries=[SimpleNamespace(name="net", digest=digest(n))]) for n in (one, other))
    after = Side(other, one)
    change = releases._compare_entry(Side(one), after, "timm", "net", earlier, later, tmp_path)
    assert [asked[0] for asked in after.asked] == ["built", "against", "against"]
    assert change.outcome == "not_run"
    assert change.missing is None
    assert change.result is not None
    assert change.result.verdict == "structural"
    assert change.result.proof is None
