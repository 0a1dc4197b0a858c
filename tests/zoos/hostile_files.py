# ruff: noqa: E501
"""Model files that try to write, connect, start a program, or take all time and memory; over sixty, of every form.

Each maker takes the folder to write into and the ``mark`` that no model may write, and returns the file.
"""

from __future__ import annotations

import base64
import json
import pickle
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Maker = Callable[[Path, Path], Path]
PORT = 1
"""A port of this machine that a file names; nothing may be sent to it."""


def rezip(
    source: Path, target: Path, change: Callable[[str, bytes], bytes], more: dict[str, bytes] | None = None
) -> Path:
    """A copy of an archive with some of its files changed."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for item in old.infolist():
            new.writestr(item.filename, change(item.filename, old.read(item)))
        for name, data in (more or {}).items():
            new.writestr(name, data)
    return target


# TorchScript ---------------------------------------------------------------------------------------------------------

TORCHSCRIPT = {
    "save": "torch.save(x, {mark!r})",
    "save as an operator": "ops.aten.save(x, {mark!r})",
    "map a file to memory": "y = torch.from_file({mark!r}, True, 64)",
    "write over a file": "_1 = torch.fill_(torch.from_file({mark!r}, True, 64), 1)",
    "record a function": "y = ops.profiler._record_function_enter({mark!r}, None)",
    "send": "y = ops._c10d_functional.isend(x, 0, 0, {mark!r})",
    "load a tensor by name": "y = ops.debugprims.load_tensor({mark!r}, [1], [1])",
    "an operator that is not torch's": "y = ops.evil.run({mark!r})",
    "an operator that is not known": "y = ops.aten.system({mark!r})",
    "a class of C++": "y = __torch__.torch.classes.profiling.InstructionStats()",
    "a process group": "y = __torch__.torch.classes.c10d.ProcessGroup()",
    "eval": "y = eval({mark!r})",
    "open": "y = open({mark!r}, 'w')",
    "import": "y = __import__({mark!r})",
    "system": "y = os.system('touch {mark}')",
    "a socket": "y = socket.socket()",
    "remote call": "y = rpc_async('worker', {mark!r})",
    "for ever": "while True:\n      x = torch.add(x, 1)",
    "all memory": "y = torch.zeros([1000000, 1000000])",
    "memory bit by bit": "kept = annotate(List[Tensor], [])\n    while True:\n      _ = torch.append(kept, torch.ones([1000, 1000, 10]))",
    "raise": "ops.prim.RaiseException('no', 'builtins.ValueError')",
}
"""A line of TorchScript's own text, put into the forward pass of a sound archive."""


def torchscript(line: str) -> Maker:
    def make(folder: Path, mark: Path) -> Path:
        def change(name: str, data: bytes) -> bytes:
            if not (name.endswith(".py") and b"def forward" in data):
                return data
            text = data.decode()
            at = text.index("\n", text.index("def forward"))
            at = text.index(":", text.index("->", text.index("def forward")))
            return f"{text[: at + 1]}\n    {line.format(mark=str(mark))}{text[at + 1 :]}".replace(
                "x)", "input)"
            ).encode()

        import torch

        source = folder / "sound.pt"
        torch.jit.trace(_network(), torch.zeros(1, 3, 16, 16)).save(str(source))
        return rezip(source, folder / "m.pt", change)

    return make


def _network() -> Any:
    from torch import nn

    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5)).eval()


def torchscript_scripted(body: str) -> Maker:
    """A module that torch itself has compiled, hook at loading included."""

    def make(folder: Path, mark: Path) -> Path:
        import importlib.util

        import torch

        code = folder / "evil_module.py"
        code.write_text(f"import torch\nfrom typing import Tuple\n{body.replace('MARK', repr(str(mark)))}")
        spec = importlib.util.spec_from_file_location("evil_module", code)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        torch.jit.save(torch.jit.script(module.Evil()), str(folder / "m.pt"))
        mark.unlink(missing_ok=True)
        return folder / "m.pt"

    return make


