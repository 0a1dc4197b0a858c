"""What the timed process does to itself."""

from __future__ import annotations

import resource
import sys

import pytest

from zoodata.isolation import Worker
from zoodata.measure.timer import Timer, thrown_away

SIZE = 2**24


class Freeing(Timer):
    """Frees the top of its heap over and over, as a pass does with its activations. Runs in a worker."""

    def faults(self) -> int:
        """Page faults of twenty times taking and giving back three times 16 MB."""
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for _ in range(20):
            taken = [b"x" * SIZE for _ in range(3)]
            del taken
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


class Leaving(Freeing):
    """The same with the allocator as it is."""

    def __init__(self) -> None:
        pass


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator")
def test_what_a_pass_frees_stays_with_the_process():
    faults = {}
    for handler in ("Freeing", "Leaving"):
        with Worker(f"tests.measure.test_timer:{handler}") as worker:
            faults[handler] = worker.ask("faults")
    pages = 3 * SIZE // resource.getpagesize()
    assert faults["Freeing"] < 2 * pages
    assert faults["Leaving"] > 10 * pages


@pytest.mark.parametrize("passes", [2, 3, 4, 17])
def test_the_first_of_many_passes_does_not_count(passes):
    timer, ran = Timer(), []
    timer._run = lambda: ran.append(None)
    samples = timer.turn(passes)
    assert len(samples) == passes
    assert len(ran) - passes == thrown_away(passes) == (passes > 3)
