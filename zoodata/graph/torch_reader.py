"""Read a torch module: one forward pass on the meta device, every aten operation put into canonical form.

Parameters are on the meta device, so a network of any size is read without its weights, without
arithmetic and in little memory. What does not depend on weights or image (index tables, masks, position
grids) is computed for real, and is a constant of the network. Inference mode shows operators whole
(``linear``, ``scaled_dot_product_attention``); those without a word of ours are split into others by torch
itself, and what remains is an opaque node that runs by its aten name.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch.nn.modules import module as hooks
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only

from zoodata.graph import torch_meta, torch_operators, torch_recurrent
from zoodata.graph.canonical.builder import Builder, View
from zoodata.graph.canonical.finish import finish
from zoodata.graph.network import Network, Parameter, Role
from zoodata.graph.view import Shape

STATISTICS = {"running_mean", "running_var"}
BOOKKEEPING = "num_batches_tracked"

OPERATORS = (torch_operators, torch_recurrent)
"""Where the operators in our words are: each registers its own."""

META = torch.device("meta")


class Unreadable(ValueError):
    """A torch module whose forward pass cannot be followed."""


def read(module: torch.nn.Module, input_shape: Shape) -> Network:
    """Trace one forward pass.

    Args:
        module: any module; its parameters are left as they are.
        input_shape: (1, channels, height, width).

    Raises:
        Unreadable: when the model changes a tensor under another name in a way that cannot be followed.
        Exception: whatever the model's own forward raises on meta tensors.
    """
    builder = Builder()
    image = torch.empty(input_shape, device=META, dtype=real_type(module))
    try:
        with _on_meta(module) as stored, torch.inference_mode():
            recorder = Recorder(builder, image, stored)
            with _places(module, builder, recorder), recorder:
                # Here, because some look a table up once when they are told to (LeViT's attention in mmpretrain).
                module.eval()
                output = module(image)
    finally:
        module.eval()  # what it made of weights on meta is made of its own again
    scores = next(torch_meta.tensors(output), None)
    if scores is None:
        raise Unreadable(f"the forward pass returns a {type(output).__name__} without a tensor in it")
    return finish(
        builder,
        "torch",
        tuple(input_shape[1:]),
        recorder.view(scores),
        [parameter for _, parameter in stored],
    )


def real_type(module: torch.nn.Module) -> torch.dtype:
    """The type of real numbers that a module calculates in: that of its first weight."""
    tensors = (tensor for tensor in (*module.parameters(), *module.buffers()) if tensor.is_floating_point())
    first = next(tensors, None)
    return torch.float32 if first is None else first.dtype


@contextlib.contextmanager
def _on_meta(module: torch.nn.Module) -> Iterator[list[tuple[torch.Tensor, Parameter]]]:
    """The module with parameters and statistics on meta; its own tensors are put back afterwards.

    Yields every stored tensor once, with its role. Counters of seen batches are bookkeeping, not state.
    """
    replaced: list[tuple[dict[str, Any], str, Any]] = []
    stored: list[tuple[torch.Tensor, Parameter]] = []
    on_meta: dict[int, torch.Tensor] = {}

    def put(holder: dict[str, Any], key: str, name: str, role: Role) -> None:
        original = holder[key]
        known = id(original) in on_meta
        if not known:
            meta = original if original.device == META else torch.empty_like(original, device=META)
            on_meta[id(original)] = meta
            stored.append((meta, Parameter(name, tuple(original.shape), role)))
        if on_meta[id(original)] is not original:
            replaced.append((holder, key, original))
            holder[key] = on_meta[id(original)]

    for prefix, part in module.named_modules():
        for key, parameter in part._parameters.items():
            if parameter is not None:
                put(part._parameters, key, f"{prefix}.{key}".lstrip("."), "parameter")
        for key, buffer in part._buffers.items():
            if buffer is None or key == BOOKKEEPING:
                continue
            name = f"{prefix}.{key}".lstrip(".")
            if key in STATISTICS:
                put(part._buffers, key, name, "statistic")
            elif key not in part._non_persistent_buffers_set:
                stored.append((buffer, Parameter(name, tuple(buffer.shape), "constant")))
    try:
        yield stored
    finally:
        for holder, key, original in replaced:
            holder[key] = original


@contextlib.contextmanager
def _places(module: torch.nn.Module, builder: Builder, recorder: Recorder) -> Iterator[None]:
    """Name the nodes made meanwhile by the module they are made in, and mark what each module gives."""
    names = {id(part): name for name, part in module.named_modules()}
    leaf = {id(part): not part._modules for part in module.modules()}
    stack: list[str] = []

    def enter(part: torch.nn.Module, _: Any) -> None:
        name = names.get(id(part))
        stack.append(builder.place)
        if name is not None:
            builder.place = name if leaf[id(part)] else f"{name}." if name else ""

    def leave(part: torch.nn.Module, _: Any, output: Any) -> None:
        builder.place = stack.pop()
        name = names.get(id(part))
        if name and isinstance(output, torch.Tensor) and (value := recorder.known(output)) is not None:
            builder.marks[name] = value

    handles = [hooks.register_module_forward_pre_hook(enter), hooks.register_module_forward_hook(leave)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


class Part(NamedTuple):
    """How a tensor that shows a part of another was taken from it."""

    base: torch.Tensor
    func: Any
    args: Any
    kwargs: Any


@dataclass
class Seen:
    """What is known of one tensor of a forward pass."""

    tensor: torch.Tensor
    """Kept alive, so that its id names no other."""
    parameter: Parameter | None = None
    """Which stored tensor of the module it is, if it is one on meta."""
    value: View | None = None
    """The value of the network that it is."""
    on_meta: torch.Tensor | None = None
    """What stands for a real tensor that has received values that depend on the image."""
    is_stale: bool = False
    """Whether its memory was written to through another tensor, so that its value is not known."""
    part: Part | None = None


class Recorder(TorchDispatchMode):  # type: ignore[misc]
    """Makes nodes of each aten call."""

    def __init__(self, builder: Builder, image: torch.Tensor, stored: list[tuple[torch.Tensor, Parameter]]) -> None:
        super().__init__()
        self.builder = builder
        self._seen: dict[int, Seen] = {}
        """By the tensor's id."""
        self._sharing: dict[int, list[Seen]] = {}
        """Which tensors show the same memory: writing to one changes the others."""
        for tensor, parameter in stored:
            self._seen[id(tensor)] = Seen(tensor, parameter if tensor.device == META else None)
        _, channels, height, width = image.shape
        self.name(image, builder.image(channels, height, width))

    def name(self, tensor: torch.Tensor, value: View) -> None:
        """Say which value a tensor is from now on."""
        seen = self._seen.setdefault(id(tensor), Seen(tensor))
        if seen.value is None:
            self._sharing.setdefault(tensor.untyped_storage()._cdata, []).append(seen)
        seen.value, seen.is_stale = value, False

    def known(self, tensor: torch.Tensor) -> View | None:
        """The value that a tensor is, if it is one that was made here."""
        seen = self._seen.get(id(tensor))
        return None if seen is None or seen.is_stale else seen.value

    def view(self, tensor: torch.Tensor) -> View:
        """The value a tensor is.

        Raises:
            Unreadable: when its memory was written to through another tensor.
        """
        seen = self._seen.get(id(tensor))
        if seen is not None:
            if seen.is_stale:
                raise Unreadable("a tensor was changed in place through another one that shows part of it")
            if seen.value is None and (stored := seen.parameter) is not None:
                seen.value = self.builder.parameter(stored.name, stored.shape, stored.role)
            if seen.value is not None:
                return seen.value
        if tensor.device == META:
            raise Unreadable("a table appears whose contents torch does not show (a Python list used as an index)")
        return self.builder.constant(tensor.detach().numpy())

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        word = str(func.overloadpacket.__name__)
        if torch_operators.is_random(word, args):
            raise Unreadable(f"draws random numbers in its forward pass ({word}): no two give the same scores")
        tensors = list(torch_meta.tensors((args, kwargs)))
        if word in torch_operators.DECIDES and any(tensor.device == META for tensor in tensors):
            raise Unreadable(
                "its forward pass depends on values it computes (control flow: an if, a loop or an item())"
            )
        if all(self._is_constant(tensor) for tensor in tensors):
            args, kwargs = tree_map_only(torch.device, lambda _: torch.device("cpu"), (args, kwargs))
            return func(*args, **kwargs)
        if word in torch_operators.SHAPE_ONLY:
            model = torch.zeros(args[0].shape, dtype=args[0].dtype)
            return func(model, *args[1:], **{**kwargs, "device": torch.device("cpu")})
        handler = torch_operators.find(word)
        if handler is None and func._can_decompose():
            with self:
                result = func.decompose(*args, **kwargs)
            if result is not NotImplemented:
                return result
        if func._schema.is_mutable and tensors and isinstance(args[0], torch.Tensor) and self._is_constant(args[0]):
            self._make_dynamic(args[0])
        are_metas = all(tensor.device == META for tensor in tensors)
        metas = (args, kwargs) if are_metas else tree_map_only(torch.Tensor, self._meta, (args, kwargs))
        result = torch_meta.result(word, *metas[0])
        if result is None:
            result = func(*metas[0], **_on(metas[1]))
        self._record(word, func, handler, args, kwargs, result)
        if func._schema.is_mutable and isinstance(args[0], torch.Tensor):
            return args[0]
        return result

    def _is_constant(self, tensor: torch.Tensor) -> bool:
        seen = self._seen.get(id(tensor))
        return tensor.device != META and (seen is None or seen.on_meta is None)

    def _make_dynamic(self, tensor: torch.Tensor) -> None:
        """A real tensor is about to receive values that depend on the image: go on with it on meta."""
        self.name(tensor, self.view(tensor))
        self._seen[id(tensor)].on_meta = torch.empty_like(tensor, device=META)

    def _meta(self, tensor: torch.Tensor) -> torch.Tensor:
        if tensor.device == META:
            return tensor
        seen = self._seen.get(id(tensor))
        return torch.empty_like(tensor, device=META) if seen is None or seen.on_meta is None else seen.on_meta

    def _record(self, word: str, func: Any, handler: Any, args: Any, kwargs: Any, result: Any) -> None:
        if func._schema.is_mutable:
            value = (handler or torch_operators.opaque)(self, func, args, kwargs, result)
            self._write(args[0], value)
            return
        made = (handler or torch_operators.opaque)(self, func, args, kwargs, result)
        outputs = list(torch_meta.tensors(result))
        for tensor, value in zip(outputs, made if isinstance(made, list) else [made], strict=True):
            if tuple(tensor.shape) != value.shape:
                raise Unreadable(f"{word}: our result is {value.shape}, torch's {tuple(tensor.shape)}")
            self.name(tensor, value)
        if word in ("slice", "select"):
            self._seen[id(result)].part = Part(args[0], func, args, kwargs)

    def _write(self, tensor: torch.Tensor, value: View) -> None:
        """A tensor was changed in place: those that show the same memory are that value, or unknown."""
        target = self._meta(tensor)
        seen = self._seen.get(id(tensor))
        if seen is not None and (part := seen.part) is not None:
            before = self.view(part.base)
            whole = torch_operators.replaced(self, part.func, part.args, part.kwargs, before, value)
            self._write(part.base, whole)
            self.name(tensor, value)
            return
        for other in self._sharing.get(target.untyped_storage()._cdata, []):
            if other.tensor is tensor or other.tensor is target:
                continue
            same_elements = other.tensor.numel() == target.numel()
            if same_elements and other.tensor.is_contiguous() and target.is_contiguous():
                other.value = self.builder.reshaped(value, tuple(other.tensor.shape))
            else:
                other.is_stale = True
        self.name(tensor, value)


def _on(kwargs: dict[str, Any]) -> dict[str, Any]:
    return {**kwargs, "device": META} if kwargs.get("device") is not None else kwargs
