"""GluonCV: models of Apache MXNet, by MXNet's own export to ONNX. Runs in GluonCV's own environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

OTHER_TASKS = (
    "_ade", "_citys", "_coco", "custom", "_hmdb51", "_kinetics", "_kitti", "_mhpv1", "_otb15", "_sthsthv2", "_ucf101",
    "_voc", "cifar_", "_pose_", "inceptionv1_", "_int8", "hrnet_w18_small_v1_s", "hrnet_w18_small_v2_s", "hrnet_w48_s",
)  # fmt: skip
"""Marks of names that are no classifiers of ImageNet in single precision."""
STIR = 0.02


def listed() -> dict[str, list[str]]:
    """Names of the classifiers, each with the hash of its checkpoint where the store has one."""
    from gluoncv.model_zoo import get_model_list
    from gluoncv.model_zoo.model_store import _model_sha1

    names = [name for name in get_model_list() if not any(mark in name for mark in OTHER_TASKS)]
    return {name: [_model_sha1[name][:8]] if name in _model_sha1 else [] for name in sorted(names)}


def export(name: str, weights: str | None, image: Any, path: Path) -> tuple[Any, list[str]]:
    """Write a model as ONNX; returns its own scores of an image. What reads its tensors says which are trained."""
    import mxnet
    from gluoncv.model_zoo import get_model

    mxnet.random.seed(0)
    model = get_model(name, pretrained=weights or False)
    model.hybridize()
    pixels = mxnet.nd.array(image)
    if weights is None:
        model.initialize(mxnet.init.Xavier())
        model(pixels)  # shapes are known once an image has passed
        _stir(model)
    scores = model(pixels)
    while isinstance(scores, list | tuple):  # auxiliary classifiers come after
        scores = scores[0]
    graph = path.with_name("graph")
    model.export(str(graph))
    mxnet.onnx.export_model(
        f"{graph}-symbol.json", f"{graph}-0000.params", [image.shape], [image.dtype.type], str(path)
    )
    return scores.asnumpy(), []


def _stir(model: Any) -> None:
    """Move every number a little: an export stores equal tensors once."""
    import mxnet

    for name, parameter in model.collect_params().items():
        noise = mxnet.nd.random.normal(0, STIR, shape=parameter.shape)
        parameter.set_data(parameter.data() + (noise.abs() if name.endswith("running_var") else noise))