AT_LOADING = """
class Evil(torch.nn.Module):
    def forward(self, x):
        return x.mean([2, 3])
    @torch.jit.export
    def __getstate__(self) -> bool:
        return True
    @torch.jit.export
    def __setstate__(self, state: bool) -> None:
        torch.save(torch.ones(3), MARK)
        self.training = state
"""
IN_A_FORK = """
def aside(x):
    torch.save(x, MARK)
    return x
class Evil(torch.nn.Module):
    def forward(self, x):
        return torch.jit.wait(torch.jit.fork(aside, x)).mean([2, 3])
"""
IN_A_CHILD = """
class Child(torch.nn.Module):
    def forward(self, x):
        torch.from_file(MARK, True, 10).fill_(1.0)
        return x
class Evil(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.child = Child()
    def forward(self, x):
        return self.child(x).mean([2, 3])
"""


def torchscript_in_other_case(folder: Path, mark: Path) -> Path:
    """Code under a name that one reader of archives finds and another does not."""
    file = torchscript(TORCHSCRIPT["save"])(folder, mark)
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(folder / "n.pt", "w") as new:
        for item in old.infolist():
            name = item.filename.replace("/code/", "/CODE/").replace(".py", ".PY")
            new.writestr(name, old.read(item))
    return folder / "n.pt"


# ONNX ----------------------------------------------------------------------------------------------------------------


def onnx(name: str) -> Maker:
    def make(folder: Path, mark: Path) -> Path:
        import numpy as np
        import onnx
        from onnx import TensorProto, helper, numpy_helper

        image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 16, 16])
        scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 5])
        weight = numpy_helper.from_array(np.ones((5, 3), np.float32), "w")
        nodes = [
            helper.make_node("GlobalAveragePool", ["image"], ["p"]),
            helper.make_node("Flatten", ["p"], ["f"]),
            helper.make_node("Gemm", ["f", "w"], ["scores"], transB=1),
        ]
        imports, functions, more = [helper.make_opsetid("", 17)], [], []
        if name in ("absolute", "parent", "device", "huge"):
            weight = TensorProto(name="w", dims=[5, 3], data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL)
            where = {
                "absolute": str(mark),
                "parent": "../../../../etc/hostname",
                "device": "/dev/zero",
                "huge": "m.onnx",
            }
            weight.external_data.add(key="location", value=where[name])
            weight.external_data.add(key="length", value=str(1 << 62) if name == "huge" else "60")
        elif name == "dims":
            weight = TensorProto(name="w", dims=[1 << 40, 1 << 20], data_type=TensorProto.FLOAT, raw_data=b"1234")
        elif name == "negative":
            weight = TensorProto(name="w", dims=[-5, -3], data_type=TensorProto.FLOAT, raw_data=b"\0" * 60)
        elif name == "domain":
            nodes.append(helper.make_node("System", ["image"], ["extra"], domain="evil", command=f"touch {mark}"))
            imports.append(helper.make_opsetid("evil", 1))
        elif name == "python operator":
            nodes.insert(
                0, helper.make_node("PythonOp", ["image"], ["extra"], domain="com.microsoft", func_name="os.system")
            )
            imports.append(helper.make_opsetid("com.microsoft", 1))
        elif name == "recursion":
            functions = [
                helper.make_function(
                    "evil", "F", ["x"], ["y"], [helper.make_node("F", ["x"], ["y"], domain="evil")],
                    [helper.make_opsetid("evil", 1)],
                )
            ]  # fmt: skip
            nodes.insert(0, helper.make_node("F", ["image"], ["extra"], domain="evil"))
            imports.append(helper.make_opsetid("evil", 1))
        elif name in ("fill", "tile"):
            shape = numpy_helper.from_array(np.array([1 << 20, 1 << 20], np.int64), "shape")
            one = numpy_helper.from_array(np.ones((1, 1), np.float32), "one")
            more = [shape, one]
            made = (
                helper.make_node("ConstantOfShape", ["shape"], ["big"])
                if name == "fill"
                else helper.make_node("Tile", ["one", "shape"], ["big"])
            )
            nodes = [made, helper.make_node("ReduceSum", ["big"], ["sum"], keepdims=0), *nodes[:-1],
                     helper.make_node("Gemm", ["f", "w"], ["g"], transB=1), helper.make_node("Add", ["g", "sum"], ["scores"])]  # fmt: skip
        elif name == "loop":
            body = helper.make_graph(
                [helper.make_node("Identity", ["c"], ["co"]), helper.make_node("Add", ["v", "v"], ["vo"])], "body",
                [helper.make_tensor_value_info("i", TensorProto.INT64, []), helper.make_tensor_value_info("c", TensorProto.BOOL, []),
                 helper.make_tensor_value_info("v", TensorProto.FLOAT, [1, 5])],
                [helper.make_tensor_value_info("co", TensorProto.BOOL, []), helper.make_tensor_value_info("vo", TensorProto.FLOAT, [1, 5])],
            )  # fmt: skip
            more = [
                numpy_helper.from_array(np.array(1 << 62, np.int64), "n"),
                numpy_helper.from_array(np.array(True), "yes"),
            ]
            nodes = [*nodes[:-1], helper.make_node("Gemm", ["f", "w"], ["g"], transB=1),
                     helper.make_node("Loop", ["n", "yes", "g"], ["scores"], body=body)]  # fmt: skip
        elif name == "circle":
            nodes.insert(0, helper.make_node("Add", ["a", "image"], ["b"]))
            nodes.insert(1, helper.make_node("Add", ["b", "image"], ["a"]))
        elif name == "deep":
            last = "image"
            chain = []
            for number in range(20_000):
                chain.append(helper.make_node("Relu", [last], [f"r{number}"]))
                last = f"r{number}"
            nodes = [*chain, helper.make_node("GlobalAveragePool", [last], ["p"]), *nodes[1:]]
        elif name == "doubling":
            last, chain = "f", []
            for number in range(60):
                chain.append(helper.make_node("Concat", [last, last], [f"d{number}"], axis=1))
                last = f"d{number}"
            nodes = [*nodes[:2], *chain, helper.make_node("ReduceMean", [last], ["scores"], axes=[1])]
        graph = helper.make_graph(nodes, "g", [image], [scores], [weight, *more])
        model = helper.make_model(graph, opset_imports=imports, functions=functions, ir_version=8)
        onnx.save(model, str(folder / "m.onnx")) if name not in ("absolute", "parent", "device", "huge") else (
            folder / "m.onnx"
        ).write_bytes(model.SerializeToString())
        return folder / "m.onnx"

    return make


