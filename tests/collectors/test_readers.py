"""Readers of checkouts on small ones made here, in the shape of the real files; the second time brings nothing."""

from __future__ import annotations

import subprocess

import pytest
from click.testing import CliRunner

from zoodata.cli.main import cli
from zoodata.collectors.checkout import Checkout, NotThisZoo
from zoodata.collectors.readers import READERS
from zoodata.dataset.store import Dataset

TIMM = """model,img_size,top1,top1_err,top5,top5_err,param_count,crop_pct,interpolation
resnet50.a1_in1k,224,80.220,19.780,94.710,5.290,25.56,0.950,bicubic
resnet50.a1_in1k,288,81.216,18.784,95.108,4.892,25.56,1.000,bicubic
old,224,70.0,30.0,90.0,10.0,"1,014.45",0.875,bilinear
"""
METAFILE = """Collections:
  - Name: ResNet
    Metadata:
      Training Data: ImageNet-1k
Models:
  - Name: resnet34_8xb32_in1k
    Metadata:
      FLOPs: 3680000000
      Parameters: 2180000
    In Collection: ResNet
    Results:
      - Dataset: ImageNet-1k
        Metrics:
          Top 1 Accuracy: 73.62
          Top 5 Accuracy: 91.59
        Task: Image Classification
    Weights: https://x.y/resnet34_8xb32_in1k_20210831-f257d4e6.pth
  - Name: resnet18_8xb16_cifar10
    Results:
      - Dataset: CIFAR-10
        Metrics:
          Top 1 Accuracy: 94.82
        Task: Image Classification
"""
# ruff: noqa: E501
METAINFOS = """"model_name","net_weights","error_value","checksum","repo_release_tag","model_caption","arxiv_paper","test_dataset","img_size","img_scale","test_batch","remark"
"alexnet",62378344,1664,"2768cdb312d584e33e93f31b0c569589bb289749","v0.0.481","AlexNet","1404.5997","in1k",224,0.875,200,NA
"other",1000,500,"ffff","v1","Other","x","cub",224,0.875,200,NA
"unmeasured",1000,NA,"ffff","v1","Unmeasured","x","in1k",224,0.875,200,NA
"""
README = """# convnext-tiny, pre-trained on ImageNet
| Metric           | Value          |
| ---------------- | -------------- |
| Type             | Classification |
| GFLOPs           | 8.9419         |
| MParams          | 28.5892        |

| Top 1  | 82.05% |
| Top 5  | 95.86% |
"""
MANIFEST = """use_case: Image Classification
numerics_benchmark:
  metric_name: Top-1 Accuracy
  source: https://arxiv.org/abs/2106.08254
  value: 83.2
technical_details:
  Input resolution: 224x224
  Number of parameters: 92.0M
"""

FILES = {
    "timm": ("results/results-imagenet.csv", TIMM),
    "mmpretrain": ("configs/resnet/metafile.yml", METAFILE),
    "pytorchcv": ("pytorchcv/models/common/model_metainfos.csv", METAINFOS),
    "openvino_omz": ("models/public/convnext-tiny/README.md", README),
    "qualcomm_ai_hub": ("qai_hub_models/models/beit/manifest.yaml", MANIFEST),
}
EXPECTED = {  # entry, metric, stated, value, line
    "timm": ("timm:resnet50@a1_in1k", "top1", "81.216", 81.216, 3),
    "mmpretrain": ("mmpretrain:resnet34_8xb32_in1k", "parameters", "2180000", 2_180_000.0, 9),
    "pytorchcv": ("pytorchcv:AlexNet@alexnet-1664-2768cdb3.pth", "top5", "16.64", 83.36, 2),
    "openvino_omz": ("openvino_omz:convnext-tiny", "top1", "82.05", 82.05, 8),
    "qualcomm_ai_hub": ("qualcomm_ai_hub:beit", "top1", "83.2", 83.2, 5),
}
NUMBERS = {"timm": 9, "mmpretrain": 4, "pytorchcv": 2, "openvino_omz": 4, "qualcomm_ai_hub": 2}


