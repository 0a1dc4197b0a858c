"""Documents that state numbers, as rows of labelled cells: tables of many forms, YAML, JSON, CSV, Python.

Only the form is read here: which text stands under which header or key, in which line. What a cell means is
for :mod:`zoodata.collectors.verify`. Nothing of a document is run.
"""

from __future__ import annotations

import ast
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from itertools import pairwise

import yaml

TAG = re.compile(r"<[^>]*>")
LINK = re.compile(r"!?\[([^\]]*)\]\(([^)]*)\)")
SEPARATOR = re.compile(r"^[\s|:+-]*-[\s|:+-]*$")
MODEL_INDEX = re.compile(r"Type: model-index\s*\n(.*?)-->", re.DOTALL)


@dataclass(frozen=True)
class Cell:
    """One text with what stands over or before it."""

    label: str
    """Header of the column, or path of keys."""
    text: str
    line: int


@dataclass(frozen=True)
class Row:
    """What a document says of one thing, in lines ``first`` to ``last``."""

    first: int
    last: int
    cells: tuple[Cell, ...]
    title: str = ""
    """What names it from outside: a key, a symbol, the title over a group of rows."""

    @property
    def text(self) -> str:
        """All of it, its title first."""
        return " \n ".join([self.title, *(cell.text for cell in self.cells)])


def rows(path: str, text: str) -> list[Row]:
    """Every row of a document, of whatever form; of nested ones the inner before the outer.

    Args:
        path: its name, which says its form.
    """
    suffix = path.rpartition(".")[2].lower()
    if suffix == "csv":
        return list(_csv(text))
    if suffix in ("yaml", "yml", "json"):
        return list(_yaml(text, 0))
    found = [*_pipe_tables(text), *_html_tables(text), *_blank_tables(text)]
    for block in MODEL_INDEX.finditer(text):
        found += _yaml(block[1], text.count("\n", 0, block.start(1)))
    if suffix == "py":
        found += _python(text)
    return found or list(_lines(text))


