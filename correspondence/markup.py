"""The small language of message texts. Pure.

Blank lines separate paragraphs; a paragraph whose lines begin with "- " is a list; one that begins with "# "
is a heading. Inside a line there are {{variables}} and **bold**. Everything else is text. A template is read
before any value is filled in, so no value can bring markup of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_TOKEN = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}|(\*\*)")


@dataclass(frozen=True)
class Piece:
    """Text, or the name of a variable; bold or not."""

    text: str
    is_variable: bool = False
    bold: bool = False


Line = Sequence[Piece]


@dataclass(frozen=True)
class Block:
    """`kind` is "paragraph", "list" or "heading"; a list has one line per item."""

    kind: str
    lines: Sequence[Line]


def parse_line(text: str) -> list[Piece]:
    """A line as pieces, in order."""
    pieces, bold, at = [], False, 0
    for match in _TOKEN.finditer(text):
        if match.start() > at:
            pieces.append(Piece(text[at : match.start()], bold=bold))
        if match[1]:
            pieces.append(Piece(match[1], is_variable=True, bold=bold))
        else:
            bold = not bold
        at = match.end()
    if at < len(text):
        pieces.append(Piece(text[at:], bold=bold))
    return pieces


def parse(body: str) -> list[Block]:
    """A body as blocks."""
    blocks = []
    for chunk in re.split(r"\n[ \t]*\n", body.replace("\r\n", "\n").strip()):
        lines = [line.strip() for line in chunk.split("\n") if line.strip()]
        if not lines:
            continue
        if all(line.startswith("- ") for line in lines):
            blocks.append(Block("list", [parse_line(line[2:]) for line in lines]))
        elif lines[0].startswith("# "):
            blocks.append(Block("heading", [parse_line(lines[0][2:])]))
            if lines[1:]:
                blocks.append(Block("paragraph", [parse_line(line) for line in lines[1:]]))
        else:
            blocks.append(Block("paragraph", [parse_line(line) for line in lines]))
    return blocks


def variables_in(text: str) -> list[str]:
    """The variables a text names, each once, in order."""
    return list(dict.fromkeys(match[1] for match in _TOKEN.finditer(text) if match[1]))


def tables_alone(body: str, name: str) -> bool:
    """Whether the variable stands in paragraphs of its own everywhere in the body."""
    blocks = parse(body)
    return all(
        lone_variable(block) == name
        for block in blocks
        if any(piece.is_variable and piece.text == name for line in block.lines for piece in line)
    )


def lone_variable(block: Block) -> str:
    """The variable a paragraph consists of; "" when it has anything else."""
    if block.kind != "paragraph" or len(block.lines) != 1 or len(block.lines[0]) != 1:
        return ""
    piece = block.lines[0][0]
    return piece.text if piece.is_variable else ""


def stray_marks(text: str) -> Iterator[str]:
    """Braces and stars that mean nothing: a mistyped variable, a tag, bold that never ends."""
    rest = _TOKEN.sub(lambda match: "**" if match[2] else "", text)
    for mark in ("{{", "}}", "{%", "%}", "{#"):
        if mark in rest:
            yield mark
    if any(block.count("**") % 2 for block in rest.split("\n")):
        yield "**"