def git(folder, *arguments):
    subprocess.run(
        ["git", "-C", str(folder), "-c", "user.name=x", "-c", "user.email=x@y.z", *arguments],
        check=True, capture_output=True,
    )  # fmt: skip


def committed(folder, name, text):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    if not (folder / ".git").exists():
        git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "x")
    return folder


def read(zoo, folder):
    repository, package, reader = READERS[zoo]
    return list(reader(Checkout.of(folder, repository, package)))


@pytest.mark.parametrize("zoo", FILES)
def test_each_number_with_its_line(tmp_path, zoo):
    claims = read(zoo, committed(tmp_path, *FILES[zoo]))
    assert len(claims) == NUMBERS[zoo]
    said = [(c.entry, c.metric, c.stated, c.value, c.source.line) for c in claims]
    assert EXPECTED[zoo] in said
    assert {c.source.path for c in claims} == {FILES[zoo][0]}
    assert {len(c.source.commit) for c in claims} == {40}


def test_a_release_has_a_version_instead_of_a_commit(tmp_path):
    path = tmp_path / FILES["qualcomm_ai_hub"][0]
    path.parent.mkdir(parents=True)
    path.write_text(MANIFEST)
    (tmp_path / "qai_hub_models-0.65.0.dist-info").mkdir()
    claims = read("qualcomm_ai_hub", tmp_path)
    assert {(c.source.package, c.source.version) for c in claims} == {("qai-hub-models", "0.65.0")}
    assert all(claim.inferred.borrowed for claim in claims if claim.metric == "top1")


@pytest.mark.parametrize("zoo", FILES)
def test_the_wrong_folder_is_named(tmp_path, zoo):
    with pytest.raises(NotThisZoo, match="is not a git checkout"):
        read(zoo, tmp_path)
    with pytest.raises(NotThisZoo, match="is it a checkout"):
        read(zoo, committed(tmp_path, "other.txt", "x"))


def test_yaml_that_would_build_objects_builds_none(tmp_path):
    hostile = "Models:\n  - Name: !!python/object/apply:os.system ['touch pwned']\n"
    assert read("mmpretrain", committed(tmp_path, "configs/x/metafile.yml", hostile)) == []
    with pytest.raises(NotThisZoo, match="not YAML"):
        read("mmpretrain", committed(tmp_path, "configs/x/metafile.yml", "a: [1"))


def collect(data, folder, *more):
    return CliRunner().invoke(cli, ["claims", *more, "--data", str(data)])


def test_twice_brings_nothing_and_a_change_is_a_new_claim_beside_the_old(tmp_path):
    name, text = FILES["mmpretrain"][0], METAFILE.replace("resnet34_8xb32", "of_no_zoo")
    checkout, data = committed(tmp_path / "repository", name, text), tmp_path / "data"
    command = ["collect", "mmpretrain", "--from", str(checkout)]
    first = collect(data, checkout, *command)
    assert first.exit_code == 0, first.output
    assert "new claims" in first.output
    assert "nothing new" in collect(data, checkout, *command).output
    before = {claim.id for claim in Dataset.open(packaged=data).claims}
    committed(checkout, name, text.replace("73.62", "74.01"))
    assert "1 new claims" in collect(data, checkout, *command).output
    after = Dataset.open(packaged=data)
    assert before < {claim.id for claim in after.claims}
    changed = collect(data, checkout, "changed", "--zoo", "mmpretrain", "--format", "json").output
    assert '"before": "73.62 percent"' in changed
    assert '"after": "74.01 percent"' in changed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["collect", "mmpretrain", "timm", "--from", "."], "--from goes with one zoo"),
        (["collect", "torchvision", "--from", "."], "--from goes with one zoo"),
    ],
)
def test_wrong_use_is_exit_2(tmp_path, arguments, message):
    done = collect(tmp_path, tmp_path, *arguments)
    assert done.exit_code == 2
    assert message in done.output
