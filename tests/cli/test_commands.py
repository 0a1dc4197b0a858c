"""The command line: fixed names, exit codes, JSON that parses, no traceback for a user's mistake."""

from __future__ import annotations

import functools
import importlib
import json
import pickle
import subprocess
import sys

import pytest
from click.testing import CliRunner

from tests import builders
from zoodata.cli.main import COMMANDS, cli
from zoodata.dataset import store


def call(*arguments: str):
    return CliRunner().invoke(cli, list(arguments))


def process(*arguments: str) -> subprocess.CompletedProcess:
    program = "from zoodata.cli.main import main; main()"
    return subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True)


@pytest.fixture
def measured(local, unmeasured):
    for record in (
        builders.environment(),
        builders.architecture("torchvision:vgg16", result=builders.result(macs=100)),
        builders.architecture("timm:vgg16", result=builders.result(macs=110)),
        builders.latency(),
    ):
        store.write(record, local)
    return local


EVERY = [
    ("zoos",), ("models",), ("bench",), ("bench", "architecture"), ("bench", "latency"),
    ("bench", "comparison"), ("diff",), ("network",), ("rank",),
    ("rank", "accuracy"), ("rank", "macs"), ("rank", "latency"), ("validate",), ("export",), ("site",),
    ("site", "build"), ("site", "serve"), ("site", "pages"), ("run",), ("contribute",), ("claims",),
    ("claims", "collect"), ("claims", "changed"), ("claims", "import"), ("claims", "list"), ("claims", "show"),
    ("rank", "claims"),
    ("paper",), ("supersede",), ("review",),
    ("bench", "accuracy"), ("bench", "sensitivity"), ("rank", "measured"), ("attribute",), ("weights",),
    ("images", "list"), ("images", "fetch"), ("images", "verify"), ("diagnose",), ("transplant",),
    ("env",), ("env", "list"), ("env", "add"), ("env", "remove"), ("history",), ("upgrade-check",),
    ("bench", "release"),
]  # fmt: skip


@pytest.mark.parametrize("command", EVERY)
def test_every_command_has_help_with_a_sentence(command):
    done = call(*command, "--help")
    assert done.exit_code == 0
    assert "Usage:" in done.output
    assert len(done.output.splitlines()) > 5


def test_the_list_of_commands_says_what_each_says_of_itself():
    for lazy in COMMANDS.values():
        command = importlib.import_module(lazy.module).command
        assert lazy.help == command.get_short_help_str(200)
    listed = " ".join(call("--help").output.split())
    assert all(f"{name} {lazy.help.split(':')[0][:30]}" in listed for name, lazy in COMMANDS.items())


def test_every_command_is_known_here():
    assert {command[0] for command in EVERY} == set(COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("bench", "latency"), "name the entries"),
        (("bench", "latency", "torchvision:vgg16"), "at least two entries"),
        (("bench", "architecture", "nonsense"), "is not an entry"),
        (("bench", "architecture", "nozoo:x"), "there is no zoo 'nozoo'"),
        (("bench", "architecture", "keras:ResNet50"), "did you mean keras_applications or keras_cv_attention_models?"),
        (("bench", "architecture", "torchvison:resnet50"), "did you mean torchvision?"),
        (("bench", "architecture", "torchvision:../x"), "is not an entry"),
        (("bench", "architecture", "--architecture", "vgg16x"), "did you mean vgg16"),
        (("models", "--architecture", "vgg16x"), "did you mean vgg16"),
        (("models", "--zoo", "nozoo"), "there is no zoo"),
        (("rank", "beauty"), "No such command"),
        (("validate", "no/such/file"), "does not exist"),
        (("frobnicate",), "No such command"),
        (("bench", "latency", "--architecture", "vgg16", "--batch", "0"), "not in the range"),
        (("contribute",), "does not exist"),
        (("bench", "latency", "--architecture", "vgg16", "--device", "banana"), "is not a device"),
        (("bench", "architecture", "timm:vgg16", "--architecture", "vgg19"), "one of them"),
        (("claims", "list", "--architecture", "vgg16x"), "did you mean vgg16"),
        (("claims", "list", "--collection", "nope"), "there is no collection"),
        (("claims", "show", "zz"), "no claim's id begins with"),
        (("bench",), "name a kind of measurement"),
        (("bench", "--plan", "cpu", "--catalogue"), "name a kind of measurement"),
        (("bench", "--plan", "nope"), "there is no plan 'nope'"),
        (("bench", "--ray", "auto", "latency"), "go without a kind of measurement"),
        (("bench", "latency", "--architecture", "vgg16", "--networks", "jax"), "is not one of"),
    ],
)
def test_wrong_use_is_exit_2_in_one_sentence(local, arguments, message):
    done = process(*arguments)
    assert done.returncode == 2, done
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.zoos
def test_a_dry_run_says_what_a_plan_would_do_and_does_nothing(local):
    plan = local.parent / "plan.yaml"
    plan.write_text("title: Mine\nsweep:\n  - measure: latency\n    architectures: [resnet50, vgg16]\n")
    done = call("bench", "--plan", str(plan), "--dry-run")
    assert done.exit_code == 0
    assert "Mine: 2 tasks, 0 done, to do: 2 of latency" in done.stderr
    assert done.stdout.splitlines() == ["latency: resnet50 on cpu", "latency: vgg16 on cpu"]
    assert not local.exists() or not list(local.rglob("*.json"))


