"""A document written by a person and a network: the author of every character, and a tree of versions.

Each change adds a version whose parent is the current one. Undo moves to the parent; a change after an undo starts a
branch, so that no version is lost (up to VERSIONS).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from core.errors import UserError
from core.i18n import _

PERSON, NETWORK = "p", "n"
LONGEST = 20_000  # characters
VERSIONS = 2_000


class Piece(NamedTuple):
    """A run of characters by one author, PERSON or NETWORK."""

    text: str
    author: str


@dataclass(frozen=True)
class Version:
    parent: int
    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)


@dataclass
class Document:
    """versions[0] is the initial text, `current` the index of the displayed version."""

    versions: list[Version] = field(default_factory=lambda: [Version(-1, ())])
    current: int = 0
    redo_stack: list[int] = field(default_factory=list)

    @classmethod
    def from_pieces(cls, pieces: Sequence[Piece]) -> "Document":
        return cls([Version(-1, merge_pieces(pieces))])

    @property
    def pieces(self) -> tuple[Piece, ...]:
        return self.versions[self.current].pieces

    @property
    def text(self) -> str:
        return self.versions[self.current].text

    def add(self, text: str, author: str) -> None:
        """Append `text` by `author`. Raises UserError where the document would exceed LONGEST characters."""
        if text:
            self._append_version((*self.pieces, Piece(text, author)))

    def rewrite(self, text: str) -> None:
        """Apply a free edit by the person: the common prefix and suffix keep their authors, the rest becomes PERSON."""
        old = self.text
        if text == old:
            return
        before = _common_prefix_length(old, text)
        after = _common_prefix_length(old[before:][::-1], text[before:][::-1])
        middle = Piece(text[before : len(text) - after], PERSON)
        self._append_version(
            (*slice_pieces(self.pieces, 0, before), middle, *slice_pieces(self.pieces, len(old) - after, len(old)))
        )

    def undo(self) -> None:
        if self.current:
            self.redo_stack.append(self.current)
            self.current = self.versions[self.current].parent

    def redo(self) -> None:
        if self.redo_stack:
            self.current = self.redo_stack.pop()

    def go_to(self, version: int) -> None:
        """Make `version` the current one. Raises UserError where it does not exist."""
        if not 0 <= version < len(self.versions):
            raise UserError(_("There is no version {number} of this text.").format(number=version))
        self.current, self.redo_stack = version, []

    def leaf_versions(self) -> list[int]:
        """Indices of the versions without children, oldest first."""
        parents = {version.parent for version in self.versions}
        return [number for number in range(len(self.versions)) if number not in parents]

    def characters_by_author(self) -> dict[str, int]:
        """Number of characters by each author in the current version."""
        return {
            author: sum(len(piece.text) for piece in self.pieces if piece.author == author)
            for author in (PERSON, NETWORK)
        }

    def _append_version(self, pieces: Sequence[Piece]) -> None:
        new = Version(self.current, merge_pieces(pieces))
        if len(new.text) > LONGEST:
            message = _(
                "The text would have {count:,} characters, but {limit:,} are the most: download it and go on anew."
            )
            raise UserError(message.format(count=len(new.text), limit=LONGEST))
        if len(self.versions) >= VERSIONS:
            self.versions, self.current = [Version(-1, self.pieces)], 0
            new = Version(0, new.pieces)
        self.versions.append(new)
        self.current, self.redo_stack = len(self.versions) - 1, []


def merge_pieces(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """Merge adjacent pieces by the same author and drop empty ones."""
    groups = groupby((piece for piece in pieces if piece.text), key=lambda piece: piece.author)
    return tuple(Piece("".join(piece.text for piece in group), author) for author, group in groups)


def slice_pieces(pieces: Sequence[Piece], begin: int, end: int) -> tuple[Piece, ...]:
    """Pieces of the characters [begin, end)."""
    found, at = [], 0
    for piece in pieces:
        found.append(Piece(piece.text[max(0, begin - at) : max(0, end - at)], piece.author))
        at += len(piece.text)
    return merge_pieces(found)


def encode_authors(pieces: Sequence[Piece]) -> str:
    """Encode authors and lengths for a URL, for example "p12n40p3"."""
    return "".join(f"{piece.author}{len(piece.text)}" for piece in pieces)


def decode_authors(text: str, given: str) -> tuple[Piece, ...]:
    """Split `text` by marks of encode_authors(); text without a valid mark belongs to the person."""
    pieces, at = [], 0
    for author, length in re.findall(r"([pn])(\d{1,6})", given[:20_000]):
        pieces.append(Piece(text[at : at + int(length)], author))
        at += int(length)
    return merge_pieces([*pieces, Piece(text[at:], PERSON)])


def _common_prefix_length(a: str, b: str) -> int:
    """Length of the common prefix."""
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
