"""Single mutations of real networks, made in their own framework, with the node that a diff must name.

``torch_mutants``, ``keras_mutants`` and ``onnx_mutants`` each yield, for one entry, every kind of mutation
that the network has a place for, at a place chosen by a seeded generator.
"""

from __future__ import annotations

import copy
import importlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from zoodata.graph.network import Network

# ruff: noqa: E501  (tables of mutations read better as tables)

TORCH = (
    "torchvision:resnet18", "torchvision:resnet50", "torchvision:vgg11_bn", "torchvision:mobilenet_v2",
    "torchvision:densenet121", "torchvision:googlenet", "torchvision:efficientnet_b0", "torchvision:squeezenet1_1",
    "torchvision:regnet_y_400mf", "timm:resnet50", "timm:vit_tiny_patch16_224", "timm:convnext_atto", "timm:mixer_s32_224",
)  # fmt: skip
KERAS = ("keras_applications:MobileNetV2", "keras_applications:ResNet50", "keras_applications:VGG16",
         "keras_applications:DenseNet121", "keras_applications:Xception")  # fmt: skip
ONNX = tuple(
    f"onnx_model_zoo:{name}" for name in ("resnet50", "bvlc_alexnet", "squeezenet", "inception_v1", "shufflenet")
)


@dataclass(frozen=True)
class Mutant:
    """One network and the same with one thing changed."""

    entry: str
    kind: str
    place: str
    """A word that the finding's place must contain on either side."""
    original: Network
    mutated: Network


