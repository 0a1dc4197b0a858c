"""The ways to run a model, in words."""

from __future__ import annotations

from collections.abc import Mapping

from zoodata.records.ways import Way

NAMES: Mapping[Way, str] = {
    "as_built": "as its zoo builds it",
    "compiled": "compiled (torch.compile, XLA)",
    "channels_last": "channels last",
    "onnxruntime": "ONNX Runtime",
    "openvino": "OpenVINO",
    "tflite": "TFLite",
}

RECIPES: Mapping[Way, str] = {
    "as_built": "call the model",
    "compiled": "torch.compile(model); in TensorFlow tf.function(model, jit_compile=True)",
    "channels_last": "model.to(memory_format=torch.channels_last), and the image too",
    "onnxruntime": "export to ONNX, then onnxruntime.InferenceSession",
    "openvino": "export to ONNX, then openvino.Core().compile_model",
    "tflite": "tf.lite.TFLiteConverter, then LiteRT's Interpreter",
}
"""What a user writes."""
