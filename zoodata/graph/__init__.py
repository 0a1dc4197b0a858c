"""The framework-neutral network: one graph for torch, TensorFlow and ONNX models, and what is counted on it."""
