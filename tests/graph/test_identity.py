"""Checkpoints: the same, converted from one another, sharing a part, or independent."""

from __future__ import annotations

import numpy as np

from zoodata.graph.identity import fingerprints, related

RANDOM = np.random.default_rng(0)
ONE = {"conv.weight": RANDOM.normal(size=(8, 3, 3, 3)), "fc.weight": RANDOM.normal(size=(10, 8)), "bn": np.ones(64)}
ONE = {name: array.astype(np.float32) for name, array in ONE.items()}


def verdict(a, b):
    return related(fingerprints(a), fingerprints(b)).verdict


def test_constants_and_small_tensors_say_nothing():
    assert [mark.name for mark in fingerprints({**ONE, "bias": np.zeros(3, np.float32)})] == [
        "conv.weight",
        "fc.weight",
    ]


def test_each_relation_by_its_name():
    renamed = {f"other.{name}": array for name, array in ONE.items()}
    turned = {name: array.transpose(range(array.ndim)[::-1]) for name, array in ONE.items()}
    halved = {name: array.astype(np.float16).astype(np.float32) for name, array in turned.items()}
    tuned = {**ONE, "fc.weight": ONE["fc.weight"] + 0.1}
    others = {name: RANDOM.normal(size=array.shape).astype(np.float32) for name, array in ONE.items()}
    assert verdict(ONE, renamed) == "identical"
    assert verdict(ONE, turned) == "converted"
    assert verdict(ONE, halved) == "converted in half precision"
    assert verdict(ONE, tuned) == "partly the same"
    assert verdict(ONE, others) == "independent"
    assert verdict({}, {}) == "nothing to compare"
    assert related(fingerprints(ONE), fingerprints(tuned)).only_b == ("fc.weight",)
