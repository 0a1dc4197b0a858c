"""Torch, eager: modules of torchvision, timm and of users."""

from __future__ import annotations

import contextlib
import importlib
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only

from zoodata.graph import torch_meta, torch_reader
from zoodata.graph.executor import tensor_of
from zoodata.graph.network import Network
from zoodata.records.measurement import InputShape
from zoodata.runtimes.archives import TooLarge, check_expansion
from zoodata.runtimes.model import (
    Array,
    CannotRead,
    ForwardPass,
    Scorer,
    Weights,
    WeightsDoNotFit,
    in_brief,
    random_image,
)

with contextlib.suppress(ImportError):
    # Torch imports its compiler when something asks for it; after TensorFlow that ends the process (two LLVMs).
    importlib.import_module("triton")

CPU = torch.device("cpu")


@contextlib.contextmanager
def parameters_on_meta() -> Iterator[None]:
    """Build modules whose parameters have shapes and no storage, so that building costs nothing.

    Only parameters go to the meta device; everything a constructor computes with (torchvision's RegNet
    takes its widths from ``torch.arange``) stays real.
    """
    original = torch.nn.Module.register_parameter
    tables = _TablesAreReal()

    def register(self: torch.nn.Module, name: str, parameter: torch.nn.Parameter | None) -> None:
        if parameter is not None:
            with tables.aside():
                empty = torch.empty_like(parameter, device="meta")
            parameter = torch.nn.Parameter(empty, parameter.requires_grad)
        original(self, name, parameter)

    torch.nn.Module.register_parameter = register
    try:
        with tables:
            yield
    finally:
        torch.nn.Module.register_parameter = original


def built_on_meta(make: Callable[[], Any]) -> Any:
    """A module without storage for its parameters, or None where its constructor needs their contents or place.

    A few constructors compute with fresh parameters, or put index tables and masks on the device their parameters are
    on; such tables would lose their contents.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with parameters_on_meta():
                module = make()
        except Exception:
            return None  # the ordinary construction will say what is wrong, if anything is
    return None if any(buffer.is_meta for buffer in module.buffers()) else module


class _TablesAreReal(TorchDispatchMode):  # type: ignore[misc]
    """While a module is built on the meta device: initialising a parameter does nothing, and what else a constructor
    makes "where the parameters are" (index tables, masks) is made for real."""

    def __init__(self) -> None:
        super().__init__()
        self._aside = False

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Let what follows have the device it asks for."""
        self._aside = True
        try:
            yield
        finally:
            self._aside = False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if self._aside:
            return func(*args, **kwargs)
        if not any(tensor.is_meta for tensor in torch_meta.tensors((args, kwargs))):
            return func(*args, **(kwargs if kwargs.get("device") is None else {**kwargs, "device": CPU}))
        if func._schema.is_mutable and args[0].is_meta:
            return args[0]
        args, kwargs = tree_map_only(torch.Tensor, _as_meta, (args, kwargs))
        return func(*args, **kwargs)


