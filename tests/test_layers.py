"""The layers: who may import whom, and what the light core must never load."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

LAYERS = [
    {
        "zoodata",
        "zoodata.about",
        "zoodata.cores",
        "zoodata.stats",
        "zoodata.ratios",
        "zoodata.isolation",
        "zoodata.confinement",
        "zoodata.records",
    },
    {"zoodata.graph", "zoodata.images", "zoodata.dataset", "zoodata.collectors", "zoodata.environments"},
    {"zoodata.runtimes", "zoodata.discrepancy"},
    {"zoodata.zoos", "zoodata.wording"},
    {"zoodata.measure", "zoodata_site"},
    {"zoodata.sweep"},
    {"zoodata.cli"},
]
"""From the lowest up. Nothing may import from a layer above its own."""

LIGHT = ["records", "dataset", "discrepancy"]
FRAMEWORKS = {
    "torch",
    "torchvision",
    "timm",
    "tensorflow",
    "keras",
    "tf_keras",
    "tf_slim",
    "official",
    "onnx",
    "onnxruntime",
}
FRAMEWORK_PACKAGES = {"zoodata.graph", "zoodata.images", "zoodata.runtimes", "zoodata.zoos"}


def modules(root: Path) -> dict[str, Path]:
    by_name = {}
    for top in (root / "zoodata", root / "generator" / "zoodata_site"):
        for path in top.rglob("*.py"):
            parts = path.relative_to(top.parent).with_suffix("").parts
            by_name[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return by_name


def imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def package(module: str) -> str:
    return ".".join(module.split(".")[:2]) if module.startswith("zoodata.") else module.split(".")[0]


def layer(name: str) -> int:
    return next(number for number, packages in enumerate(LAYERS) if name in packages)


def test_every_module_is_on_a_layer(root):
    assert {package(name) for name in modules(root)} <= {name for packages in LAYERS for name in packages}


def test_no_import_runs_up(root):
    names = modules(root)
    wrong = [
        f"{name} imports {target}"
        for name, path in names.items()
        for target in imports(path)
        if target in names and layer(package(target)) > layer(package(name))
    ]
    assert not wrong


def test_no_imports_run_in_a_circle(root):
    names = modules(root)
    graph = {name: {t for t in imports(path) if t in names and t != name} for name, path in names.items()}
    # A package's __init__ only hands names on; what it imports is its members, which may not import it back.
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail, name))
        if name not in done:
            for target in graph[name]:
                if not name.startswith(f"{target}."):
                    visit(target, (*trail, name))
            done.add(name)

    for name in graph:
        visit(name, ())


def test_frameworks_are_imported_only_where_models_are_built_and_read(root):
    wrong = [
        f"{name} imports {target}"
        for name, path in modules(root).items()
        if package(name) not in FRAMEWORK_PACKAGES
        for target in imports(path)
        if target.split(".")[0] in FRAMEWORKS
    ]
    assert not wrong


def test_zoos_import_no_framework_when_they_are_loaded():
    program = (
        "import sys; from zoodata.zoos import registry; registry.all_zoos(); registry.get('file'); "
        f"loaded = {sorted(FRAMEWORKS)!r}; sys.exit([n for n in loaded if n in sys.modules] or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", ["validate", "export", "rank", "site"])
def test_light_commands_run_without_any_framework(command):
    """The command's module and everything it loads, with every framework made unimportable."""
    program = (
        "import sys\n"
        "class Refuse:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.split('.')[0] in {FRAMEWORKS!r}: raise ImportError('not in the light install: ' + name)\n"
        "sys.meta_path.insert(0, Refuse())\n"
        f"from zoodata.cli import {command}\n"
        + ("import zoodata_site.build\n" if command == "site" else "")
        + "from zoodata.dataset.store import Dataset\n"
        "from zoodata.discrepancy import accuracy, macs, latency\n"
        "d = Dataset.open(); accuracy.rank(d); macs.rank(d); latency.rank(d)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_public_address_is_written_once(root, monkeypatch):
    from zoodata import about

    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    address = about.repository_url()
    tracked = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True).stdout.split()
    present = [name for name in tracked if (root / name).is_file()]
    holders = [name for name in present if address in (root / name).read_text(encoding="utf-8", errors="ignore")]
    assert holders == ["pyproject.toml"]


def test_the_address_is_taken_from_ci(monkeypatch):
    from zoodata import about

    monkeypatch.setenv("GITHUB_SERVER_URL", "https://git.example")
    monkeypatch.setenv("GITHUB_REPOSITORY", "someone/fork")
    assert about.repository_url() == "https://git.example/someone/fork"
