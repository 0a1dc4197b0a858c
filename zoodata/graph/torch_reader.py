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
from typing import Any

import torch
from torch.nn.modules import module as hooks
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only

from zoodata.graph import torch_meta, torch_operators
from zoodata.graph.canonical.builder import Builder, View
from zoodata.graph.canonical.finish import finish
from zoodata.graph.network import Network, Parameter, Role
from zoodata.graph.view import Shape

STATISTICS = {"running_mean", "running_var"}
BOOKKEEPING = "num_batches_tracked"

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
    module.eval()
    builder = Builder()
    image = torch.empty(input_shape, device=META, dtype=real_type(module))
    with _on_meta(module) as stored, torch.inference_mode():
        recorder = Recorder(builder, image, stored)
        with _places(module, builder, recorder), recorder:
            output = module(image)
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


class Recorder(TorchDispatchMode):  # type: ignore[misc]
    """Makes nodes of each aten call. Tensors are kept alive so that an id names one tensor only."""

    def __init__(self, builder: Builder, image: torch.Tensor, stored: list[tuple[torch.Tensor, Parameter]]) -> None:
        super().__init__()
        self.builder = builder
        self._alive: list[torch.Tensor] = []
        self._views: dict[int, View] = {}
        self._on_meta: dict[int, torch.Tensor] = {}
        # Which tensors show the same memory: writing to one changes the others.
        self._sharing: dict[int, list[torch.Tensor]] = {}
        self._stale: set[int] = set()
        self._parts: dict[int, tuple[torch.Tensor, Any, Any, Any]] = {}
        """Of a tensor that shows a part of another: that other, and how it was taken."""
        self._leaves = {id(tensor): parameter for tensor, parameter in stored if tensor.device == META}
        self._alive += [tensor for tensor, _ in stored]
        _, channels, height, width = image.shape
        self.name(image, builder.image(channels, height, width))

    def name(self, tensor: torch.Tensor, value: View) -> None:
        """Say which value a tensor is from now on."""
        if id(tensor) not in self._views:
            self._alive.append(tensor)
            self._sharing.setdefault(tensor.untyped_storage()._cdata, []).append(tensor)
        self._views[id(tensor)] = value
        self._stale.discard(id(tensor))

    def known(self, tensor: torch.Tensor) -> View | None:
        """The value that a tensor is, if it is one that was made here."""
        return None if id(tensor) in self._stale else self._views.get(id(tensor))

    def view(self, tensor: torch.Tensor) -> View:
        """The value a tensor is.

        Raises:
            Unreadable: when its memory was written to through another tensor.
        """
        if id(tensor) in self._stale:
            raise Unreadable("a tensor was changed in place through another one that shows part of it")
        known = self._views.get(id(tensor))
        if known is not None:
            return known
        parameter = self._leaves.get(id(tensor))
        if parameter is not None:
            value = self.builder.parameter(parameter.name, parameter.shape, parameter.role)
            self._views[id(tensor)] = value
            return value
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
        if all(tensor.device != META and id(tensor) not in self._on_meta for tensor in tensors):
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
        return tensor.device != META and id(tensor) not in self._on_meta

    def _make_dynamic(self, tensor: torch.Tensor) -> None:
        """A real tensor is about to receive values that depend on the image: go on with it on meta."""
        value = self.view(tensor)
        self._on_meta[id(tensor)] = torch.empty_like(tensor, device=META)
        self.name(tensor, value)

    def _meta(self, tensor: torch.Tensor) -> torch.Tensor:
        if tensor.device == META:
            return tensor
        twin = self._on_meta.get(id(tensor))
        return twin if twin is not None else torch.empty_like(tensor, device=META)

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
            self._parts[id(result)] = (args[0], func, args, kwargs)

    def _write(self, tensor: torch.Tensor, value: View) -> None:
        """A tensor was changed in place: those that show the same memory are that value, or unknown."""
        target = self._meta(tensor)
        if id(tensor) in self._parts:
            base, func, args, kwargs = self._parts[id(tensor)]
            before = self.view(base)
            self._write(base, torch_operators.replaced(self, func, args, kwargs, before, value))
            self.name(tensor, value)
            return
        for other in self._sharing.get(target.untyped_storage()._cdata, []):
            if other is tensor or other is target:
                continue
            whole = other.numel() == target.numel() and other.is_contiguous() and target.is_contiguous()
            if whole:
                self._views[id(other)] = self.builder.reshaped(value, tuple(other.shape))
            else:
                self._stale.add(id(other))
        self.name(tensor, value)


def _on(kwargs: dict[str, Any]) -> dict[str, Any]:
    return {**kwargs, "device": META} if kwargs.get("device") is not None else kwargs
