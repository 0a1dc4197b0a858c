"""A checkpoint of drawn weights, in its own zoo's format, carried into another zoo's model."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from zoodata.isolation import Worker
from zoodata.measure.host import torch_first, worker_environment
from zoodata.measure.transplant import Transplanted, Transplanter


class Made(Transplanter):
    """Writes a checkpoint of random weights of a, in a's own format, and carries that."""

    def made(self, a: str, ending_a: str, b: str, out: str) -> Transplanted:
        from zoodata.graph import faithful
        from zoodata.graph.random_weights import random_weights
        from zoodata.zoos import registry

        for entry in torch_first((a, b)):  # torch cannot be imported after TensorFlow
            zoo, name, _ = registry.find(entry)
            model = zoo.build(name)
            if entry == a:
                source = model
        network = source.network()
        image = np.random.default_rng(0).standard_normal(network.input_shape).astype(np.float32)
        weights = faithful.calibrated(network, random_weights(network, 0), image)
        file = Path(out).with_name(f"a{ending_a}")
        source.save(weights, file)
        return self.carry(a, str(file), b, out, 1e-4, [], 1)


def carried(folder: Path, a: str, ending_a: str, b: str, ending_b: str, seconds: float = 600) -> Transplanted:
    """Drawn weights of a as a checkpoint of b in a folder, and what became of them."""
    with Worker(Made, worker_environment("cpu", 1) | {"OMP_WAIT_POLICY": "PASSIVE"}, 8 * 2**30) as worker:
        return worker.call(seconds, Made.made, a, ending_a, b, str(folder / f"b{ending_b}"))
