"""What every page's views are made of: numbers with the address of their evidence, names, addresses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from zoodata import about
from zoodata.records import Claim, entry_zoo

ZOO_TITLES = {
    "torchvision": "Torchvision", "timm": "timm", "keras_applications": "Keras Applications",
    "tf_model_garden": "TensorFlow Model Garden", "tf_slim": "TF-Slim", "onnx_model_zoo": "ONNX Model Zoo",
    "apple_cvnets": "Apple CVNets", "burn_models": "Burn models", "cadene": "Cadene", "d_li14": "d-li14",
    "facebook_convnext": "ConvNeXt (Meta)", "facebook_deit": "DeiT (Meta)", "flax_examples": "Flax examples",
    "gluoncv": "GluonCV", "google_big_vision": "Big Vision (Google)", "google_vit": "ViT (Google)",
    "hailo": "Hailo Model Zoo", "intel_neural_compressor": "Intel Neural Compressor",
    "keras_cv_attention_models": "Keras CV attention models", "kerashub": "KerasHub", "lukemelas": "lukemelas",
    "metalhead_jl": "Metalhead.jl", "microsoft_swin": "Swin (Microsoft)", "mindcv": "MindCV",
    "mlcommons_inference": "MLCommons inference", "mmpretrain": "MMPretrain", "nvidia_dle": "NVIDIA examples",
    "onnx_turnkey": "ONNX Turnkey", "openvino_omz": "Open Model Zoo (OpenVINO)", "paddleclas": "PaddleClas",
    "pycls": "pycls", "pytorchcv": "pytorchcv", "qualcomm_ai_hub": "Qualcomm AI Hub", "qubvel": "qubvel",
    "sony_nnabla": "NNabla (Sony)", "tfhub": "TensorFlow Hub", "classy_vision": "Classy Vision", "geffnet": "geffnet",
    "open_clip": "OpenCLIP", "qubvel_efficientnet": "EfficientNet (qubvel)", "smp": "Segmentation Models encoders",
    "tf2cv": "tf2cv", "tfimm": "tfimm", "torchvision_quantization": "Torchvision quantizable",
    "transformers": "Transformers", "ultralytics": "Ultralytics", "coral": "Coral",
    "efficientnet_lite": "efficientnet_lite_pytorch", "ncnn_assets": "ncnn examples", "pytorch_ios": "PyTorch iOS demo",
    "retinaface": "Pytorch_Retinaface", "stm32": "STM32 model zoo",
}  # fmt: skip
"""What zoos call themselves."""

BUILT = tuple(ZOO_TITLES)[:6]
"""The zoos whose models are built here; they have colours of their own."""

FRAMEWORKS = {
    "torchvision": "PyTorch", "timm": "PyTorch", "keras_applications": "Keras", "tf_model_garden": "TensorFlow",
    "tf_slim": "TensorFlow", "onnx_model_zoo": "ONNX", "cadene": "PyTorch", "classy_vision": "PyTorch",
    "geffnet": "PyTorch", "keras_cv_attention_models": "Keras", "lukemelas": "PyTorch", "mmpretrain": "PyTorch",
    "open_clip": "PyTorch", "pytorchcv": "PyTorch", "qubvel": "Keras", "qubvel_efficientnet": "Keras", "smp": "PyTorch",
    "tf2cv": "TensorFlow", "tfimm": "TensorFlow", "torchvision_quantization": "PyTorch", "transformers": "PyTorch",
    "ultralytics": "PyTorch", "coral": "TFLite", "efficientnet_lite": "PyTorch", "ncnn_assets": "ncnn",
    "pytorch_ios": "PyTorch", "retinaface": "PyTorch", "stm32": "Keras",
}  # fmt: skip
"""What the models of a zoo that is built here run on."""

METRICS = {
    "top1": "top-1", "top5": "top-5", "parameters": "parameters", "macs": "compute", "file_size": "file size",
    "input_size": "input size",
}  # fmt: skip

PACKED = ("claims", "releases")
"""Kinds of records that lie packed on the site: files of megabytes, whose rows the pages and the API have too."""

UNITS = {"percent": "%", "count": "", "bytes": "bytes", "pixels": "px"}


@dataclass(frozen=True)
class Figure:
    """A number as text, with the address of what it rests on, and the number itself for sorting."""

    text: str
    href: str
    title: str = ""
    value: float | None = None
    ends: tuple[float, float] | None = None
    """Of a range: its lowest and highest value, where the number is their distance."""


def zoo_title(zoo: str) -> str:
    """A zoo's name for readers; a plugin's own name where we know none."""
    return ZOO_TITLES.get(zoo, zoo)


def pair_names(a: str, b: str) -> tuple[str, str]:
    """What two entries are called beside each other: their zoos, or within one zoo their models."""
    titles = (zoo_title(entry_zoo(a)), zoo_title(entry_zoo(b)))
    return titles if titles[0] != titles[1] else (a.partition(":")[2], b.partition(":")[2])


def joined(names: Sequence[str]) -> str:
    """Names as a sentence has them: a, b and c."""
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def pair_anchor(measurement: str) -> str:
    """The anchor of a comparison on its architecture's page."""
    return f"pair-{measurement[:10]}"


def record_href(record: str) -> str:
    """Where a record's file lies on the site, from a page at the top."""
    return f"data/{record}.gz" if record.partition("/")[0] in PACKED else f"data/{record}"


def api_href(architecture: str) -> str:
    """Where an architecture's document of the API lies, from a page at the top."""
    return f"api/v1/architectures/{architecture}.json"


def claim_anchor(claim: str) -> str:
    """The anchor of a claim on its architecture's page."""
    return f"claim-{claim[:10]}"


def record_anchor(record: str) -> str:
    """The anchor of a record on a page that rests on it; ``record`` is its path in the dataset."""
    return f"record-{record.rpartition('/')[2].removesuffix('.json').rpartition('.')[2][:16]}"


def collection_anchor(collection: str) -> str:
    """The anchor of a collection of claims on a page that shows some of them."""
    return f"collection-{collection}"


def search_key(name: str) -> str:
    """A name as the search compares it: ResNet50, resnet_50 and resnet-50 are one."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def number(value: float) -> str:
    """A claim's value in digits."""
    return f"{int(value):,}" if value.is_integer() else f"{value:,}"


def valued(claim: Claim) -> str:
    """A claim's value with its unit."""
    return f"{number(claim.value)} {UNITS[claim.unit]}".strip()


def dispute_url(page: str, wrong: str, evidence: str = "") -> str:
    """The dispute form, filled in with what is known."""
    fields = {"template": "dispute.yml", "title": f"dispute: {wrong}"[:120], "page": page, "wrong": wrong[:400]}
    if evidence:
        fields["evidence"] = evidence[:400]
    return f"{about.repository_url()}/issues/new?{urlencode(fields)}"
