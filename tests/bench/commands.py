"""Whole commands as a user types them, cold, with every core: what is waited for, imports and all."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from statistics import median

from tests.bench.clock import seconds

MODELS = 16
ROUNDS = 3

COMMANDS: tuple[tuple[str, ...], ...] = (
    ("--help",),
    ("zoos",),
    ("diff", "torchvision:resnet50", "timm:resnet50"),
    ("diff", "torchvision:resnet50", "keras_applications:ResNet50"),
)

PEER = """
import sys
from multiprocessing import get_context

def macs(name):
    import timm, torch
    from torch.utils.flop_counter import FlopCounterMode
    torch.set_num_threads(1)
    model = timm.create_model(name).eval()
    try:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            model(torch.zeros(1, *model.pretrained_cfg["input_size"]))
    except Exception as error:  # it has no answer for some
        return repr(error)
    return counter.get_total_flops() // 2

if __name__ == "__main__":
    from os import cpu_count
    with get_context("spawn").Pool(cpu_count()) as pool:
        print(*pool.map(macs, sys.argv[1:], chunksize=1))
"""
"""What somebody would write: torch's own counter in a process for each core."""


def commands() -> None:
    """Seconds of the commands that people type first, and of counting models beside torch's FlopCounterMode."""
    zoodata = (sys.executable, "-c", "from zoodata.cli.main import main; main()")
    for command in COMMANDS:
        took = [_seconds((*zoodata, *command)) for _ in range(ROUNDS)]
        print(f"zoodata {' '.join(command):60} {median(took):6.2f} s")
    from zoodata.zoos import registry

    entries = registry.get("timm").entries()
    names = entries[:: len(entries) // MODELS][:MODELS]
    with tempfile.TemporaryDirectory() as folder:
        script = f"{folder}/peer.py"
        with open(script, "w", encoding="utf-8") as file:
            file.write(PEER)
        count = (*zoodata, "bench", "architecture", *(f"timm:{name}" for name in names), "--force", "--data", folder)
        checked, counted, peer = [], [], []
        for _ in range(ROUNDS):
            checked.append(_seconds(count))
            counted.append(_seconds((*count, "--no-check")))
            peer.append(_seconds((sys.executable, script, *names)))
    print(
        f"{MODELS} timm models, whole commands: counted {median(counted):.1f} s, counted and each run against its "
        f"network {median(checked):.1f} s, torch's FlopCounterMode {median(peer):.1f} s"
    )


def _seconds(command: Sequence[str]) -> float:
    return seconds(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
