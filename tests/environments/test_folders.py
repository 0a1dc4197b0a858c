"""Environments: which folders a worker gets, and what is in them."""

from __future__ import annotations

import pytest
from packaging.requirements import Requirement

from zoodata.environments import folders
from zoodata.environments.folders import DONE, NotAdded
from zoodata.records.base import split_release
from zoodata.zoos import registry


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("ZOODATA_ENVIRONMENTS", str(tmp_path))
    return tmp_path


def made(home, name, package, version):
    folder = home / name
    (folder / package).mkdir(parents=True)
    (folder / package / "__init__.py").write_text(f"__version__ = '{version}'")
    metadata = folder / f"{package}-{version}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
    (folder / DONE).write_text("")
    return folder


def test_lock_files_pin_every_requirement():
    assert folders.locks()
    for lock in folders.locks():
        for text in lock.requirements:
            requirement = Requirement(text)
            assert [each.operator for each in requirement.specifier] == ["=="], f"{lock.name}: {text}"


def test_every_lock_file_is_of_a_zoo():
    assert {lock.zoo for lock in folders.locks()} <= set(registry.OWN)


def test_a_release_without_a_lock_file_is_its_package_alone():
    lock = folders.lock_of("timm", "0.9.16")
    assert lock is not None
    assert lock.requirements == ("timm==0.9.16",)
    assert folders.lock_of("timm", None) is None
    assert folders.lock_of("nothing", "1.0") is None


def test_a_release_that_is_not_here_names_the_command_that_adds_it(home):
    with pytest.raises(NotAdded, match=r"zoodata env add timm==0\.1"):
        registry.folders_of(["timm==0.1:resnet50"])


def test_a_release_that_is_here_comes_before_what_is_installed(home):
    folder = made(home, "timm-0.1.2", "timm", "0.1.2")
    assert registry.folders_of(["timm==0.1.2:resnet50", "timm==0.1.2:resnet18"]) == (folder,)
    assert folders.version("timm", (folder,)) == "0.1.2"
    assert folders.has_module("timm", (folder,))
    assert [lock.name for lock in folders.added()] == ["timm-0.1.2"]


def test_packages_of_an_interpreter_are_found_where_it_keeps_them(home, monkeypatch):
    monkeypatch.setattr(folders, "find_spec", lambda module: None)
    (lock,) = [lock for lock in folders.locks() if lock.zoo == "paddleclas"]
    assert lock.has_interpreter
    made(lock.folder / "lib" / "python3.11", "site-packages", "paddleclas", lock.release)
    (lock.folder / "pyvenv.cfg").write_text("")
    (lock.folder / DONE).write_text("paddleclas==0.1")
    assert lock.is_added
    assert not lock.is_current, "the lock file names other packages today"
    (found,) = folders.of_zoo("paddleclas", ("paddleclas",))
    assert found == lock.folder
    assert folders.has_module("paddleclas", (found,))
    assert folders.version("paddleclas", (found,)) == lock.release


def test_what_an_interrupted_command_left_is_no_environment(home):
    folder = made(home, "timm-0.1.2", "timm", "0.1.2")
    (folder / DONE).unlink()
    assert folders.added() == []
    with pytest.raises(NotAdded):
        folders.of_zoo("timm", (), "0.1.2")


def test_a_users_own_model_needs_no_folder(home):
    assert registry.folders_of(["file:/some/model.onnx", "python:mine:build"]) == ()


@pytest.mark.parametrize(
    ("entry", "release", "plain"),
    [
        ("timm==0.9.16:resnet50", "0.9.16", "timm:resnet50"),
        ("timm==0.8.23.dev0:resnet50@a1_in1k", "0.8.23.dev0", "timm:resnet50@a1_in1k"),
        ("timm:resnet50", None, "timm:resnet50"),
        ("file:a==1:b.onnx", None, "file:a==1:b.onnx"),
        ("timm==../x:resnet50", None, "timm==../x:resnet50"),
    ],
)
def test_entries_of_releases(entry, release, plain):
    assert split_release(entry) == (release, plain)
