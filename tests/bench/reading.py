"""Reading, canonicalising, counting and digesting networks: beside the counters people use, and all of them."""

from __future__ import annotations

import contextlib
import io
import logging
import multiprocessing
import os
import resource
import time
import warnings
from collections.abc import Callable
from statistics import median
from typing import Any, NamedTuple

EVERY = 40
"""Peers are run on every so manyth timm model."""
PATIENCE = 60.0
"""Seconds after which one tool is stopped on one model; it then counts as having taken so long."""


class Cost(NamedTuple):
    """What one tool took for one model, from its name to its count."""

    seconds: float
    mebibytes: float
    """Growth of the process at its largest over what it was when every tool had run once."""
    macs: float | None
    """None: stopped, or failed."""


def peers() -> None:
    """Every 40th timm model: ours against fvcore, torchinfo, calflops, ptflops and torch's FlopCounterMode.

    Each tool gets a fresh process for each model, interleaved, and does what a user would do: build the model,
    count it. The peers need its parameters and a real forward pass; they do not canonicalise or digest.
    """
    import torch

    from zoodata.zoos import registry

    tools = _tools()
    torch.set_num_threads(1)  # no thread may live when this process forks
    with _quiet():
        for work in tools.values():
            work("test_resnet")  # what a tool imports or compiles at its first use
    names = registry.get("timm").entries()[::EVERY]
    faster, leaner, failed = [], [], dict.fromkeys(tools, 0)
    total = dict.fromkeys(tools, 0.0)
    memory = dict.fromkeys(tools, 0.0)
    for name in names:
        costs = {tool: _cost(work, name) for tool, work in tools.items()}
        for tool, cost in costs.items():
            total[tool] += cost.seconds
            memory[tool] = max(memory[tool], cost.mebibytes)
        ours = costs.pop("zoodata")
        done = {tool: cost for tool, cost in costs.items() if cost.macs is not None or cost.seconds >= PATIENCE}
        for tool in costs.keys() - done.keys():
            failed[tool] += 1
        fastest = min(done, key=lambda tool: done[tool].seconds)
        leanest = min(done, key=lambda tool: done[tool].mebibytes)
        faster.append(done[fastest].seconds / ours.seconds)
        leaner.append(done[leanest].mebibytes / ours.mebibytes)
        print(
            f"{name:36.36} zoodata {ours.seconds:5.2f} s {ours.mebibytes:5.0f} MiB   fastest {fastest:8} "
            f"{done[fastest].seconds:6.2f} s {faster[-1]:5.1f} x   leanest {leanest:8} "
            f"{done[leanest].mebibytes:6.0f} MiB {leaner[-1]:5.1f} x",
            flush=True,
        )
    ours_total, ours_memory = total.pop("zoodata"), memory.pop("zoodata")
    quickest, smallest = min(total, key=lambda tool: total[tool]), min(memory, key=lambda tool: memory[tool])
    print(
        f"{len(names)} timm models in {ours_total:.1f} s; the fastest peer over all, {quickest}, takes "
        f"{total[quickest]:.1f} s: {total[quickest] / ours_total:.1f} times as long. Against whatever peer is fastest "
        f"on each model: median {median(faster):.1f} times ({min(faster):.1f} to {max(faster):.1f})"
    )
    print(
        f"memory at its most: {ours_memory:.0f} MiB; the leanest peer, {smallest}: {memory[smallest]:.0f} MiB, "
        f"{memory[smallest] / ours_memory:.1f} times as much. Against the leanest on each model: median "
        f"{median(leaner):.1f} times"
    )
    print(
        "seconds in all (a stop after a minute counts as one): "
        + ", ".join(f"{tool} {seconds:.0f}" for tool, seconds in total.items())
    )
    print("failed on: " + (", ".join(f"{tool} {count}" for tool, count in failed.items() if count) or "none"))


def everything() -> None:
    """The whole of torchvision and timm, on two processes."""
    from zoodata.measure.host import LEAN

    os.environ |= LEAN  # as a sweep's workers run, and like them renewed after some two hundred networks
    parts = 8
    with multiprocessing.get_context("spawn").Pool(2, maxtasksperchild=1) as pool:
        start = time.perf_counter()
        result = pool.map(_whole, [(part, parts) for part in range(parts)], chunksize=1)
        took = time.perf_counter() - start
    read, failed = sum(f[0] for f in result), [name for f in result for name in f[1]]
    peak = max(f[2] for f in result)
    print(
        f"torchvision and timm: {read} models read, counted and digested in {took:.0f} s on two processes, at most "
        f"{peak / 1024:.2f} GiB each; not read: {', '.join(failed) or 'none'}"
    )


