"""The colours' model, slow enough to be killed in the middle of its work."""

from __future__ import annotations

import time

from tests.accuracy.colours import Colours


class Slow(Colours):
    def forward(self, image):
        time.sleep(0.03)
        return super().forward(image)


def model():
    return Slow()
