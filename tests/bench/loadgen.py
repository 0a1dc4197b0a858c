"""MLPerf LoadGen around the very forward pass that zoodata times."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

from zoodata.measure import timer

MIN_QUERIES = 20
"""Of a stream, and iterations of the repetition it is compared with."""


class LoadGenTimer(timer.Timer):
    """The timed worker, with a second clock."""

    def single_stream(self, seconds: float) -> float:
        """Median nanoseconds of a forward pass in LoadGen's single-stream scenario."""
        import mlperf_loadgen as loadgen

        run = self._run
        assert run is not None

        def issue(queries: list[Any]) -> None:
            for query in queries:
                run()
                loadgen.QuerySamplesComplete([loadgen.QuerySampleResponse(query.id, 0, 0)])

        settings = loadgen.TestSettings()
        settings.scenario = loadgen.TestScenario.SingleStream
        settings.mode = loadgen.TestMode.PerformanceOnly
        settings.min_duration_ms = int(seconds * 1000)
        settings.min_query_count = MIN_QUERIES
        with tempfile.TemporaryDirectory() as folder:
            output = loadgen.LogOutputSettings()
            output.outdir = folder
            log = loadgen.LogSettings()
            log.log_output = output
            system = loadgen.ConstructSUT(issue, lambda: None)
            library = loadgen.ConstructQSL(1, 1, lambda samples: None, lambda samples: None)
            loadgen.StartTestWithLogSettings(system, library, settings, log)
            loadgen.DestroyQSL(library)
            loadgen.DestroySUT(system)
            summary = (Path(folder) / "mlperf_log_summary.txt").read_text()
        return float(re.search(r"50\.00 percentile latency \(ns\)\s*:\s*(\d+)", summary)[1])  # type: ignore[index]
