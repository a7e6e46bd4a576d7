"""Checks whether streams received every signal once, and in order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Verdict:
    """Signals of the sampled streams. A `folded` one did not arrive, but a later one covers it; `gaps` are lost."""

    folded: int = 0
    gaps: int = 0
    repeats: int = 0
    out_of_order: int = 0

    def __add__(self, other: Verdict) -> Verdict:
        return Verdict(**{name: count + getattr(other, name) for name, count in asdict(self).items()})

    def as_figures(self) -> dict[str, int]:
        return asdict(self)


def judge(published: Sequence[int], received: Iterable[Sequence[int]]) -> Verdict:
    """`published` has the seqs in order, `received` those of each stream in order of arrival."""
    return sum((_one(published, seqs) for seqs in received), Verdict())


def _one(published: Sequence[int], seqs: Sequence[int]) -> Verdict:
    known, got = set(published), set(seqs)
    newest = max(got & known, default=-1)
    missed = [seq for seq in published if seq not in got]
    ours = [seq for seq in seqs if seq in known]
    return Verdict(
        folded=sum(seq < newest for seq in missed),
        gaps=sum(seq > newest for seq in missed),
        repeats=len(ours) - len(set(ours)),
        out_of_order=sum(after < before for before, after in pairwise(ours)),
    )