ONNX = (
    "absolute", "parent", "device", "huge", "dims", "negative", "domain", "python operator", "recursion", "fill", "tile",
    "loop", "circle", "deep", "doubling",
)  # fmt: skip


# Keras ---------------------------------------------------------------------------------------------------------------


def _function(module: str, name: str) -> dict[str, Any]:
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def _layer(place: str, kind: str, /, **config: Any) -> dict[str, Any]:
    return {"module": place, "class_name": kind, "config": {"name": "evil", **config}, "registered_name": None}


KERAS: dict[str, Callable[[Path], dict[str, Any]]] = {  # layers, by what they would do
    "os.system": lambda mark: _layer("os", "system", command=f"touch {mark}"),
    "subprocess": lambda mark: _layer("subprocess", "Popen", args=["touch", str(mark)]),
    "a lambda": lambda mark: _layer("keras.layers", "Lambda", function={"class_name": "__lambda__", "config": {"code": base64.b64encode(b"x").decode()}}),
    "a pickled torch module": lambda mark: _layer("keras.src.utils.torch_utils", "TorchModuleWrapper", module=base64.b64encode(_pickle(mark)).decode()),
    "another SavedModel": lambda mark: _layer("keras.layers", "TFSMLayer", filepath=str(mark)),
    "a vocabulary's file": lambda mark: _layer("keras.layers", "StringLookup", vocabulary="/etc/passwd"),
    "a vocabulary to be fetched": lambda mark: _layer("keras.layers", "StringLookup", vocabulary=f"http://127.0.0.1:{PORT}/x"),
    "get_file as activation": lambda mark: _layer("keras.layers", "Activation", activation=_function("keras.utils", "get_file")),
    "load_model as activation": lambda mark: _layer("keras.layers", "Activation", activation=_function("keras.saving", "load_model")),
    "exec as activation": lambda mark: _layer("keras.layers", "Activation", activation=_function("builtins", "exec")),
    "open as initializer": lambda mark: _layer("keras.layers", "Dense", units=3, kernel_initializer=_function("builtins", "open")),
    "a huge layer": lambda mark: _layer("keras.layers", "Dense", units=1 << 40),
    "an unknown module": lambda mark: _layer("evil.package", "Layer"),
    "a private function of Keras": lambda mark: _layer("keras.layers", "Activation", activation=_function("keras.src.utils.file_utils", "extract_archive")),
}  # fmt: skip


class _Touch:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return open, (str(self.mark), "w")


def _pickle(mark: Path) -> bytes:
    return pickle.dumps(_Touch(mark))