def _lines(text: str) -> Iterator[Row]:
    """Prose: each line says what its words say."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            yield Row(number, number, (Cell(line, line, number),))


def _csv(text: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""))
    header: list[str] = []
    for values in reader:
        if not header:
            header = values
            continue
        cells = tuple(Cell(label, value, reader.line_num) for label, value in zip(header, values, strict=False))
        yield Row(reader.line_num, reader.line_num, cells)


def _split(line: str) -> list[str]:
    """The cells of a line of a pipe table."""
    inner = re.sub(r"\\\|", "/", line.strip())
    inner = inner.removeprefix("|").removesuffix("|")
    return [cell.strip() for cell in inner.split("|")]


def _pipe_tables(text: str) -> Iterator[Row]:
    """Tables of Markdown, also inside docstrings. A row whose first cell begins with a dash continues its title."""
    lines = text.splitlines()
    header: list[str] = []
    pairs: list[Row] = []
    title, inside = "", False
    for number, (line, following) in enumerate(pairwise([*lines, ""]), 1):
        if SEPARATOR.match(line) and inside:
            continue
        if "|" not in line:
            yield from _key_value(pairs)
            header, pairs, title, inside = [], [], "", False
            continue
        values = _split(line)
        if not inside and "|" in following and SEPARATOR.match(following):
            header, inside = values, True
            continue
        if not header:
            continue
        labels = [*header, *[""] * (len(values) - len(header))]
        own = values[0].startswith(("-", "└")) and len(values[0]) > 1
        title = title if own else values[0]
        row = Row(number, number, tuple(Cell(*pair, number) for pair in zip(labels, values, strict=False)),
                  title if own else "")  # fmt: skip
        pairs.append(row)
        yield row
    yield from _key_value(pairs)


def _key_value(table: list[Row]) -> Iterator[Row]:
    """A table whose first column names metrics is one row, with those as labels."""
    if table and len(table[0].cells) in (2, 3, 4):
        cells = tuple(replace(c, label=row.cells[0].text) for row in table if row.cells for c in row.cells[1:])
        yield Row(table[0].first, table[-1].last, cells)


class _Tables(HTMLParser):
    """Cells of HTML tables on a grid, spans spread out."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Row] = []
        self._grid: dict[tuple[int, int], Cell] = {}
        self._headers: dict[int, list[str]] = {}
        self._row = self._column = -1
        self._cell: list[str] | None = None
        self._span, self._is_header, self._starts, self._line = (1, 1), False, {}, 0  # type: ignore[var-annotated]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "table":
            self._grid, self._headers, self._row, self._starts = {}, {}, -1, {}
        elif tag == "tr":
            self._row, self._column = self._row + 1, -1
            self._starts[self._row] = self.getpos()[0]
        elif tag in ("td", "th"):
            self._finish()
            self._cell, self._is_header, self._line = [], tag == "th", self.getpos()[0]
            self._span = tuple(max(1, min(40, int(v))) if (v := given.get(k) or "1").isdigit() else 1
                               for k in ("rowspan", "colspan"))  # type: ignore[assignment]  # fmt: skip
        elif tag == "a" and self._cell is not None and given.get("href"):
            self._cell.append(f" {given['href']} ")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._finish()
        elif tag == "table":
            self._take()

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)

    def _finish(self) -> None:
        if self._cell is None:
            return
        text, self._cell = " ".join("".join(self._cell).split()), None
        self._column += 1
        while (self._row, self._column) in self._grid:
            self._column += 1
        for down in range(self._span[0]):
            for right in range(self._span[1]):
                place = self._row + down, self._column + right
                if self._is_header:
                    self._headers.setdefault(place[1], []).append(text)
                self._grid[place] = Cell("th" if self._is_header else "", text, self._line)
        self._column += self._span[1] - 1

    def _take(self) -> None:
        for number, start in self._starts.items():
            own = [(column, cell) for (row, column), cell in sorted(self._grid.items()) if row == number]
            cells = tuple(
                replace(cell, label=" ".join(self._headers.get(column, [])))
                for column, cell in own if cell.label != "th"
            )  # fmt: skip
            if cells:
                self.found.append(Row(start, max(start, *(cell.line for cell in cells)), cells))


def _html_tables(text: str) -> list[Row]:
    if "<table" not in text:
        return []
    parser = _Tables()
    parser.feed(text)
    return parser.found


def _directive(lines: list[str], start: int) -> Iterator[Row]:
    """The rows of a ``csv-table``: indented, its header an option."""
    header: list[str] = []
    for number in range(start + 1, len(lines)):
        line = lines[number]
        if line.strip() and not line.startswith((" ", "\t")):
            return
        if line.strip().startswith(":header:"):
            header = next(csv.reader([line.partition(":header:")[2].strip()], skipinitialspace=True))
        elif line.strip() and not line.strip().startswith(":"):
            values = next(csv.reader([line.strip()], skipinitialspace=True))
            yield Row(
                number + 1, number + 1, tuple(Cell(*pair, number + 1) for pair in zip(header, values, strict=False))
            )


MOST_NODES = 2_000_000
"""Of a YAML document, each counted for every mapping around it."""

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's, where PyYAML has it: ten times as fast."""

RULE = re.compile(r"^\s*=+(\s+=+)+\s*$")