def torch_mutants(entry: str, seed: int, each: int = 1) -> Iterator[Mutant]:
    """Mutants of a torch entry."""
    import torch
    from torch import nn

    from zoodata.graph import torch_reader
    from zoodata.zoos import registry

    zoo, _, name = entry.partition(":")
    model = registry.get(zoo).build(name, meta_device=True)
    module, shape = model._module, (1, model.input.channels, model.input.height, model.input.width)
    original = torch_reader.read(module, shape)
    generator = random.Random(f"{entry}{seed}")

    def meta_device(*sizes: int) -> Any:
        return nn.Parameter(torch.empty(sizes, device="meta"), requires_grad=False)

    def swap(root: nn.Module, path: str, new: nn.Module) -> None:
        parent, _, leaf = path.rpartition(".")
        setattr(root.get_submodule(parent), leaf, new)

    def conv(root: nn.Module, path: str) -> Any:
        return root.get_submodule(path)

    def kernel(root: nn.Module, path: str) -> None:
        layer = conv(root, path)
        size = 5 if layer.kernel_size[0] < 5 else 3
        layer.kernel_size, layer.padding = (size, size), (size // 2, size // 2)
        layer.weight = meta_device(*layer.weight.shape[:2], size, size)

    def stride(root: nn.Module, path: str) -> None:
        layer = conv(root, path)
        layer.stride = (1, 1) if layer.stride[0] > 1 else (2, 2)

    def dilation(root: nn.Module, path: str) -> None:
        layer = conv(root, path)
        layer.dilation, layer.padding = (2, 2), tuple(2 * p for p in layer.padding)

    def groups(root: nn.Module, path: str) -> None:
        layer = conv(root, path)
        new = 2 if layer.groups == 1 else layer.groups // 2
        inputs = layer.weight.shape[1] * layer.groups
        layer.groups, layer.weight = new, meta_device(layer.weight.shape[0], inputs // new, *layer.weight.shape[2:])

    def side(root: nn.Module, path: str) -> None:
        layer = conv(root, path)
        p = layer.padding[0]
        layer.padding = (0, 0)
        swap(root, path, nn.Sequential(nn.ZeroPad2d((p - 1, p + 1, p - 1, p + 1)), layer))

    def epsilon(root: nn.Module, path: str) -> None:
        conv(root, path).eps *= 100

    def activation(root: nn.Module, path: str) -> None:
        swap(root, path, nn.Hardswish() if not isinstance(conv(root, path), nn.Hardswish) else nn.ReLU())

    def removed(root: nn.Module, path: str) -> None:
        swap(root, path, nn.Identity())

    def inserted(root: nn.Module, path: str) -> None:
        swap(root, path, nn.Sequential(conv(root, path), nn.Tanh()))

    def norm_inserted(root: nn.Module, path: str) -> None:
        layer = conv(root, path)
        swap(root, path, nn.Sequential(nn.BatchNorm2d(layer.weight.shape[1] * layer.groups, device="meta"), layer))

    def average(root: nn.Module, path: str) -> None:
        pool = conv(root, path)
        swap(root, path, nn.AvgPool2d(pool.kernel_size, pool.stride, pool.padding, pool.ceil_mode))

    def ceil(root: nn.Module, path: str) -> None:
        conv(root, path).ceil_mode ^= True

    def width(root: nn.Module, path: str) -> None:
        parent = conv(root, path)
        first, norm, second = parent.conv1, parent.bn1, parent.conv2
        more = first.weight.shape[0] + 8
        first.weight = meta_device(more, *first.weight.shape[1:])
        second.weight = meta_device(second.weight.shape[0], more, *second.weight.shape[2:])
        fresh = nn.BatchNorm2d(more, eps=norm.eps, device="meta")
        norm.weight, norm.bias = fresh.weight, fresh.bias
        norm.running_mean, norm.running_var = fresh.running_mean, fresh.running_var

    def residual(root: nn.Module, path: str) -> None:
        block = conv(root, path)
        if hasattr(block, "use_res_connect"):
            block.use_res_connect = False
        else:
            block.forward = lambda x: block.relu(_main_path(block, x))

    def swapped(root: nn.Module, path: str) -> None:
        parts = list(conv(root, path).children())
        parts[1], parts[2] = parts[2], parts[1]
        swap(root, path, nn.Sequential(*parts))

    def reversed_concat(root: nn.Module, path: str) -> None:
        block = conv(root, path)
        plain = block._forward
        block._forward = lambda x: plain(x)[::-1]

    modules = dict(module.named_modules())
    convolutions = [n for n, m in modules.items() if type(m) is nn.Conv2d]

    def pick(test: Callable[[Any], bool], names: list[str] | None = None) -> list[str]:
        return [n for n in (names if names is not None else list(modules)) if n and test(modules[n])]

    activations = (nn.ReLU, nn.ReLU6, nn.SiLU, nn.GELU, nn.Hardswish)
    kinds: dict[str, tuple[Callable[[nn.Module, str], None], list[str]]] = {
        "kernel": (kernel, pick(lambda m: m.kernel_size in ((3, 3), (5, 5)) and m.dilation == (1, 1), convolutions)),
        "stride": (stride, convolutions),
        "dilation": (dilation, pick(lambda m: m.kernel_size == (3, 3) and m.dilation == (1, 1), convolutions)),
        "groups": (groups, pick(lambda m: m.in_channels % 4 == 0 and m.out_channels % 4 == 0, convolutions)),
        "padding side": (side, pick(lambda m: isinstance(m.padding, tuple) and m.padding[0] == m.padding[1] > 0, convolutions)),
        "epsilon": (epsilon, pick(lambda m: isinstance(m, (nn.BatchNorm2d, nn.LayerNorm)))),
        "activation": (activation, pick(lambda m: isinstance(m, activations))),
        "removed activation": (removed, pick(lambda m: isinstance(m, activations))),
        "removed norm": (removed, pick(lambda m: isinstance(m, (nn.BatchNorm2d, nn.LayerNorm)))),
        "inserted activation": (inserted, convolutions or pick(lambda m: type(m) is nn.Linear)),
        "inserted norm": (norm_inserted, convolutions),
        "pooling kind": (average, pick(lambda m: type(m) is nn.MaxPool2d)),
        "ceil mode": (ceil, pick(lambda m: type(m) is nn.MaxPool2d)),
        "width": (width, pick(lambda m: all(hasattr(m, a) for a in ("conv1", "bn1", "conv2", "relu")) and m is not module)),
        "removed residual": (residual, pick(_has_skip)),
        "swapped order": (swapped, pick(lambda m: type(m).__name__ == "Conv2dNormActivation" and len(list(m.children())) == 3)),
        "concat order": (reversed_concat, pick(lambda m: hasattr(m, "_forward") and type(m).__name__.startswith("Inception"))),
    }  # fmt: skip
    for kind, (mutate, places) in kinds.items():
        for path in generator.sample(places, min(each, len(places))):
            fresh = registry.get(zoo).build(name, meta_device=True)._module
            try:
                mutate(fresh, path)
                mutated = torch_reader.read(fresh, shape)
            except Exception:
                continue  # such a network does not run: shapes no longer meet
            yield Mutant(entry, kind, path, original, mutated)


def _has_skip(block: Any) -> bool:
    is_resnet = type(block).__name__ in ("BasicBlock", "Bottleneck") and type(block).__module__.startswith(
        "torchvision"
    )
    return is_resnet or bool(getattr(block, "use_res_connect", False))


def _main_path(block: Any, x: Any) -> Any:
    """A ResNet block without its skip."""
    x = block.bn2(block.conv2(block.relu(block.bn1(block.conv1(x)))))
    return block.bn3(block.conv3(block.relu(x))) if hasattr(block, "bn3") else x


def keras_mutants(entry: str, seed: int, each: int = 1) -> Iterator[Mutant]:
    """Mutants of a Keras entry: one layer's configuration changed, the model cloned."""
    from zoodata.runtimes.tensorflow import KerasModel
    from zoodata.zoos import registry

    zoo, _, name = entry.partition(":")
    model = registry.get(zoo).build(name, meta_device=True)
    keras = importlib.import_module("keras")  # after the zoo has set its backend
    original = model.network()
    generator = random.Random(f"{entry}{seed}")
    layers = {layer.name: layer for layer in model._model.layers}

    def changed(**values: Any) -> Callable[[Any], Any]:
        return lambda layer: type(layer).from_config({**layer.get_config(), **values})

    def scaled_epsilon(layer: Any) -> Any:
        return type(layer).from_config({**layer.get_config(), "epsilon": layer.get_config()["epsilon"] * 100})

    def of(*types: str) -> list[str]:
        return [n for n, layer in layers.items() if type(layer).__name__ in types]

    square = [n for n in of("Conv2D", "DepthwiseConv2D") if layers[n].kernel_size == (3, 3)]
    relu = [n for n in of("Activation") if layers[n].get_config()["activation"] == "relu"] + of("ReLU")
    same = [n for n in square if layers[n].padding == "same"]
    kinds: dict[str, tuple[Callable[[Any], Any], list[str]]] = {
        "kernel": (changed(kernel_size=(5, 5)), same),
        "dilation": (changed(dilation_rate=(2, 2)), [n for n in same if layers[n].strides == (1, 1)]),
        "stride": (changed(strides=(2, 2)), [n for n in of("Conv2D") if layers[n].strides == (1, 1)]),
        "epsilon": (scaled_epsilon, of("BatchNormalization")),
        "activation": (lambda layer: keras.layers.Activation("tanh", name=layer.name), relu),
        "removed activation": (lambda layer: keras.layers.Activation("linear", name=layer.name), relu),
        "removed norm": (lambda layer: keras.layers.Activation("linear", name=layer.name), of("BatchNormalization")),
        "pooling kind": (
            lambda layer: keras.layers.AveragePooling2D(layer.pool_size, layer.strides, layer.padding, name=layer.name),
            of("MaxPooling2D"),
        ),
        "padding side": (
            lambda layer: keras.layers.ZeroPadding2D(((2, 0), (2, 0)), name=layer.name),
            [n for n in of("ZeroPadding2D") if layers[n].padding in (((1, 1), (1, 1)), ((0, 1), (0, 1)))],
        ),
    }
    for kind, (mutate, places) in kinds.items():
        for place in generator.sample(places, min(each, len(places))):

            def clone(layer: Any, place: str = place, mutate: Callable[[Any], Any] = mutate) -> Any:
                return mutate(layer) if layer.name == place else type(layer).from_config(layer.get_config())

            try:
                mutated = KerasModel(
                    keras.models.clone_model(model._model, clone_function=clone), model.input
                ).network()
            except Exception:
                continue
            # A pad is part of the layer that reads it.
            seen = layers[place]._outbound_nodes[0].operation.name if kind == "padding side" else place
            yield Mutant(entry, kind, seen, original, mutated)


def onnx_mutants(entry: str, seed: int, each: int = 1) -> Iterator[Mutant]:
    """Mutants of an ONNX entry: one node of its graph changed."""
    import onnx

    from zoodata.graph import onnx_reader
    from zoodata.zoos import registry

    zoo, _, name = entry.partition(":")
    model = registry.get(zoo).build(name, meta_device=True)
    original = model.network()
    generator = random.Random(f"{entry}{seed}")

    def attribute(word: str, value: Any) -> Callable[[Any, int], None]:
        def change(graph: Any, number: int) -> None:
            node = graph.node[number]
            for old in [a for a in node.attribute if a.name == word]:
                node.attribute.remove(old)
            node.attribute.append(onnx.helper.make_attribute(word, value))

        return change

    def renamed(kind: str) -> Callable[[Any, int], None]:
        def change(graph: Any, number: int) -> None:
            node = graph.node[number]
            node.op_type = kind
            keep = {"AveragePool": {"kernel_shape", "strides", "pads"}}.get(kind, set())
            for old in [a for a in node.attribute if a.name not in keep]:
                node.attribute.remove(old)

        return change

    def turned(graph: Any, number: int) -> None:
        node = graph.node[number]
        node.input[:] = list(node.input)[::-1]

    def shifted(graph: Any, number: int) -> None:
        attribute("pads", [2, 0, 2, 0] if kernel(graph.node[number]) == 3 else [1, 0, 0, 1])(graph, number)

    def kernel(node: Any) -> int:
        result = [list(a.ints) for a in node.attribute if a.name == "kernel_shape"]
        return result[0][0] if result else 0

    def numbers(*kinds: str) -> list[int]:
        return [n for n, node in enumerate(model._model.graph.node) if node.op_type in kinds]

    nodes = model._model.graph.node
    wide = [n for n in numbers("Conv") if kernel(nodes[n]) == 3]
    kinds: dict[str, tuple[Callable[[Any, int], None], list[int]]] = {
        "stride": (attribute("strides", [2, 2]), wide),
        "dilation": (attribute("dilations", [2, 2]), wide),
        "epsilon": (attribute("epsilon", 1e-2), numbers("BatchNormalization")),
        "activation": (renamed("Tanh"), numbers("Relu")),
        "removed activation": (renamed("Identity"), numbers("Relu")),
        "removed norm": (renamed("Identity"), numbers("LRN")),
        "pooling kind": (renamed("AveragePool"), numbers("MaxPool")),
        "padding side": (shifted, wide),
        "concat order": (turned, numbers("Concat")),
    }
    for kind, (mutate, places) in kinds.items():
        for number in generator.sample(places, min(each, len(places))):
            changed_model = copy.deepcopy(model._model)
            try:
                mutate(changed_model.graph, number)
                mutated = onnx_reader.read(changed_model).network
            except Exception:
                continue
            yield Mutant(entry, kind, _name(original, nodes[number]), original, mutated)


def _name(network: Network, proto: Any) -> str:
    """The node's name in the network: the layer of its stored tensors, else its own result's name."""
    stored = {node.attributes["parameter"]: node.number for node in network.nodes if node.operator == "parameter"}
    read = {stored[name] for name in proto.input if name in stored}
    layer = next((n.name for n in network.operations if read & {edge.source for edge in n.inputs}), None)
    return layer or str(proto.output[0])
