"""Random networks of the whole vocabulary through every exporter and back; the full number runs in ``make bench``."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")
pytest.importorskip("tensorflow")

from tests.graph import generated
from tests.graph.round_trip import (
    ExporterFailed,
    compared,
    exported,
    keras_model,
    mutation_found,
    torch_model,
)

pytestmark = [pytest.mark.zoos, pytest.mark.xdist_group("generated")]


@pytest.mark.parametrize("form", ["torchscript", "dynamo", "ours"])
@pytest.mark.parametrize("seed", range(8))
def test_what_torch_exports_is_what_it_was(seed, form):
    plan = generated.plan(seed)
    model = torch_model(plan)
    outcome = compared(form, model, exported(model, form))
    assert outcome.is_right, (plan, outcome)


@pytest.mark.parametrize("seed", range(12))
def test_keras_and_torch_build_one_network(seed):
    plan = generated.plan(seed)
    outcome = compared("keras", torch_model(plan), keras_model(plan))
    assert outcome.is_right, (plan, outcome)


@pytest.mark.parametrize("seed", [1, 5, 6, 7, 8, 9, 11, 14])
def test_what_tf2onnx_exports_is_what_it_was(seed):
    plan = generated.plan(seed)
    model = keras_model(plan)
    try:
        outcome = compared("tf2onnx", model, exported(model, "tf2onnx"))
    except ExporterFailed as failure:
        pytest.skip(str(failure))
    assert outcome.is_right, (plan, outcome)


@pytest.mark.parametrize("seed", range(20))
def test_one_changed_number_is_found_at_its_layer(seed):
    found = mutation_found(generated.plan(seed), seed)
    if found is None:
        pytest.skip("nothing in this plan can be changed so that it makes a difference")
    assert found, generated.plan(seed)


def test_every_word_of_the_plans_is_built_alike():
    """Each word by itself, so that no word is missing from the random ones."""
    for number, word in enumerate(generated.WORDS):
        plan = generated.plan(number + 1000, (word,))
        outcome = compared("keras", torch_model(plan), keras_model(plan))
        assert outcome.is_right, (plan, outcome)