def _whole(part: tuple[int, int]) -> tuple[int, list[str], float]:
    import torch

    from zoodata.graph.counter import count
    from zoodata.graph.digest import digest
    from zoodata.runtimes.model import CannotRead
    from zoodata.zoos import registry
    from zoodata.zoos.base import ZooError

    torch.set_num_threads(1)
    read, failed = 0, []
    with _quiet():
        for zoo in map(registry.get, ("torchvision", "timm")):
            for name in zoo.entries()[part[0] :: part[1]]:
                try:
                    network = zoo.build(name, meta_device=True).network()
                except (CannotRead, ZooError):
                    failed.append(f"{zoo.name}:{name}")
                    continue
                count(network), digest(network)
                read += 1
    return read, failed, _peak()


def _tools() -> dict[str, Callable[[str], float]]:
    """Name to a function from a timm model's name to its MACs. Everything is imported here, once."""
    import timm
    import torch
    from calflops import calculate_flops
    from fvcore.nn import FlopCountAnalysis
    from ptflops import get_model_complexity_info
    from torch.utils.flop_counter import FlopCounterMode
    from torchinfo import summary

    from zoodata.graph.counter import count
    from zoodata.graph.digest import digest
    from zoodata.zoos import registry

    zoo = registry.get("timm")

    def zoodata(name: str) -> float:
        network = zoo.build(name, meta_device=True).network()
        digest(network)
        return count(network).macs

    def built(name: str) -> tuple[Any, tuple[int, ...]]:
        model = timm.create_model(name, pretrained=False).eval()
        return model, tuple(model.pretrained_cfg["input_size"])

    def fvcore(name: str) -> float:
        model, size = built(name)
        analysis = FlopCountAnalysis(model, torch.zeros(1, *size))
        return analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False).total()

    def torchinfo(name: str) -> float:
        model, size = built(name)
        return summary(model, input_data=torch.zeros(1, *size), verbose=0).total_mult_adds

    def calflops(name: str) -> float:
        model, size = built(name)
        return calculate_flops(model, (1, *size), print_results=False, output_as_string=False)[1]

    def ptflops(name: str) -> float:
        model, size = built(name)
        result = get_model_complexity_info(model, size, as_strings=False, print_per_layer_stat=False, verbose=False)
        if result[0] is None:
            raise RuntimeError("ptflops gave no count")
        return result[0]

    def flop_counter(name: str) -> float:
        model, size = built(name)
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            model(torch.zeros(1, *size))
        return counter.get_total_flops() / 2

    tools = (zoodata, fvcore, torchinfo, calflops, ptflops, flop_counter)
    return {tool.__name__: tool for tool in tools}


def _cost(work: Callable[[str], float], name: str) -> Cost:
    """Run one tool on one model in a fork of this process, which never computed anything itself."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_child, args=(sender, work, name))
    child.start()
    sender.close()
    try:
        if receiver.poll(PATIENCE):
            return Cost(*receiver.recv())
        return Cost(PATIENCE, _peak_of(child.pid), None)
    except EOFError:
        return Cost(0.0, 0.0, None)
    finally:
        child.kill()
        child.join()


def _child(sender: Any, work: Callable[[str], float], name: str) -> None:
    import torch

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    before = _peak()
    start = time.perf_counter()
    macs = None
    with _quiet(), contextlib.suppress(Exception):
        macs = float(work(name))
    sender.send((time.perf_counter() - start, _peak() - before, macs))
    sender.close()
    os._exit(0)


def _peak() -> float:
    """Largest size this process ever had, in MiB (Linux counts it in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _peak_of(pid: int | None) -> float:
    """Size of another process now, in MiB over this one's."""
    import psutil

    return (psutil.Process(pid).memory_info().rss - psutil.Process().memory_info().rss) / 2**20


@contextlib.contextmanager
def _quiet() -> Any:
    logging.disable(logging.WARNING)
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        yield