def test_rank_json(measured):
    (row,) = json.loads(call("rank", "macs", "--format", "json").output)
    assert (row["architecture"], row["ratio"]) == ("vgg16", 1.1)
    assert row["highest"]["record"].startswith("measurements/architecture/timm/")
    (row,) = json.loads(call("rank", "latency", "--format", "json").output)
    assert (row["architecture"], row["entries"][1]["verdict"]) == ("resnet50", "slower")
    rows = json.loads(call("rank", "accuracy", "--group", "2022", "--format", "json", "--limit", "2").output)
    assert [row["architecture"] for row in rows] == ["vgg19", "inception_v1"]
    for metric in ("accuracy", "macs", "latency"):
        assert call("rank", metric).exit_code == 0


def test_entries_of_different_architectures_are_not_filed_as_one():
    from zoodata.cli.bench.latency import latency_groups
    from zoodata.dataset.store import Dataset

    dataset = Dataset.open()
    same = latency_groups(dataset, ["torchvision:vgg16", "timm:vgg16"], None, False)
    mixed = latency_groups(dataset, ["torchvision:vgg16", "timm:resnet50"], None, False)
    unknown = latency_groups(dataset, ["torchvision:vgg16", "file:mine.onnx"], None, False)
    assert list(same) == ["vgg16"]
    assert list(mixed) == list(unknown) == ["other"]


def test_models_of_an_architecture_need_no_framework(local):
    rows = json.loads(call("models", "--architecture", "resnet50", "--format", "json").output)
    assert {row["zoo"] for row in rows} >= {"torchvision", "timm", "keras_applications", "tf_slim", "tf_model_garden"}
    rows = json.loads(call("models", "--architecture", "resnet50", "--zoo", "timm", "--format", "json").output)
    assert "timm:resnet50" in [row["entry"] for row in rows]
    assert {row["zoo"] for row in rows} == {"timm"}


def test_validate_text_json_and_github(measured):
    assert call("validate").exit_code == 0
    bad = next((measured / "measurements" / "architecture").rglob("*.json"))
    bad.write_text('{"kind": "architecture", "x": "::error::\\n%0A"}')
    text = call("validate")
    assert text.exit_code == 1
    assert "error E006" in text.output
    assert "Traceback" not in text.output
    report = json.loads(call("validate", "--format", "json").output)
    assert report["errors"] == len([i for i in report["issues"] if i["severity"] == "error"]) > 0
    assert {"file", "code", "field", "message", "next_step", "severity"} == set(report["issues"][0])
    github = call("validate", str(bad), "--format", "github").output.splitlines()
    assert all(line.startswith(("::error file=", "::warning file=")) for line in github[:-1])