class TorchModel:
    """A torch module in evaluation mode."""

    runtime: str = "torch"
    formats = (".safetensors", ".pth")

    _layout = torch.contiguous_format

    def __init__(self, module: torch.nn.Module, image: InputShape, classes: int) -> None:
        self._module = module.eval()
        self.input = image
        self.classes = classes

    def network(self) -> Network:
        """See :class:`zoodata.runtimes.model.Model`."""
        try:
            return torch_reader.read(self._module, (1, self.input.channels, self.input.height, self.input.width))
        except torch_reader.Unreadable as error:
            raise CannotRead(str(error)) from error
        except Exception as error:  # a model's forward may raise anything
            raise CannotRead(in_brief(error)) from error

    def at(self, height: int, width: int) -> TorchModel:
        """See :class:`zoodata.runtimes.model.Model`. Whether the module bears the size shows when it is read."""
        return TorchModel(self._module, self.input.model_copy(update={"height": height, "width": width}), self.classes)

    def stored(self) -> Weights:
        """See :class:`zoodata.runtimes.model.Model`."""
        return {name: tensor.detach().numpy() for name, tensor in _tensors(self._module) if not tensor.is_meta}

    def forward(self, image: Array, weights: Weights, precise: bool = False) -> Array:
        """See :class:`zoodata.runtimes.model.Model`."""
        dtype = torch.float64 if precise else torch.float32
        stored = {name: tensor_of(array).to(dtype) for name, array in weights.items()}
        for name, tensor in _tensors(self._module):
            if name not in stored and tensor.is_meta:  # a head that no forward pass reads
                stored[name] = torch.zeros(tensor.shape, dtype=dtype)
            elif name not in stored and tensor.is_floating_point() and tensor.dtype != dtype:
                stored[name] = tensor.to(dtype)
        inside = {f"module.{name}": tensor for name, tensor in stored.items()}
        try:
            with torch.inference_mode():
                given = (torch.from_numpy(image)[None].to(dtype),)
                output = torch.func.functional_call(_Told(self._module), inside, given)
        finally:
            self._module.eval()  # what it made of these weights is made of its own again
        scores = first_tensor(output)
        assert scores is not None, "the network was read, so there is one"
        return np.asarray(scores.numpy()).ravel()

    def save(self, weights: Weights, path: Path) -> None:
        """See :class:`zoodata.runtimes.model.Saves`. Tensors only: nothing in the file can run."""
        own = self._module.state_dict()
        state = OrderedDict((name, tensor.detach().clone().contiguous()) for name, tensor in own.items())
        for name, array in weights.items():
            if name in state:
                state[name] = torch.from_numpy(np.array(array)).to(state[name].dtype).reshape(state[name].shape)
        if path.suffix == ".safetensors":
            from safetensors.torch import save_file

            save_file(state, path)
        else:
            state._metadata = own._metadata  # type: ignore[attr-defined]  # each module's version
            torch.save(state, path)

    def inside(self, image: Array, weights: Weights, places: Sequence[str]) -> Weights:
        """See :class:`zoodata.graph.faithful.ShowsInside`."""
        shown: dict[str, Array] = {}
        wanted = set(places)

        def keep(name: str) -> Callable[..., None]:
            def hook(_: Any, __: Any, output: Any) -> None:
                if isinstance(output, torch.Tensor):
                    shown[name] = output.detach().numpy().copy()

            return hook

        handles = [m.register_forward_hook(keep(n)) for n, m in self._module.named_modules() if n in wanted]
        try:
            self.forward(image, weights)
        finally:
            for handle in handles:
                handle.remove()
        return shown

    def scorer(self, batch: int, device: str, threads: int) -> Scorer:
        """See :class:`zoodata.runtimes.model.Model`."""
        torch.set_num_threads(threads)
        module = self._module.to(place(device)).eval()

        def scores(images: Array) -> Array:
            with torch.inference_mode():
                tensor = first_tensor(module(torch.from_numpy(images).to(device, torch_reader.real_type(module))))
            assert tensor is not None, "a classifier returns scores"
            return np.asarray(tensor.float().cpu().numpy()).reshape(len(images), -1)

        return scores

    def prepare(self, batch: int, device: str, threads: int, seed: int) -> ForwardPass:
        """See :class:`zoodata.runtimes.model.Model`."""
        torch.set_num_threads(threads)
        where = place(device)
        module = self._module.to(where).eval()
        image = torch.from_numpy(random_image(self.input, batch, seed)).to(where, torch_reader.real_type(module))
        image = image.to(memory_format=self._layout)
        return TorchPass(lambda: module(image), where)

    def draw(self, seed: int) -> None:
        """Draw weights anew, in the order of the modules: kernels and matrices by He's rule, scales one, biases zero.

        Two zoos' one network then holds one set of numbers, and none that vanish: timm starts its residual branches at
        zero, and with each zoo's own start its ResNet-18 took 0.8 % longer than torchvision's, with these 0.1 %.
        """
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for module in self._module.modules():
                for name, parameter in module.named_parameters(recurse=False):
                    if parameter.ndim > 1:
                        fan_in = parameter[0].numel()
                        drawn = torch.randn(parameter.shape, generator=generator) * (2 / fan_in) ** 0.5
                        parameter.copy_(drawn)
                    elif name == "weight" and "Norm" in type(module).__name__:
                        parameter.fill_(1.0)
                    elif name == "bias":
                        parameter.zero_()

    def in_half(self) -> TorchModel:
        """The same model in half precision, its weights and its image: ``model.half()``, as users run it."""
        self._module = self._module.half()
        return self

    def in_channels_last(self) -> TorchModel:
        """The same model with its kernels, and the image that is timed, stored channels last."""
        self._module = self._module.to(memory_format=torch.channels_last)
        self._layout = torch.channels_last
        return self

    def compiled(self) -> TorchModel:
        """The same model behind ``torch.compile``; it compiles in the first forward pass."""
        model = TorchModel(self._module, self.input, self.classes)
        model._module = torch.compile(self._module)
        model.runtime = "torch-compiled"
        return model


