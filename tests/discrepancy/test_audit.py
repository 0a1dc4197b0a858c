"""The audit on the real dataset finds what is known to be wrong, by rule, and on made-up ones what was planted."""

from __future__ import annotations

import pytest

from tests import builders
from zoodata.dataset import store
from zoodata.dataset.store import Dataset
from zoodata.discrepancy import audit
from zoodata.discrepancy.evidence import step
from zoodata.records.claim import ClaimConditions, Inferred, PackageSource
from zoodata.wording.audit import sentence


@pytest.fixture(scope="module")
def findings():
    return audit.audit(Dataset.open())


def some(findings, rule, zoo, word=""):
    return [
        f for f in findings if (f.rule, f.zoo) == (rule, zoo) and word.lower() in f"{f.entry} {sentence(f)}".lower()
    ]


def test_every_finding_names_its_claims_and_sources(findings):
    known = {claim.id for claim in Dataset.open().claims}
    assert len(findings) > 1000
    for finding in findings:
        assert finding.claims
        assert set(finding.claims) <= known
        assert len(finding.sources) == len(finding.claims)
        assert all(finding.sources)


@pytest.mark.parametrize(
    ("rule", "zoo", "word"),
    [
        ("impossible", "timm", "0.98"),  # one per cent accuracies
        ("impossible", "mindcv", "halonet"),
        ("parameters", "mmpretrain", "resnet34"),
        ("parameters", "mmpretrain", "regnetx-3.2gf"),
        ("parameters", "mmpretrain", "repvgg-b0"),  # parameters and FLOPs changed places
        ("compute", "mmpretrain", "repvgg-b0"),
        ("parameters", "onnx_turnkey", "ig_resnext101"),
        ("outlier", "onnx_model_zoo", "60.96"),
        ("file size", "onnx_model_zoo", "squeezenet1.0"),  # the files are 1.1
        ("unit", "torchvision", "multiply-accumulates"),  # GFLOPS that are GMACs
        ("contradiction", "paddleclas", "macs"),
    ],
)
def test_what_is_known_to_be_wrong_is_found_by_rule(findings, rule, zoo, word):
    assert some(findings, rule, zoo, word), (rule, zoo, word)


def test_the_family_pages_of_paddleclas_count_twice(findings):
    """Where the readme counts multiply-accumulates, many family pages count operations."""
    doubled = [f for f in some(findings, "contradiction", "paddleclas", "macs") if 1.8 < f.size < 2.2]
    assert doubled


def test_no_rule_names_a_zoo_or_a_model():
    import inspect

    from zoodata.zoos import registry

    source = inspect.getsource(audit).lower()
    names = set(registry.OWN) | {"mmpretrain", "paddleclas", "resnet", "densenet", "halonet"}
    assert not [name for name in names if name in source]


def dataset_of(tmp_path, *claims, collections=None):
    store.write(builders.family(), tmp_path)
    store.write(builders.environment(), tmp_path)
    store.write(builders.architecture(), tmp_path)
    for number, own in enumerate(collections or [claims]):
        store.write(builders.collection(*own).model_copy(update={"id": f"made-{number}"}), tmp_path)
    return Dataset.open(packaged=tmp_path)


def source(symbol):
    return PackageSource(package="p", version="1", symbol=symbol)


def claim(metric, value, stated, unit="percent", entry="torchvision:resnet50@a", symbol="one"):
    kept = {"top1": "percent", "top5": "percent", "file_size": "bytes"}.get(metric, "count")
    return builders.claim(
        entry, value, metric=metric, stated=stated, stated_unit=unit, unit=kept, source=source(symbol),
        conditions=ClaimConditions(input_size=224), inferred=Inferred(training="supervised"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("claims", "rules"),
    [
        ([claim("top1", 93.0, "93.0"), claim("top5", 76.1, "76.1")], ["impossible"]),
        ([claim("top1", 76.1, "76.1"), claim("top5", 93.0, "93.0")], []),
        ([claim("top1", 76.1, "76.1"), claim("top1", 76.13, "76.13", symbol="two")], []),  # rounding
        ([claim("top1", 76.1, "76.1"), claim("top1", 76.9, "76.9", symbol="two")], ["contradiction"]),
        ([claim("parameters", 25.6e6, "25.6", "million")], []),
        ([claim("parameters", 25_610_152, "25610152", "count")], []),  # with batch-norm statistics
        ([claim("parameters", 2.56e6, "2.56", "million")], ["parameters"]),
        ([claim("macs", 4.1e9, "4.1", "GMACs")], []),
        ([claim("macs", 8.2e9, "8.2", "GFLOPs")], []),
        ([claim("macs", 4.1e9, "4.1", "GFLOPs")], ["unit"]),
        ([claim("macs", 8.2e9, "8.2", "GMACs")], ["unit"]),
        ([claim("macs", 4.1e9, "4.1", "G")], []),  # no unit to hold it to
        ([claim("macs", 41e9, "41", "GFLOPs")], ["compute"]),
        ([claim("file_size", 102_530_333, "97.8", "MB")], []),
        ([claim("file_size", 10_253_033, "9.8", "MB")], ["file size"]),
    ],
)  # fmt: skip
def test_rules_one_by_one(tmp_path, claims, rules):
    assert [f.rule for f in audit.audit(dataset_of(tmp_path, *claims))] == rules


def resealed(changed):
    return type(changed).seal(**{name: getattr(changed, name) for name in type(changed).model_fields if name != "id"})


def test_one_checkpoint_with_two_accuracies(tmp_path):
    one = claim("top1", 76.13, "76.13").model_copy(update={"checkpoint": "resnet50-0676ba61.pth"})
    other = claim("top1", 76.6, "76.6", entry="timm:resnet50@b").model_copy(
        update={"checkpoint": "https://x.y/tv/resnet50-0676ba61.pth"}
    )
    dated = claim("top1", 70.0, "70.0", entry="timm:resnet50@c").model_copy(
        update={"checkpoint": "resnet50_20220825.pth"}
    )
    resealed = [
        type(c).seal(**{n: getattr(c, n) for n in type(c).model_fields if n != "id"}) for c in (one, other, dated)
    ]
    audited = audit.audit(dataset_of(tmp_path, *resealed))
    assert [(f.rule, f.size) for f in audited] == [("checkpoint", 0.47)]


@pytest.mark.parametrize(
    ("stated", "value", "unit", "last"),
    [("76.13", 76.13, "percent", 0.01), ("25.6", 25.6e6, "million", 1e5), ("76", 76.0, "percent", 1.0)],
)
def test_the_last_stated_digit(stated, value, unit, last):
    metric = "top1" if unit == "percent" else "parameters"
    assert step(claim(metric, value, stated, unit)) == pytest.approx(last)