def test_a_record_cannot_speak_to_github(measured):
    bad = next((measured / "measurements" / "architecture").rglob("*.json"))
    bad.write_text(json.dumps({"kind": "x\n::set-output name=a::b"}))
    lines = call("validate", "--format", "github").output.splitlines()
    assert not [line for line in lines if line.startswith("::set-output")]


@pytest.mark.slow
def test_validate_another_dataset_against_the_packaged_rules(tmp_path, local):
    counted = store.Dataset.open().architecture_outcomes["torchvision:resnet50"].result
    store.write(builders.architecture(result=counted), tmp_path / "proposed")
    done = call("validate", str(tmp_path / "proposed"))
    assert done.exit_code == 1
    assert "E015" in done.output
    store.write(builders.environment(), tmp_path / "proposed")
    assert call("validate", str(tmp_path / "proposed")).exit_code == 0


def test_export(measured, tmp_path):
    done = call("export", str(tmp_path / "out"))
    assert done.exit_code == 0
    assert {path.suffix for path in (tmp_path / "out").iterdir()} == {".json", ".csv", ".parquet", ""}


def test_contribute_copies_what_may_be_published(measured, tmp_path):
    store.write(builders.architecture("file:mine.onnx"), measured)
    target = tmp_path / "dataset"
    store.write(builders.family(), target)
    done = call("contribute", "--to", str(target))
    assert done.exit_code == 0, done.output
    assert "4 files copied" in done.output
    assert not list(target.rglob("*mine*"))
    assert "0 files copied" in call("contribute", "--to", str(target)).output
    next((measured / "measurements" / "architecture").rglob("*.json")).write_text("{")
    done = call("contribute", "--to", str(target))
    assert done.exit_code == 1
    assert "E001" in done.output


def test_a_broken_local_record_is_named_not_a_traceback(measured):
    next((measured / "measurements" / "architecture").rglob("*.json")).write_text("{")
    done = process("rank", "macs")
    assert done.returncode == 1
    assert "zoodata validate" in done.stderr
    assert "measurements/architecture" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.zoos