class _Told(torch.nn.Module):  # type: ignore[misc]
    """A module that is told to evaluate before each pass: some then make something of the weights that they have."""

    def __init__(self, module: torch.nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, image: torch.Tensor) -> Any:
        self.module.eval()
        return self.module(image)


class TorchPass:
    """A forward pass without autograd that returns when the device is done."""

    def __init__(self, forward: Callable[[], Any], where: torch.device) -> None:
        self._forward, self._where = forward, where

    def __call__(self) -> None:
        """One iteration."""
        with torch.inference_mode():
            self._forward()
            if self._where.type == "cuda":
                torch.cuda.synchronize(self._where)

    def device_ns(self, iterations: int) -> list[int] | None:
        """Nanoseconds of iterations on the device itself, by CUDA events; None on a CPU."""
        if self._where.type != "cuda":
            return None
        marks = [
            (torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)) for _ in range(iterations)
        ]
        with torch.inference_mode(), torch.cuda.device(self._where):
            for start, end in marks:
                start.record()
                self._forward()
                end.record()
                torch.cuda.synchronize(self._where)
        return [max(1, round(start.elapsed_time(end) * 1e6)) for start, end in marks]

    def device_mib(self) -> int | None:
        """Most device memory that torch has held since the last question; None on a CPU."""
        if self._where.type != "cuda":
            return None
        most = torch.cuda.max_memory_allocated(self._where)
        torch.cuda.reset_peak_memory_stats(self._where)
        return int(most // 2**20)


def place(device: str) -> torch.device:
    """The device of this name.

    Raises:
        ValueError: where torch does not find it.
    """
    where = torch.device(device)
    if where.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(f"torch finds no {device} here")
    return where


def first_tensor(output: Any) -> torch.Tensor | None:
    """The scores among what a forward pass returns: the first tensor of a tuple, list, dict or dataclass."""
    return next(torch_meta.tensors(output), None)


def _tensors(module: torch.nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """Everything a module stores, each once, in the names its network uses."""
    yield from module.named_parameters()
    yield from module.named_buffers()


def _as_meta(tensor: torch.Tensor) -> torch.Tensor:
    return tensor if tensor.is_meta else torch.empty_like(tensor, device="meta")


def load_state(module: torch.nn.Module, path: Path) -> None:
    """Load a local checkpoint into a module; nothing in the file is executed.

    Raises:
        WeightsDoNotFit: when it is no checkpoint, or not one for this module.
    """
    try:
        state: Any = _loaded(path)
    except TooLarge as error:
        raise WeightsDoNotFit(f"{path.name}: {error}") from error
    except Exception as error:
        raise WeightsDoNotFit(f"{path.name} is not {_what_it_should_be(path)}") from error
    for key in ("state_dict", "model", "model_state_dict"):
        if isinstance(state, dict) and isinstance(state.get(key), dict):
            state = state[key]
    if not isinstance(state, dict):
        raise WeightsDoNotFit(f"{path.name} holds a {type(state).__name__}, not a state dict")
    named = OrderedDict((str(name).removeprefix("module."), tensor) for name, tensor in state.items())
    versions = getattr(state, "_metadata", None)
    if isinstance(versions, dict):
        named._metadata = {str(n).removeprefix("module."): v for n, v in versions.items()}  # type: ignore[attr-defined]
    try:
        try:
            module.load_state_dict(named)
        except ValueError:  # some modules refuse tensors without a version, which .safetensors cannot tell
            named._metadata = module.state_dict()._metadata  # type: ignore[attr-defined]
            module.load_state_dict(named)
    except (RuntimeError, ValueError) as error:
        raise WeightsDoNotFit(f"{path.name} does not fit: {in_brief(error)}") from error


def _what_it_should_be(path: Path) -> str:
    """What a file that does not load would have to be, and what it holds instead, found without running anything."""
    if path.suffix == ".safetensors":
        return "a safetensors file"
    try:
        unsafe = torch.serialization.get_unsafe_globals_in_checkpoint(path)
    except Exception:
        unsafe = []
    held = f": besides tensors it holds {', '.join(unsafe[:3])}, which could run code" if unsafe else ""
    return f"a plain torch checkpoint{held}"


def _loaded(path: Path) -> Any:
    check_expansion(path)
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(path)
    return torch.load(path, map_location="cpu", weights_only=True)
