"""Digest and stored form: stable, sensitive, and refused when damaged."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.zoos, pytest.mark.xdist_group("graph")]

PROGRAM = """
from zoodata.zoos import registry
from zoodata.graph.digest import digest
print(digest(registry.get("torchvision").build("mobilenet_v3_small", meta_device=True).network()))
"""


def network(name="mobilenet_v3_small", zoo="torchvision"):
    from zoodata.zoos import registry

    return registry.get(zoo).build(name, meta_device=True).network()


def test_the_digest_is_one_over_processes_and_hash_seeds():
    from zoodata.graph.digest import digest

    result = {digest(network())}
    for seed in ("0", "1234"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        run = subprocess.run(
            [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
        )
        result.add(run.stdout.strip())
    assert len(result) == 1


def test_the_digest_does_not_depend_on_the_images_size_nor_on_names():
    from zoodata.graph import torch_reader
    from zoodata.graph.digest import digest

    def made(names):
        parts = torch.nn.Sequential()
        for name, part in zip(
            names,
            [torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()],
            strict=True,
        ):
            parts.add_module(name, part)
        return parts

    marks = {
        digest(torch_reader.read(made(names), (1, 3, size, size))) for names in ("abcd", "wxyz") for size in (16, 30)
    }
    assert len(marks) == 1


def test_shared_weights_are_not_two_weights():
    from zoodata.graph import torch_reader
    from zoodata.graph.digest import digest

    layer = torch.nn.Conv2d(3, 3, 1)
    shared = torch.nn.Sequential(layer, torch.nn.ReLU(), layer)
    apart = torch.nn.Sequential(layer, torch.nn.ReLU(), torch.nn.Conv2d(3, 3, 1))
    assert digest(torch_reader.read(shared, (1, 3, 8, 8))) != digest(torch_reader.read(apart, (1, 3, 8, 8)))


@pytest.mark.parametrize("name", ["mobilenet_v3_small", "swin_t", "googlenet"])
def test_a_stored_network_is_the_network(name):
    from zoodata.graph import storage
    from zoodata.graph.counter import count
    from zoodata.graph.diff.findings import diff
    from zoodata.records import StoredNetwork

    original = network(name)
    text = storage.pack(original).model_dump_json()
    back = storage.unpack(StoredNetwork.model_validate_json(text))
    assert count(back).macs == count(original).macs
    assert diff(original, back).verdict == "identical"
    assert len(text) < 40_000


def test_a_damaged_stored_network_is_refused():
    from zoodata.graph import storage

    stored = storage.pack(network())
    for change in (
        {"digest": "0" * 64}, {"nodes": stored.nodes[:-1]}, {"nodes": ("0 0 0:5:0", *stored.nodes[1:])},
        {"nodes": ("999 0", *stored.nodes[1:])}, {"nodes": ()}, {"shapes": ()},
    ):  # fmt: skip
        with pytest.raises(storage.Damaged):
            storage.unpack(stored.model_copy(update=change))
