"""A network that is right for a reason, and the same network with one thing otherwise.

Labels are what the sound network answers: its weights are drawn, so nothing is learnt, and yet every slip costs.
"""

from __future__ import annotations

import functools

import numpy as np
import torch
from torch import nn

from zoodata.graph import faithful, torch_reader
from zoodata.graph.edits import edits
from zoodata.graph.random_weights import random_weights
from zoodata.graph.running import scorer
from zoodata.images.sets import Item
from zoodata.measure.diagnosis import Diagnosis, diagnose
from zoodata.measure.trial import Answers, Change

CLASSES, IMAGES = 10, 500


class Small(nn.Sequential):
    def __init__(self):
        super().__init__(
            nn.Conv2d(3, 16, 3, 2, 1, bias=False), nn.BatchNorm2d(16, eps=1e-3), nn.ReLU(),
            nn.Conv2d(16, 24, 3, 2, 1, bias=False), nn.BatchNorm2d(24, eps=1e-3), nn.ReLU(),
            nn.Conv2d(24, 32, 3, 2, 1, bias=False), nn.BatchNorm2d(32, eps=1e-3), nn.ReLU(),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, CLASSES),
        )  # fmt: skip


@functools.cache
def sound():
    torch.manual_seed(0)
    network = torch_reader.read(Small().eval(), (1, 3, 24, 24))
    random = np.random.default_rng(3)
    images = random.standard_normal((IMAGES, 3, 24, 24)).astype(np.float32)
    images *= random.uniform(0.2, 3.0, (IMAGES, 1, 1, 1)).astype(np.float32)
    weights = faithful.calibrated(network, random_weights(network, 2), images[0])
    # Small variances, as of a network that has been trained, so that an epsilon matters.
    weights = {
        name: array * np.float32(1e-3) if "running_var" in name else array * np.float32(0.03) if "running_mean" in name
        or (name.endswith("weight") and array.ndim == 4) else array
        for name, array in weights.items()
    }  # fmt: skip
    scores = scorer(network, weights)(images)
    return network, weights, images, scores.mean(axis=0), (scores - scores.mean(axis=0)).argmax(axis=1)


def planted(code: str | None) -> tuple[Change, Diagnosis]:
    """The slip of a kind that costs most, and what is said of the network that has it; without a kind the sound one."""
    network, weights, images, mean, labels = sound()
    changed = (network, weights)
    change = Change("activation", "as it is", "as it is", 0)
    if code is not None:
        found = [each for each in edits(network, weights) if each.code == code]
        cost = [_right(scorer(each.network, each.weights)(images) - mean, labels).mean() for each in found]
        worst = found[int(np.argmin(cost))]
        change = Change(worst.code, worst.was, worst.becomes, worst.places)
        changed = (worst.network, worst.weights)
    candidates = [(change, *changed)]
    candidates += [
        (Change(each.code, each.was, each.becomes, each.places), each.network, each.weights) for each in edits(*changed)
    ]

    def tries(items, which):
        answers = []
        places = [int(item.name) for item in items]
        for number in which:
            _, own, stored = candidates[number]
            scores = scorer(own, stored)(images[places]) - mean
            logs = (
                scores
                - np.log(np.exp(scores - scores.max(1, keepdims=True)).sum(1, keepdims=True))
                - scores.max(1, keepdims=True)
            )
            chosen = logs[np.arange(len(places)), labels[places]]
            answers.append(Answers(tuple(map(float, chosen)), tuple(map(bool, _right(scores, labels[places])))))
        return answers

    items = [Item(str(number), int(label), "") for number, label in enumerate(labels)]
    return change, diagnose([each[0] for each in candidates], tries, items)


def _right(scores, labels):
    return scores.argmax(axis=1) == labels
