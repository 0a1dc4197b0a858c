"""How many generated networks come back from each exporter as what they were, and how many mutations are found."""

from __future__ import annotations

import logging
import warnings
from collections import Counter

NETWORKS = 300
WANTED = 0.98


def generated() -> None:
    """Random networks of the whole vocabulary, through every exporter and back, and each with one number changed."""
    import torch  # noqa: F401  (before TensorFlow, which it does not bear before it)

    from tests.graph import generated as plans
    from tests.graph.round_trip import ExporterFailed, compared, exported, keras_model, mutation_found, torch_model

    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    scores: Counter[tuple[str, str]] = Counter()
    for seed in range(NETWORKS):
        plan = plans.plan(seed)
        ours, theirs = torch_model(plan), keras_model(plan)
        for form in ("torchscript", "dynamo", "ours", "keras", "tf2onnx"):
            try:
                if form == "keras":
                    outcome = compared(form, ours, theirs)
                else:
                    origin = theirs if form == "tf2onnx" else ours
                    outcome = compared(form, origin, exported(origin, form))
                scores[form, "right" if outcome.is_right else "wrong"] += 1
            except ExporterFailed:
                scores[form, "not exported"] += 1
        found = mutation_found(plan, seed)
        scores["one number changed", "nothing to change" if found is None else "right" if found else "wrong"] += 1
    print(f"\ngenerated: {NETWORKS} networks; wanted: {WANTED:.0%}")
    for form in dict.fromkeys(name for name, _ in scores):
        right, wrong = scores[form, "right"], scores[form, "wrong"]
        rest = {why: n for (name, why), n in scores.items() if name == form and why not in ("right", "wrong")}
        aside = f" ({', '.join(f'{n} {why}' for why, n in rest.items())})" if rest else ""
        print(f"  {form:20} {right} of {right + wrong}, {right / (right + wrong):.1%}{aside}")