def keras(name: str, suffix: str = ".keras") -> Maker:
    def make(folder: Path, mark: Path) -> Path:
        if suffix == ".h5":
            import h5py
            import tf_keras

            model = tf_keras.Sequential([tf_keras.Input((8, 8, 3)), tf_keras.layers.Flatten()])
            model.save(folder / "m.h5")
            with h5py.File(folder / "m.h5", "r+") as file:
                configuration = json.loads(file.attrs["model_config"])
                layer = KERAS[name](mark)
                configuration["config"]["layers"].insert(1, layer)
                file.attrs["model_config"] = json.dumps(configuration)
            return folder / "m.h5"
        import keras

        keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten()]).save(folder / "sound.keras")

        def change(file: str, data: bytes) -> bytes:
            if file != "config.json":
                return data
            configuration = json.loads(data)
            configuration["config"]["layers"].insert(1, KERAS[name](mark))
            return json.dumps(configuration).encode()

        return rezip(folder / "sound.keras", folder / "m.keras", change)

    return make


def keras_archive(name: str) -> Maker:
    def make(folder: Path, mark: Path) -> Path:
        import keras

        keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten()]).save(folder / "sound.keras")
        keep = {
            "climb": {"../" * 12 + str(mark).lstrip("/"): b"x", f"assets/{'../' * 12}{str(mark).lstrip('/')}": b"x"}
        }
        target = folder / "m.keras"
        if name == "climb":
            return rezip(folder / "sound.keras", target, lambda _, data: data, keep["climb"])
        if name == "nested":
            deep = b'{"a":' * 200_000 + b"1" + b"}" * 200_000
            return rezip(folder / "sound.keras", target, lambda file, data: deep if file == "config.json" else data)
        return bomb(target, "config.json" if name == "bomb in the configuration" else "model.weights.h5")

    return make


def bomb(target: Path, inside: str, mebibytes: int = 40_000) -> Path:
    """A small archive that holds many gigabytes of zeros: blocks of deflate that repeat, with no room taken here."""
    import zlib

    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = b"\0" * (1 << 20)
    first = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    data = first + again * 63 + packer.flush()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(zipfile.ZipInfo(inside), data)
    raw = bytearray(target.read_bytes())
    size = struct.pack("<I", min(mebibytes << 20, 0xFFFFFFF0))
    local, central = raw.index(b"PK\x03\x04"), raw.index(b"PK\x01\x02")
    raw[local + 8 : local + 10] = raw[central + 10 : central + 12] = struct.pack("<H", 8)
    raw[local + 22 : local + 26] = raw[central + 24 : central + 28] = size
    target.write_bytes(bytes(raw))
    return target


def h5_elsewhere(kind: str) -> Maker:
    def make(folder: Path, mark: Path) -> Path:
        import h5py
        import tf_keras

        model = tf_keras.Sequential(
            [tf_keras.Input((8, 8, 3)), tf_keras.layers.Flatten(), tf_keras.layers.Dense(2, name="d")]
        )
        model.save(folder / "m.h5")
        with h5py.File(folder / "m.h5", "r+") as file:
            group = file["model_weights/d"]
            (name,) = [n for n in _names(group) if n.endswith("kernel:0")]
            del group[name]
            if kind == "external link":
                group[name] = h5py.ExternalLink("/etc/passwd", "/x")
            elif kind == "raw file":
                group.create_dataset(name, (192, 2), "f4", external=[("/dev/zero", 0, h5py.h5f.UNLIMITED)])
            else:
                group.create_dataset(name, (1 << 20, 1 << 20), "f4", chunks=(1024, 1024), compression="gzip")
        return folder / "m.h5"

    return make


def _names(group: Any) -> list[str]:
    found: list[str] = []
    group.visit(found.append)
    return found


# SavedModel and TFLite -----------------------------------------------------------------------------------------------


