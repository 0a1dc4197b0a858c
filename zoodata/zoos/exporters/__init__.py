"""Scripts that run in the interpreter of a zoo's own environment; none imports anything of zoodata.

``answer.py`` is what is run; beside it lies a file a zoo, with its names and its export to ONNX.
"""
