"""The table of operators in the documentation is what a run gives, and covers enough."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytestmark = [pytest.mark.zoos, pytest.mark.slow, pytest.mark.xdist_group("operators")]

pytest.importorskip("torch")
pytest.importorskip("tensorflow")

PAGE = Path(__file__).parents[2] / "docs" / "operators.md"
ENOUGH = 0.95


@pytest.fixture(scope="module")
def rows():
    from tests.graph import layers, operators

    modules = list(operators.layer_rows(layers.torch_modules()))  # torch first: it bears no other before it
    return operators.onnx_rows(), modules, list(operators.layer_rows(layers.keras_layers()))


def test_enough_is_read_and_run(rows):
    operators, modules, layers = rows
    tried = [row for row in operators if row.tested]
    assert len(tried) > 130
    assert sum(row.right > 0 for row in tried) >= ENOUGH * len(tried)
    for group in (modules, layers):
        assert sum(row.right for row in group) >= ENOUGH * len(group), [r.problems for r in group if not r.right]


def test_the_page_shows_it(rows):
    from tests.graph import operators

    made = operators.page(*rows)
    if os.environ.get("OPERATORS") == "write":
        PAGE.write_text(made, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == made, "OPERATORS=write pytest tests/graph/test_operators.py"