def test_bench_architecture_from_the_shell(local):
    done = process(
        "bench", "architecture", "torchvision:resnet50", "keras_applications:ResNet50", "torchvision:resnet51",
        "--format", "json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = {row["entry"]: row for row in json.loads(done.stdout)}
    assert rows["torchvision:resnet50"]["parameters"] == 25_557_032
    keras = rows["keras_applications:ResNet50"]
    assert (keras["parameters"], keras["statistics"]) == (25_583_592, 53_120)
    assert rows["torchvision:resnet51"]["missing"].startswith("not_in_package")
    assert "2 of 3 measured; 1 not_in_package" in done.stderr
    again = process("bench", "architecture", "torchvision:resnet50", "--format", "json")
    assert "architecture: 0 to do" in again.stderr
    assert json.loads(again.stdout)[0]["id"] == rows["torchvision:resnet50"]["id"]


@pytest.mark.zoos
def test_nothing_measured_is_exit_1(local):
    done = process("bench", "architecture", "torchvision:resnet51")
    assert done.returncode == 1
    assert "0 of 1 measured" in done.stderr


@pytest.mark.zoos
def test_a_local_checkpoint_is_never_recorded_as_the_zoos(local, tmp_path):
    (tmp_path / "bad.pth").write_bytes(b"not a checkpoint")
    done = process("bench", "architecture", "torchvision:resnet18", "--weights", str(tmp_path / "bad.pth"))
    assert done.returncode == 1
    assert "not a plain torch checkpoint" in done.stdout.replace("\n", " ")
    assert not list(store.files(local))


def test_a_place_that_cannot_be_written_is_one_line(measured, tmp_path):
    (tmp_path / "file").write_text("in the way")
    done = process("export", str(tmp_path / "file" / "out"))
    assert done.returncode == 1
    assert "cannot read or write" in done.stderr
    assert "Traceback" not in done.stderr


def test_local_rules_hold_for_the_local_folder_by_name(measured):
    store.write(builders.architecture("file:mine.onnx"), measured)
    assert call("validate").exit_code == 0
    assert call("validate", "zoodata-data").exit_code == 0


def test_what_says_nothing_is_not_contributed(measured, tmp_path):
    typo = {"reason": "not_in_package", "message": "no such entry"}
    store.write(builders.architecture("torchvision:resnet51", result=None, missing=typo), measured)
    store.write(builders.latency(samples=(), participants=(), stopped="too_few_participants"), measured)
    target = tmp_path / "dataset"
    store.write(builders.family(), target)
    assert "4 files copied" in call("contribute", "--to", str(target)).output


@pytest.mark.zoos
@pytest.mark.xdist_group("graph")
def test_diff_and_network_of_entries_and_of_files(tmp_path, monkeypatch):
    """Zoos and a user's own file alike; the ONNX that `network` writes is a file that `diff` reads."""
    monkeypatch.chdir(tmp_path)
    run = functools.partial(subprocess.run, capture_output=True, text=True, timeout=300)
    zoodata = [sys.executable, "-c", "from zoodata.cli.main import main; main()"]
    made = run([*zoodata, "network", "torchvision:squeezenet1_1", "--format", "onnx", "-o", "mine.onnx"])
    assert made.returncode == 0, made.stderr
    same = run([*zoodata, "diff", "torchvision:squeezenet1_1", "file:mine.onnx", "--format", "json", "--prove"])
    assert same.returncode == 0, same.stderr
    answer = json.loads(same.stdout)
    assert set(answer) == {"a", "b", "verdict", "digest_a", "digest_b", "findings", "proof"}
    assert (answer["verdict"], answer["proof"]["status"]) == ("identical", "equivalent")
    page = run([*zoodata, "diff", "torchvision:squeezenet1_0", "file:mine.onnx", "--format", "html"])
    assert "<title>torchvision:squeezenet1_0 against file:mine.onnx</title>" in page.stdout
    shown = run([*zoodata, "network", "file:mine.onnx"])
    assert "1,235,496 parameters, 0 statistics, 349,151,936 MACs" in shown.stdout
    dot = run([*zoodata, "network", "file:mine.onnx", "--format", "dot"])
    assert dot.stdout.startswith("digraph")


@pytest.mark.zoos
@pytest.mark.xdist_group("graph")
def test_diff_of_what_cannot_be_read_is_one_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.onnx").write_bytes(b"\x08\x07no model")
    (tmp_path / "evil.pt").write_bytes(pickle.dumps({"a": 1}))
    zoodata = [sys.executable, "-c", "from zoodata.cli.main import main; main()"]
    for wrong, code, word in (
        ("file:broken.onnx", 1, "not a readable ONNX model"), ("file:evil.pt", 1, "not a TorchScript file"),
        ("file:none.onnx", 2, "there is no file"), ("torchvision:resnet51", 2, "did you mean"),
        ("torchvision:ResNet50", 2, "did you mean torchvision:resnet50?"), ("nozoo:x", 2, "no zoo"),
    ):  # fmt: skip
        run = subprocess.run(
            [*zoodata, "diff", wrong, "torchvision:alexnet"], capture_output=True, text=True, timeout=300
        )
        assert run.returncode == code, run.stderr
        assert word in run.stderr
        assert "Traceback" not in run.stderr


@pytest.mark.zoos
@pytest.mark.xdist_group("graph")
@pytest.mark.parametrize(
    ("a", "b", "side_by_side"),
    [
        ("torchvision:mobilenet_v2", "keras_applications:MobileNetV2", True),
        ("torchvision:inception_v3", "keras_applications:MobileNet", False),  # images of two sizes
        ("torchvision:alexnet", "timm:resnet18", False),  # one framework
    ],
)
def test_two_frameworks_are_read_side_by_side_and_say_the_same(monkeypatch, a, b, side_by_side):
    from zoodata import cores
    from zoodata.cli import diff

    monkeypatch.setattr(cores, "usable_cores", lambda: 2)
    found = diff._side_by_side(a, b)
    assert (found is not None) == side_by_side
    monkeypatch.setattr(cores, "usable_cores", lambda: 1)
    assert diff._side_by_side(a, b) is None
    if found is not None:
        assert diff.diff(a, b, prove=False) == found
