"""The Atom feed: what is new or has changed, newest first."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from zoodata.wording.findings import sentence
from zoodata.wording.latency import interval
from zoodata_site.views.architecture import ArchitectureView
from zoodata_site.views.figures import pair_names
from zoodata_site.views.site import Site

FILE = Path("feed.xml")
ATOM = "http://www.w3.org/2005/Atom"
MOST = 100
MOST_OF_A_RELEASE = 5
"""Changes of one release: networks come first."""


@dataclass(frozen=True)
class Item:
    """One entry of the feed."""

    day: str
    title: str
    text: str
    page: str


def items(site: Site) -> list[Item]:
    """The newest discrepancies: compared networks that differ, measured times, changed numbers."""
    newest = [item for view in site.architectures for item in _of_architecture(view)]
    newest += [
        Item(site.newest, f"{zoo.title} changed {change.metric} of {change.entry}",
             f"From {change.before} ({change.was}) to {change.after} ({change.now}).", f"zoos/{zoo.name}.html#history")
        for zoo in site.zoos
        for change in zoo.changes
    ]  # fmt: skip
    newest += [
        Item(step.day, f"{zoo.title} {step.later}: {line.entry}", line.text, f"zoos/{zoo.name}.html#{step.anchor}")
        for zoo in site.zoos
        for step in zoo.releases
        for line in step.lines[:MOST_OF_A_RELEASE]
    ]
    return sorted(newest, key=lambda item: (item.day, item.title), reverse=True)[:MOST]


def _of_architecture(view: ArchitectureView) -> Iterator[Item]:
    architecture = view.discrepancies.architecture
    page = f"architectures/{architecture.id}.html"
    for compared in view.compared:
        pair = compared.pair
        if pair.verdict in ("parametric", "structural"):
            names = pair_names(pair.a, pair.b)
            text = " ".join(sentence(finding, names) for finding in pair.findings[:2])
            day = next((e.day for e in view.evidence if e.href.endswith(pair.record)), "")
            yield Item(day, f"{architecture.title}: {pair.a} and {pair.b} differ ({pair.verdict})", text,
                       f"{page}#networks")  # fmt: skip
    if view.discrepancies.latency is not None:
        timed = view.discrepancies.latency
        day = next((e.day for e in view.evidence if e.href.endswith(timed.record)), "")
        title = f"{architecture.title}: {timed.slowest} takes {timed.ratio:.2f} times as long as {timed.fastest}"
        text = f"95 % interval {interval(timed.low, timed.high, 2)}, on {timed.machine}."
        yield Item(day, title, text, f"{page}#latency")
    for answer in view.replies:
        reply, doubted = answer.reply, "" if answer.is_verified else " (unverified)"
        title = f"{architecture.title}: {reply.author}{doubted} answers"
        yield Item(reply.said_on, title, reply.text, f"{page}#replies")


def write(site: Site, folder: Path, address: str) -> None:
    """Write the feed below a folder.

    Args:
        address: of the site, with a slash at its end; without one links are relative, as RFC 4287 allows.
    """
    ElementTree.register_namespace("", ATOM)
    feed = ElementTree.Element(f"{{{ATOM}}}feed")
    _text(feed, "title", "zoodata: discrepancies between model zoos")
    _text(feed, "id", address or "urn:zoodata")
    _text(feed, "updated", _moment(site.newest))
    _link(feed, address or "./", None)
    _link(feed, f"{address}feed.xml", "self")
    author = ElementTree.SubElement(feed, f"{{{ATOM}}}author")
    _text(author, "name", "zoodata")
    for item in items(site):
        entry = ElementTree.SubElement(feed, f"{{{ATOM}}}entry")
        digest = hashlib.sha256(f"{item.day} {item.title}".encode()).hexdigest()
        _text(entry, "title", item.title)
        _text(entry, "id", f"urn:sha256:{digest}")
        _text(entry, "updated", _moment(item.day))
        _link(entry, f"{address}{item.page}", None)
        _text(entry, "summary", item.text)
    (folder / FILE).write_bytes(ElementTree.tostring(feed, encoding="utf-8", xml_declaration=True))


def _text(parent: ElementTree.Element, name: str, words: str) -> None:
    ElementTree.SubElement(parent, f"{{{ATOM}}}{name}").text = words


def _link(parent: ElementTree.Element, href: str, rel: str | None) -> None:
    ElementTree.SubElement(parent, f"{{{ATOM}}}link", {"href": href} | ({"rel": rel} if rel else {}))


def _moment(day: str) -> str:
    """A day, month or year as the feed's moment."""
    parts = day.split("-") if day[:4].isdigit() else ["1970"]
    return f"{'-'.join([*parts, '01', '01'][:3])}T00:00:00Z"
