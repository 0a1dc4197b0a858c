"""The diff: how fast, and how many single mutations it finds."""

from __future__ import annotations

from tests.bench.clock import seconds


def diffing() -> None:
    """The diff of two ResNet-152 after reading."""
    from zoodata.graph.diff.findings import diff
    from zoodata.zoos import registry

    a = registry.get("torchvision").build("resnet152", meta_device=True).network()  # type: ignore[attr-defined]
    b = registry.get("keras_applications").build("ResNet152", meta_device=True).network()  # type: ignore[attr-defined]
    print(f"diff of two ResNet-152: {seconds(lambda: diff(a, b)):.2f} s")


def mutating(each: int = 2) -> None:
    """The mutation score: single mutations found as one finding at the right node."""
    from tests.graph import mutations
    from zoodata.graph.diff.findings import diff

    total = result = 0
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
                result += len(answer.findings) == 1 and any(mutant.place in name for name in names)
    print(f"mutations: {result} of {total} found at the right node with one finding ({result / total:.1%})")
