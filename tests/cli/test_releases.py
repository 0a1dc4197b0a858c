"""``zoodata history``, ``upgrade-check`` and ``env`` at the command line."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from tests.discrepancy import releases as made
from zoodata.cli.main import cli


@pytest.fixture
def data(tmp_path):
    root = tmp_path / "data"
    made.dataset(
        root,
        made.release("0.0.1", *(made.entry(name) for name in ("same", "resized", "rewritten", "parted", "gone"))),
        made.release(
            "0.0.2", made.entry("same"), made.entry("resized", number=1), made.entry("rewritten", made.B),
            made.entry("parted", made.B), sides=(224, 240),
        ),
        made.changes("0.0.1", "0.0.2", ("rewritten", "same_function"), ("parted", "parted")),
    )  # fmt: skip
    (tmp_path / "old.txt").write_text("timm==0.0.1\n")
    (tmp_path / "new.txt").write_text("timm==0.0.2\n")
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def check(data, *models, new="new.txt"):
    return run(
        "upgrade-check", data / new, "--from", data / "old.txt", "--models", ",".join(models), "--data", data / "data"
    )


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("same", 0, "the same"),
        ("resized", 1, "crop 224x224 became 240x240"),
        ("rewritten", 0, "the same"),
        ("parted", 1, "gives other scores for the same weights, by 50% of the largest"),
        ("gone", 1, "is no longer there"),
    ],
)
def test_upgrade_check_by_kind_of_change(data, name, code, words):
    done = check(data, f"timm:{name}")
    assert done.exit_code == code, done.output
    assert words in done.output


def test_upgrade_check_of_several_fails_for_one(data):
    done = check(data, "timm:same", "timm:gone")
    assert done.exit_code == 1
    assert done.output.count("\n") == 2


def test_upgrade_check_of_what_is_not_pinned_is_wrong_use(data):
    (data / "new.txt").write_text("timm>=0.0.2\n")
    done = check(data, "timm:same")
    assert done.exit_code == 2
    assert "REQUIREMENTS does not pin timm" in done.output
    (data / "new.txt").write_text("timm == = 2\n")
    done = check(data, "timm:same")
    assert done.exit_code == 2
    assert "line 1 is no requirement" in done.output


def test_upgrade_check_of_a_release_that_was_not_read_says_how_to_read_it(data):
    (data / "new.txt").write_text("timm==0.0.3\n")
    done = check(data, "timm:same")
    assert done.exit_code == 1
    assert "zoodata env add timm==0.0.1 timm==0.0.3" in done.output


def test_history_of_a_step(data):
    done = run("history", "timm", "--from", "0.0.1", "--to", "0.0.2", "--data", data / "data")
    assert done.exit_code == 0, done.output
    assert "parted: gives other scores" in done.output
    assert "rewritten:" not in done.output
    done = run(
        "history", "timm", "resized", "--from", "0.0.1", "--to", "0.0.2", "--data", data / "data", "--format", "json"
    )
    (step,) = json.loads(done.output)
    assert step["preprocessings"][0]["name"] == "resized"
    assert {each["outcome"] for each in step["networks"]} == {"same_function", "parted"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("history", "no_zoo"), "no releases of 'no_zoo' were read"),
        (("history", "timm", "--from", "9.9"), "timm 9.9 was not read"),
        (("env", "add"), "name environments, or give --all"),
        (("env", "add", "no_zoo"), "names no environment"),
        (("diff", "timm==0.0.0:resnet50", "timm:resnet50"), None),
        (("bench", "architecture", "timm==0.9.16:resnet50"), "`zoodata history` measures other releases"),
        (("bench", "release", "no_zoo"), "there is no zoo 'no_zoo'"),
    ],
)
def test_wrong_use_is_one_sentence(data, arguments, words):
    done = run(*arguments, *(("--data", data / "data") if arguments[0] in ("history", "bench") else ()))
    assert done.exit_code == (1 if words is None else 2), done.output
    assert (words or "zoodata env add timm==0.0.0") in done.output


def test_a_release_that_is_not_here_is_not_installed_in_silence(data, monkeypatch):
    monkeypatch.setenv("ZOODATA_ENVIRONMENTS", str(data / "environments"))
    done = run("bench", "release", "timm==0.0.1", "--data", data / "data")
    assert done.exit_code == 1
    assert "zoodata env add timm==0.0.1" in done.output
    rows = json.loads(run("env", "list", "--format", "json").output)
    assert rows
    assert not any(row["added"] for row in rows)
