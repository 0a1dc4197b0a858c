"""PaddleClas: models of PaddlePaddle, exported by Paddle2ONNX. Runs in PaddleClas' own environment."""

from __future__ import annotations

import functools
import importlib.util
import inspect
import sys
from pathlib import Path
from typing import Any

FIRST_OPSET = 17
"""Layer norms are one operator from here on."""
ELSEWHERE = (".variant_models.", ".foundation_vit", ".mobilefacenet", ".svtrnet", ".cae")
"""Modules whose networks are for other tasks, or have no classifier."""
BASE = "PPLCNetBaseNet"


def listed() -> dict[str, list[str]]:
    """Names of the functions that build one published classifier, each with what its weights are called here."""
    return {name: ["pretrained", "ssld"] for name in sorted(_functions())}


def export(name: str, weights: str | None, image: Any, path: Path) -> tuple[Any, list[str]]:
    """Write a model as ONNX; returns its own scores of an image, and the names of what is trained."""
    import paddle

    with paddle.utils.unique_name.guard():  # some name their parameters, and a name is taken once a process
        return _exported(name, weights, image, path)


def _exported(name: str, weights: str | None, image: Any, path: Path) -> tuple[Any, list[str]]:
    import paddle
    import paddle2onnx
    from paddle.static import InputSpec

    how = {"pretrained": weights is not None} | ({"use_ssld": True} if weights == "ssld" else {})
    model = _functions()[name](**how)
    if weights is None:
        _stir(model)
    model.eval()
    with paddle.no_grad():
        scores = model(paddle.to_tensor(image))
    while isinstance(scores, list | tuple):  # auxiliary classifiers come after
        scores = scores[0]
    program = path.with_name("program")
    paddle.jit.save(model, str(program), input_spec=[InputSpec(list(image.shape), "float32", "image")])
    paddle2onnx.export(
        f"{program}.json", f"{program}.pdiparams", str(path), opset_version=FIRST_OPSET, optimize_tool="None"
    )
    return scores.numpy(), [tensor.name for tensor in model.parameters() if not tensor.stop_gradient]


def _stir(model: Any) -> None:
    """Move every number a little: an export drops additions of zeros and stores equal tensors once."""
    import paddle

    paddle.seed(0)
    with paddle.no_grad():
        for name, tensor in model.state_dict().items():
            if tensor.dtype == paddle.float32:
                noise = paddle.randn(tensor.shape or [1]).reshape(tensor.shape) * 0.02
                tensor.set_value(tensor + (noise.abs() if name.endswith("_variance") else noise))


@functools.cache
def _functions() -> dict[str, Any]:
    spec = importlib.util.find_spec("paddleclas")
    assert spec is not None
    assert spec.origin is not None
    sys.path.insert(0, str(Path(spec.origin).parent))  # its modules import each other as ppcls
    from ppcls.arch import backbone
    from ppcls.utils import logger

    logger.init_logger(log_level=40)  # errors
    return {
        name: function
        for name, function in vars(backbone).items()
        if inspect.isfunction(function)
        and name != BASE
        and "pretrained" in inspect.signature(function).parameters
        and not any(module in f"{function.__module__}." for module in ELSEWHERE)
    }