def _blank_tables(text: str) -> Iterator[Row]:
    """Tables of reStructuredText: columns between rules of equals signs, and ``csv-table`` directives."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if line.lstrip().startswith(".. csv-table::"):
            yield from _directive(lines, number)
    rules = [number for number, line in enumerate(lines) if RULE.match(line)]
    for top, middle, bottom in zip(rules[::3], rules[1::3], rules[2::3], strict=False):
        spans = [match.span() for match in re.finditer(r"=+", lines[top])]
        edges = [(start, following) for (start, _), (following, _) in pairwise([*spans, (None, None)])]
        header = [" ".join(line[a:b].strip() for line in lines[top + 1 : middle]) for a, b in edges]
        for number in range(middle + 1, bottom):
            values = [lines[number][a:b].strip() for a, b in edges]
            yield Row(number + 1, number + 1, tuple(map(Cell, header, values, [number + 1] * len(values))))


class _TooMuch(Exception):
    """More nodes than an honest document has: aliases of aliases."""


@dataclass
class _Budget:
    """How many nodes may still be looked at."""

    left: int = MOST_NODES

    def spend(self) -> None:
        """Take one."""
        self.left -= 1
        if self.left < 0:
            raise _TooMuch


def _yaml(text: str, above: int) -> list[Row]:
    """Every mapping of a document, the inner ones first; ``above`` lines stand before it."""
    found: list[Row] = []
    budget = _Budget()
    try:
        for document in yaml.compose_all(text, Loader=LOADER):
            if document is not None:
                found += _mappings(document, "", above, budget)
    except (yaml.YAMLError, RecursionError, _TooMuch):
        return []
    return found


def _mappings(node: yaml.Node, title: str, above: int, budget: _Budget) -> Iterator[Row]:
    budget.spend()
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _mappings(item, title, above, budget)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else ""
            yield from _mappings(value, f"{title} \n {name}" if title else name, above, budget)
        cells = tuple(_scalars(node, "", above, budget))
        if cells:
            yield Row(node.start_mark.line + 1 + above, node.end_mark.line + 1 + above, cells, title)


def _scalars(node: yaml.Node, label: str, above: int, budget: _Budget) -> Iterator[Cell]:
    budget.spend()
    if isinstance(node, yaml.ScalarNode):
        yield Cell(label, node.value, node.start_mark.line + 1 + above)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _scalars(item, label, above, budget)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else ""
            yield from _scalars(value, f"{label} {name}".strip(), above, budget)


def _python(text: str) -> Iterator[Row]:
    """Assignments of calls and dictionaries: their constants by keyword and key; the symbol is the title."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return
    yield from _assigned(tree.body, "")


def _assigned(body: list[ast.stmt], prefix: str) -> Iterator[Row]:
    for statement in body:
        if isinstance(statement, ast.ClassDef):
            yield from _assigned(statement.body, f"{prefix}{statement.name}.")
        elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name = prefix + statement.targets[0].id
            if isinstance(statement.value, ast.Dict):
                for key, value in zip(statement.value.keys, statement.value.values, strict=True):
                    if isinstance(key, ast.Constant) and isinstance(value, ast.Dict | ast.Call):
                        yield from _symbol(value, f"{name} \n {key.value!s}")
            yield from _symbol(statement.value, name)


def _symbol(value: ast.expr, name: str) -> Iterator[Row]:
    cells = tuple(_constants(value, ""))
    if cells:
        yield Row(value.lineno, value.end_lineno or value.lineno, cells, name)


def _constants(node: ast.expr, label: str) -> Iterator[Cell]:
    if isinstance(node, ast.Constant) and not isinstance(node.value, bool | None):
        yield Cell(label, str(node.value), node.lineno)
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant):
                yield from _constants(value, f"{label} {key.value!s}".strip())
    elif isinstance(node, ast.Call):
        for keyword in node.keywords:
            yield from _constants(keyword.value, f"{label} {keyword.arg or ''}".strip())


def plain(text: str) -> str:
    """A cell as a reader sees it: no tags, links by their text, no emphasis, no footnote."""
    shown = TAG.sub("", LINK.sub(lambda match: match[1], text))
    return re.sub(r"\s*\[\d+\]_?|[`*^_]{1,2}$|^[`*]{1,2}", "", shown.strip()).strip()


def addresses(text: str) -> list[str]:
    """File names that the links of a cell lead to."""
    links = [match[2] for match in LINK.finditer(text)] + re.findall(r"[A-Za-z0-9_./:@%+-]+/[A-Za-z0-9_.%+-]+", text)
    return [link.split()[0].split("?")[0].rstrip("/").rpartition("/")[2] for link in links if link.split()]
