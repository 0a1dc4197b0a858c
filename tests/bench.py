"""``make bench``: speed as ratios within one run, so that they hold on any machine. Not a test."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from statistics import median

from tests import builders
from zoodata.dataset import store
from zoodata.dataset.validate import validate


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def paired(ours: Callable[[], object], other: Callable[[], object], rounds: int = 5) -> tuple[float, float, float]:
    """Median seconds of both, taken in turns, and the median of their ratios (other over ours)."""
    ours(), other()
    pairs = [(seconds(ours), seconds(other)) for _ in range(rounds)]
    return median(a for a, _ in pairs), median(b for _, b in pairs), median(b / a for a, b in pairs)


def counting() -> None:
    """Building, reading and counting without storage, against torch's own counter on a real pass."""
    import torch
    import torchvision
    from torch.utils.flop_counter import FlopCounterMode

    from zoodata.graph.counter import count
    from zoodata.zoos.torchvision import Torchvision

    zoo = Torchvision()

    for name in ("resnet50", "mobilenet_v3_large", "vit_b_16"):

        def theirs(name: str = name) -> int:
            with FlopCounterMode(display=False) as counter, torch.no_grad():
                torchvision.models.get_model(name).eval()(torch.zeros(1, 3, 224, 224))
            return counter.get_total_flops()

        a, b, ratio = paired(lambda name=name: count(zoo.build(name, hollow=True).network()), theirs)
        print(f"count {name:20} zoodata {a:6.3f} s   FlopCounterMode {b:6.3f} s   {ratio:5.1f} times as fast")


def validating(files: int = 2000) -> None:
    """Validating measurement files, against only parsing them as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        store.write(builders.family(), root)
        store.write(builders.environment(), root)
        for number in range(files):
            moment = builders.WHEN + timedelta(seconds=number)
            record = builders.architecture(started_at=moment)
            path = root / store.path_of(record)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(record.model_dump(mode="json")))

        def parse() -> None:
            for path in store.files(root):
                json.loads(path.read_bytes())

        a, b, ratio = paired(lambda: validate([root]), parse, rounds=3)
        print(
            f"validate {files} files      zoodata {a:6.3f} s   json.loads {b:6.3f} s   {1 / ratio:5.1f} times as long"
        )


def reading(every: int = 40) -> None:
    """Every 40th timm model read, canonicalised, counted and digested, against the counters people use."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from zoodata.graph.counter import count
    from zoodata.graph.digest import digest
    from zoodata.zoos import registry

    zoo = registry.get("timm")
    ratios = []
    for name in zoo.entries()[::every]:

        def ours(name: str = name) -> None:
            network = zoo.build(name, hollow=True).network()
            count(network), digest(network)

        def theirs(name: str = name) -> None:
            model = zoo.build(name)
            image = torch.zeros(1, model.input.channels, model.input.height, model.input.width)  # type: ignore[attr-defined]
            with FlopCounterMode(display=False), torch.no_grad():
                model._module(image)  # type: ignore[attr-defined]

        ours()
        try:
            ratios.append(seconds(theirs) / seconds(ours))
        except Exception as error:
            print(f"read {name}: FlopCounterMode fails ({type(error).__name__})")
    print(f"read {len(ratios)} timm models: {median(ratios):.1f} times as fast as FlopCounterMode (median)")


def diffing() -> None:
    """The diff of two ResNet-152 after reading."""
    from zoodata.graph.diff.findings import diff
    from zoodata.zoos import registry

    a = registry.get("torchvision").build("resnet152", hollow=True).network()  # type: ignore[attr-defined]
    b = registry.get("keras_applications").build("ResNet152", hollow=True).network()  # type: ignore[attr-defined]
    print(f"diff of two ResNet-152: {seconds(lambda: diff(a, b)):.2f} s")


def mutating(each: int = 2) -> None:
    """The mutation score: single mutations found as one finding at the right node."""
    from tests.graph import mutations
    from zoodata.graph.diff.findings import diff

    total = found = 0
    families = (
        (mutations.TORCH, mutations.torch_mutants),
        (mutations.KERAS, mutations.keras_mutants),
        (mutations.ONNX, mutations.onnx_mutants),
    )
    for entries, generate in families:
        for entry in entries:
            for mutant in generate(entry, 0, each):
                answer = diff(mutant.original, mutant.mutated)
                if answer.verdict == "identical":
                    continue
                names = [n for f in answer.findings for p in f.places for n in (p.a, p.b) if n]
                total += 1
                found += len(answer.findings) == 1 and any(mutant.place in name for name in names)
    print(f"mutations: {found} of {total} found at the right node with one finding ({found / total:.1%})")


if __name__ == "__main__":
    validating()
    counting()
    diffing()
    reading()
    mutating()
