"""Weights carried between zoos: how many pairs reproduce, what is refused, and what converters make of the same pairs.

Peers convert a model into their own form of the other framework and load nothing by the other zoo's code; they are
asked for less. onnx2torch makes torch modules of ONNX files, onnx2keras Keras models. Not here: onnx2tf, whose release
fixes numpy 1.26 and TensorFlow 2.19 among others, and nobuco, which does not import beside Keras 3.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.measure.carrying import carried
from zoodata.dataset.store import Dataset
from zoodata.isolation import Worker, WorkerFailed
from zoodata.measure.host import worker_environment
from zoodata.records import entry_zoo
from zoodata.stats import relative_error

WANTED, REFUSED = 40, 10
LARGEST = 6e9
"""Multiply-accumulates up to which a network is taken."""
ENDINGS = {
    "torchvision": ".pth", "timm": ".safetensors", "keras_applications": ".weights.h5", "tf_slim": ".ckpt",
    "tf_model_garden": ".ckpt", "onnx_model_zoo": ".onnx",
}  # fmt: skip
FRAMEWORK = {"torchvision": "torch", "timm": "torch", "keras_applications": "keras", "onnx_model_zoo": "onnx"}
PEERS = {"torch": "onnx2torch", "keras": "onnx2keras"}
"""What makes a model of a framework from an ONNX file."""


@dataclass(frozen=True)
class Pair:
    """Two entries of one architecture."""

    macs: int
    a: str
    b: str

    @property
    def zoos(self) -> tuple[str, str]:
        return entry_zoo(self.a), entry_zoo(self.b)


def transplants() -> None:
    """Forty pairs both ways between six zoos, ten that must be refused, and the peers on the forty."""
    fitting, unlike = _pairs()
    chosen = _spread(fitting, WANTED)
    reproduced, worst, seconds, peers = 0, 0.0, [], dict.fromkeys(PEERS.values(), (0, 0, 0.0, 0.0))
    for pair in chosen:
        with tempfile.TemporaryDirectory() as folder:
            started = time.perf_counter()
            try:
                done = _carried(Path(folder), pair)
            except WorkerFailed as error:
                print(f"  no   {pair.a} to {pair.b}: {error.message[:150]}", flush=True)
                continue
            took = time.perf_counter() - started
            seconds.append(took)
            error = max(done.error_random, done.error_images)
            reproduced += done.reproduces
            worst = max(worst, error) if done.reproduces else worst
            words = f"error {error:.1e}, {took:.0f} s"
            peer = PEERS.get(FRAMEWORK.get(pair.zoos[1], ""))
            if peer and pair.zoos[0] in FRAMEWORK:
                theirs = _by_peer(pair, Path(folder) / f"a{ENDINGS[pair.zoos[0]]}", peer)
                asked, did, most, time_taken = peers[peer]
                if isinstance(theirs, str):
                    peers[peer] = asked + 1, did, most, time_taken
                    words += f"; {peer}: {theirs}"
                else:
                    good = theirs[0] < done.tolerance
                    peers[peer] = asked + 1, did + good, max(most, theirs[0] if good else 0.0), time_taken + theirs[1]
                    words += f"; {peer}: error {theirs[0]:.1e}, {theirs[1]:.0f} s"
            print(f"  {'yes' if done.reproduces else 'no '}  {pair.a} to {pair.b}: {words}", flush=True)
    zoos = {zoo for pair in chosen for zoo in pair.zoos}
    print(
        f"\ntransplants: {reproduced} of {len(chosen)} pairs of {len(zoos)} zoos reproduce, worst error {worst:.1e}, "
        f"{np.median(seconds):.0f} s a pair"
    )
    for peer, (asked, did, most, took) in peers.items():
        print(f"  {peer}: {did} of the {asked} it is for, worst error {most:.1e}, {took / max(asked, 1):.0f} s a pair")
    _refusals(_spread(unlike, len(unlike)))


def _refusals(pairs: list[Pair]) -> None:
    """Until ten were refused; a pair whose other layers fold away is carried, and counts for neither."""
    refused, asked = 0, 0
    for pair in pairs:
        if asked == REFUSED:
            break
        with tempfile.TemporaryDirectory() as folder:
            try:
                done = _carried(Path(folder), pair)
            except WorkerFailed as error:
                asked += 1
                is_named = "do not fit" in error.message
                refused += is_named and not (Path(folder) / f"b{ENDINGS[pair.zoos[1]]}").exists()
                print(f"  {'refused' if is_named else 'failed '}  {error.message[:200]}", flush=True)
                continue
            asked += not done.reproduces
            print(f"  {'folded ' if done.reproduces else 'WRITTEN'}  {pair.a} to {pair.b}", flush=True)
    print(f"\ntransplants: {refused} of {asked} pairs that do not fit are refused with a layer named")


def _carried(folder: Path, pair: Pair) -> Any:
    one, other = pair.zoos
    return carried(folder, pair.a, ENDINGS[one], pair.b, ENDINGS[other])


def _pairs() -> tuple[list[Pair], list[Pair]]:
    """The pairs whose networks are one (or differ by what folds), and those with other layers."""
    dataset = Dataset.open()
    fitting, unlike = [], []
    for architecture in dataset.architectures.values():
        first: dict[str, str] = {}
        for item in architecture.entries:
            outcome = dataset.architecture_outcomes.get(item.entry)
            if item.unavailable is None and entry_zoo(item.entry) in ENDINGS and outcome and outcome.result:
                first.setdefault(entry_zoo(item.entry), item.entry)
        for a, b in ((a, b) for a in first.values() for b in first.values() if a != b):
            counts = [dataset.architecture_outcomes[entry].result for entry in (a, b)]
            assert counts[0] is not None
            assert counts[1] is not None
            pair = Pair(counts[0].macs, a, b)
            if pair.macs > LARGEST:
                continue
            verdict = _verdict(dataset, a, b)
            if verdict == "fits":
                fitting.append(pair)
            elif verdict == "structural" and counts[0].parameters != counts[1].parameters:
                unlike.append(pair)
    return fitting, unlike


def _verdict(dataset: Dataset, a: str, b: str) -> str | None:
    digests = dataset.digests_of(a, b)
    if len(digests) == 1:
        return "fits"
    record = dataset.comparisons_by_digests.get(digests)
    if record is None or record.result is None:
        return None
    graver = [finding for finding in record.result.findings if finding.severity in ("parametric", "structural")]
    if all(finding.attribute == "epsilon" and finding.operator == "batch_norm" for finding in graver):
        return None if record.result.verdict == "structural" else "fits"
    return record.result.verdict


def _spread(pairs: list[Pair], count: int) -> list[Pair]:
    """The cheapest pairs, each two zoos in each direction before any two a second time."""
    taken: Counter[tuple[str, str]] = Counter()
    ranked = []
    for pair in sorted(pairs, key=lambda pair: (pair.macs, pair.a, pair.b)):
        ranked.append((taken[pair.zoos], pair.macs, pair.a, pair))
        taken[pair.zoos] += 1
    return [pair for *_, pair in sorted(ranked, key=lambda each: each[:3])][:count]


class Converter:
    """A peer, in a process of its own."""

    def convert(self, a: str, file: str, peer: str) -> tuple[float, float] | str:
        """The error of the converted model on random images, and the seconds of conversion; or why there is none."""
        import zoodata.runtimes.torch  # noqa: F401  (before TensorFlow, which torch does not bear before it)
        from tests.graph.round_trip import export, quiet
        from zoodata.zoos import registry

        zoo, name, _ = registry.find(a)
        model = zoo.build(name, path=Path(file))
        path = Path(file).with_name("peer.onnx")
        if model.runtime == "onnxruntime":
            path.write_bytes(Path(file).read_bytes())
        else:
            export(model, "tf2onnx" if model.input.layout == "NHWC" else "torchscript", path)
        image = model.input
        random = np.random.default_rng(0).standard_normal((4, 3, image.height, image.width)).astype(np.float32)
        native = random.transpose(0, 2, 3, 1) if image.layout == "NHWC" else random
        scorer = model.scorer(1, "cpu", 1)
        ours = np.concatenate([scorer(np.ascontiguousarray(native[number : number + 1])) for number in range(4)])
        started = time.perf_counter()
        with quiet():
            run = _onnx2torch(path) if peer == "onnx2torch" else _onnx2keras(path, image.layout == "NCHW")
            seconds = time.perf_counter() - started
            theirs = np.concatenate([run(native[number : number + 1]) for number in range(4)])
        return relative_error(ours, theirs.reshape(ours.shape)), seconds


def _onnx2torch(path: Path) -> Any:
    import onnx2torch
    import torch

    module = onnx2torch.convert(str(path)).eval()

    def run(images: Any) -> Any:
        with torch.inference_mode():
            return module(torch.from_numpy(np.ascontiguousarray(images))).numpy()

    return run


def _onnx2keras(path: Path, turn: bool) -> Any:
    os.environ.pop("TF_USE_LEGACY_KERAS", None)  # it is for Keras 3
    import onnx
    import onnx2keras

    model = onnx.load(path)
    stored = {tensor.name for tensor in model.graph.initializer}
    names = [value.name for value in model.graph.input if value.name not in stored]
    made = onnx2keras.onnx_to_keras(model, names, change_ordering=turn, verbose=False)
    return lambda images: np.asarray(made(images.transpose(0, 2, 3, 1) if turn else images))


def _by_peer(pair: Pair, file: Path, peer: str) -> tuple[float, float] | str:
    with Worker(Converter, worker_environment("cpu", 1) | {"OMP_WAIT_POLICY": "PASSIVE"}, 8 * 2**30) as worker:
        try:
            answer: tuple[float, float] | str = worker.call(600, Converter.convert, pair.a, str(file), peer)
        except WorkerFailed as error:
            return f"no ({error.message.splitlines()[0][:80]})"
    return answer
