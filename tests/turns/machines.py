"""A made machine whose truth is known."""

from __future__ import annotations

import math
import random

from zoodata.turns import Taken, pairs_to_reference

PAIRS = pairs_to_reference(3, 2)


def machine(rounds, slowness, *, passes=2, noise=0.05, disturbed=0.0, wander=0.0, seed=0):
    """Nanoseconds and processor time on two cores, some of whose passes lose up to half of them to another program."""
    generator, ns, cpu_us, speed = random.Random(seed), [], [], 1.0
    for _ in range(rounds):
        speed *= math.exp(generator.gauss(0, wander))
        ns.append([])
        cpu_us.append([])
        for each in slowness:
            ns[-1].append([])
            cpu_us[-1].append([])
            for _ in range(passes):
                work = 1e7 * each * speed * math.exp(generator.gauss(0, noise))
                lost = generator.uniform(0.1, 1.0) if generator.random() < disturbed else 0.0
                ns[-1][-1].append(round(work * (1 + lost)))
                cpu_us[-1][-1].append(round(2 * work * (1 + lost / 3) * generator.uniform(0.97, 1.0) / 1e3))
    return ns, cpu_us


def taken(ns, sittings=1, device="cpu"):
    """The passes of a run of equally long sittings."""
    return Taken(ns, [len(ns) // sittings] * sittings, device)
