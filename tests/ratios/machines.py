"""A made machine whose truth is known."""

from __future__ import annotations

import math
import random

from zoodata.ratios import Samples, quotients_to_reference

QUOTIENTS = quotients_to_reference(3, 2)


def machine(rounds, slowness, *, iterations=2, noise=0.05, disturbed=0.0, wander=0.0, seed=0):
    """Nanoseconds and processor time on two cores; some iterations lose up to half of them to another program."""
    generator, ns, cpu_us, speed = random.Random(seed), [], [], 1.0
    for _ in range(rounds):
        speed *= math.exp(generator.gauss(0, wander))
        ns.append([])
        cpu_us.append([])
        for each in slowness:
            ns[-1].append([])
            cpu_us[-1].append([])
            for _ in range(iterations):
                work = 1e7 * each * speed * math.exp(generator.gauss(0, noise))
                lost = generator.uniform(0.1, 1.0) if generator.random() < disturbed else 0.0
                ns[-1][-1].append(round(work * (1 + lost)))
                cpu_us[-1][-1].append(round(2 * work * (1 + lost / 3) * generator.uniform(0.97, 1.0) / 1e3))
    return ns, cpu_us


def samples(ns, sessions=1, device="cpu"):
    """The iterations of a run of equally long sessions."""
    return Samples(ns, [len(ns) // sessions] * sessions, device)
