"""llms.txt: what this site is and where its data lie, for language models (llmstxt.org)."""

from __future__ import annotations

from pathlib import Path

from zoodata_site.views.site import Site

FILE = Path("llms.txt")


def write(site: Site, folder: Path, address: str) -> None:
    """Write the file below a folder; without an address its links are relative."""
    text = f"""# zoodata

> The discrepancies between pre-trained model zoos, measured and explained: {len(site.architectures)} architectures,
> {len(site.zoos)} zoos, {site.claims:,} claims, {site.measurements:,} measurements. Version {site.version}, CC BY 4.0.

A claim is what a source states; a measurement is what a run observed; a missing value is a recorded reason.
Comparable ranges and naive ranges are never mixed. Times hold for the machine they were measured on; ratios are
within one run and carry 95 % intervals.

## Data

- [API index]({address}api/v1/index.json): static JSON
- [All architectures]({address}api/v1/architectures.json): a line each
- [One architecture]({address}api/v1/architectures/resnet50.json): everything about it; replace the last part
- [Entries]({address}api/v1/entries.json): every zoo's name for every architecture
- [Everything]({address}download/zoodata.json.gz): all records; CSV and Parquet beside it

## How numbers are made

- [Methodology]({address}methodology.html)
- [API reference]({address}api.html)
- [Citation]({address}download.html#cite)
"""
    (folder / FILE).write_text(text, encoding="utf-8", newline="\n")
