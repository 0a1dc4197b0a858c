"""What was tried on a checkpoint and made it better, in words."""

from __future__ import annotations

WHAT = {
    "activation": "the activation",
    "epsilon": "the epsilon of",
    "padding": "the padding of",
    "pooling": "the",
    "statistics": "the",
    "bias": "the",
    "attention_scale": "the attention's scale,",
    "preprocessing": "the preprocessing,",
    "class_offset": "the",
    "class_order": "the",
}


def changed(code: str, was: str, becomes: str) -> str:
    """A change as part of a sentence: what, as it is, and as it would be better."""
    if code == "preprocessing":
        return f"the preprocessing: {becomes}"
    return f"{WHAT.get(code, code)} {was} replaced by {becomes}"
