"""A text that a person and a network write together: who wrote what, and every version that it had.

Nothing is ever lost: each change is a new version with the one before as its parent; undo goes to the parent, and going
on from there begins a branch.
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
    """Some characters and who wrote them, PERSON or NETWORK."""

    text: str
    who: str


@dataclass(frozen=True)
class Version:
    parent: int
    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)


@dataclass
class Story:
    """versions[0] is what it began with; `now` is the version on the screen."""

    versions: list[Version] = field(default_factory=lambda: [Version(-1, ())])
    now: int = 0
    undone: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, pieces: Sequence[Piece]) -> "Story":
        return cls([Version(-1, joined(pieces))])

    @property
    def pieces(self) -> tuple[Piece, ...]:
        return self.versions[self.now].pieces

    @property
    def text(self) -> str:
        return self.versions[self.now].text

    def add(self, text: str, who: str) -> None:
        """Append `text`. Raises UserError where the story would be too long."""
        if text:
            self._become((*self.pieces, Piece(text, who)))

    def rewrite(self, text: str) -> None:
        """The person changed the whole: what is the same at both ends keeps its writer, what lies between is theirs."""
        old = self.text
        if text == old:
            return
        before = _same(old, text)
        after = _same(old[before:][::-1], text[before:][::-1])
        middle = Piece(text[before : len(text) - after], PERSON)
        self._become((*cut(self.pieces, 0, before), middle, *cut(self.pieces, len(old) - after, len(old))))

    def undo(self) -> None:
        if self.now:
            self.undone.append(self.now)
            self.now = self.versions[self.now].parent

    def redo(self) -> None:
        if self.undone:
            self.now = self.undone.pop()

    def go(self, version: int) -> None:
        """To any version. Raises UserError where there is none of that number."""
        if not 0 <= version < len(self.versions):
            raise UserError(_("There is no version {number} of this text.").format(number=version))
        self.now, self.undone = version, []

    def branches(self) -> list[int]:
        """The versions that nothing goes on from, in the order in which they came."""
        parents = {version.parent for version in self.versions}
        return [number for number in range(len(self.versions)) if number not in parents]

    def shares(self) -> dict[str, int]:
        """How many characters each has written."""
        return {who: sum(len(piece.text) for piece in self.pieces if piece.who == who) for who in (PERSON, NETWORK)}

    def _become(self, pieces: Sequence[Piece]) -> None:
        new = Version(self.now, joined(pieces))
        if len(new.text) > LONGEST:
            message = _(
                "The text would have {count:,} characters, but {limit:,} are the most: download it and go on anew."
            )
            raise UserError(message.format(count=len(new.text), limit=LONGEST))
        if len(self.versions) >= VERSIONS:
            self.versions, self.now = [Version(-1, self.pieces)], 0
            new = Version(0, new.pieces)
        self.versions.append(new)
        self.now, self.undone = len(self.versions) - 1, []


def joined(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """Neighbours by the same writer as one piece, empty ones left out."""
    groups = groupby((piece for piece in pieces if piece.text), key=lambda piece: piece.who)
    return tuple(Piece("".join(piece.text for piece in group), who) for who, group in groups)


def cut(pieces: Sequence[Piece], begin: int, end: int) -> tuple[Piece, ...]:
    """The part of the pieces from character `begin` to `end`."""
    found, at = [], 0
    for piece in pieces:
        found.append(Piece(piece.text[max(0, begin - at) : max(0, end - at)], piece.who))
        at += len(piece.text)
    return joined(found)


def marks(pieces: Sequence[Piece]) -> str:
    """Who wrote what, for an address: "p12n40p3"."""
    return "".join(f"{piece.who}{len(piece.text)}" for piece in pieces)


def from_marks(text: str, given: str) -> tuple[Piece, ...]:
    """The pieces of `text` by such marks; where they are nonsense or too few, the person wrote it."""
    pieces, at = [], 0
    for who, length in re.findall(r"([pn])(\d{1,6})", given[:20_000]):
        pieces.append(Piece(text[at : at + int(length)], who))
        at += int(length)
    return joined([*pieces, Piece(text[at:], PERSON)])


def _same(a: str, b: str) -> int:
    """How many characters at the beginning are the same."""
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