def saved_model(kind: str) -> Maker:
    def make(folder: Path, mark: Path) -> Path:
        import tensorflow as tf

        place = str(mark)

        def evil(x: Any) -> Any:
            if kind == "write":
                tf.io.write_file(place, "x")
            elif kind == "read":
                x = x + tf.cast(tf.strings.length(tf.io.read_file("/etc/passwd")), tf.float32)
            elif kind == "print":
                tf.print("x", output_stream=f"file://{place}")
            elif kind == "save":
                tf.raw_ops.SaveV2(prefix=place, tensor_names=["x"], shape_and_slices=[""], tensors=[x])
            elif kind == "python":
                x = tf.numpy_function(lambda v: v, [x], tf.float32)
            elif kind == "merge":
                tf.raw_ops.MergeV2Checkpoints(
                    checkpoint_prefixes=[place], destination_prefix=place, delete_old_dirs=True
                )
            elif kind == "for ever":
                x = tf.while_loop(lambda v: True, lambda v: (v + 1.0,), (x,))[0]
            elif kind == "all memory":
                x = x + tf.reduce_sum(tf.zeros([tf.shape(x)[0] * (1 << 20), 1 << 20]))
            return tf.reduce_mean(x, [1, 2])

        module = tf.Module()
        function = tf.function(evil, input_signature=[tf.TensorSpec((None, 16, 16, 3), tf.float32)])
        module.run = function
        tf.saved_model.save(module, str(folder / "m"), signatures=function.get_concrete_function())
        mark.unlink(missing_ok=True)
        return folder / "m"

    return make


SAVED_MODEL = ("write", "read", "print", "save", "python", "merge", "for ever", "all memory")


def tflite(kind: str) -> Maker:
    def make(folder: Path, mark: Path) -> Path:
        import tensorflow as tf

        def function(x: Any) -> Any:
            if kind == "flex":
                x = x + tf.cast(tf.strings.length(tf.io.read_file("/etc/passwd")), tf.float32)
            return tf.reduce_mean(x, [1, 2])

        made = tf.function(function, input_signature=[tf.TensorSpec((1, 16, 16, 3), tf.float32)])
        converter = tf.lite.TFLiteConverter.from_concrete_functions([made.get_concrete_function()])
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
        data = bytearray(converter.convert())
        if kind == "shape":
            shape = struct.pack("<4i", 1, 16, 16, 3)
            at = data.index(shape)
            data[at : at + 16] = struct.pack("<4i", 1, 30_000, 30_000, 3)
        (folder / "m.tflite").write_bytes(bytes(data))
        return folder / "m.tflite"

    return make


# Checkpoints ---------------------------------------------------------------------------------------------------------


def checkpoint(kind: str) -> Maker:
    def make(folder: Path, mark: Path) -> Path:
        import torch

        if kind == "pickle":
            (folder / "w.pth").write_bytes(_pickle(mark))
        elif kind == "pickle in an archive":
            torch.save({"state_dict": _Touch(mark)}, folder / "w.pth")
        elif kind == "bomb":
            return bomb(folder / "w.pth", "w/data/0")
        elif kind == "safetensors header":
            (folder / "w.safetensors").write_bytes(struct.pack("<Q", 1 << 62) + b"{}")
            return folder / "w.safetensors"
        elif kind == "safetensors offsets":
            header = json.dumps({"x": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 1 << 42]}}).encode()
            (folder / "w.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
            return folder / "w.safetensors"
        return folder / "w.pth"

    return make


CHECKPOINTS = ("pickle", "pickle in an archive", "bomb", "safetensors header", "safetensors offsets")


def makers() -> Iterator[tuple[str, Maker]]:
    """Every hostile file by its name; a checkpoint's begins with ``weights``."""
    for name, line in TORCHSCRIPT.items():
        yield f"torchscript: {name}", torchscript(line)
    for name, body in (("at loading", AT_LOADING), ("in a fork", IN_A_FORK), ("in a child", IN_A_CHILD)):
        yield f"torchscript: {name}", torchscript_scripted(body)
    yield "torchscript: in other case", torchscript_in_other_case
    yield "torchscript: bomb", lambda folder, mark: bomb(folder / "m.pt", "m/data.pkl")
    yield "torchscript: pickle", lambda folder, mark: _written(folder / "m.pt", _pickle(mark))
    for name in ONNX:
        yield f"onnx: {name}", onnx(name)
    for name in KERAS:
        yield f"keras: {name}", keras(name)
    for name in ("os.system", "a lambda", "another SavedModel", "exec as activation"):
        yield f"h5: {name}", keras(name, ".h5")
    for name in ("climb", "nested", "bomb in the configuration", "bomb in the weights"):
        yield f"keras: {name}", keras_archive(name)
    for name in ("external link", "raw file", "compressed"):
        yield f"h5: {name}", h5_elsewhere(name)
    for name in SAVED_MODEL:
        yield f"saved model: {name}", saved_model(name)
    for name in ("flex", "shape"):
        yield f"tflite: {name}", tflite(name)
    for name in CHECKPOINTS:
        yield f"weights: {name}", checkpoint(name)


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
