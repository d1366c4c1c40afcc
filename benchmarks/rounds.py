"""Alternating rounds: floor, row, floor, row, … so that a noisy neighbour disturbs both alike."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from benchmarks.load import Request, Sample, Target, run

WARM_UP_SECONDS = 1


@dataclass(frozen=True)
class Measured:
    """Medians over the rounds; ratios are medians of the ratios of neighbouring rounds."""

    sample: Sample
    floor: Sample
    ratio: float
    ratio_by_cpu: float
    like_ratio: float | None


def alternate(
    measure: Callable[[], Sample],
    floor: Callable[[], Sample],
    like: Callable[[], Sample] | None,
    rounds: int,
) -> Measured:
    """Measure something between floors."""
    floors, samples, likes = [floor()], [], []
    for _ in range(rounds):
        samples.append(measure())
        if like:
            likes.append(like())
        floors.append(floor())
    between = [_between(a, b) for a, b in pairwise(floors)]
    return Measured(
        sample=medians(samples),
        floor=medians(floors),
        ratio=median(s.rate / f.rate for s, f in zip(samples, between, strict=True)),
        ratio_by_cpu=median(
            (f.app_cpu or 0) / s.app_cpu if s.app_cpu else 0
            for s, f in zip(samples, between, strict=True)
        ),
        like_ratio=(
            median(s.rate / one.rate for s, one in zip(samples, likes, strict=True))
            if likes
            else None
        ),
    )


def loader(target: Target, request: Request, seconds: int) -> Callable[[], Sample]:
    """A round of this request, after it has been warmed up once."""
    run(target, request, WARM_UP_SECONDS)
    return lambda: run(target, request, seconds)


def medians(samples: list[Sample]) -> Sample:
    """Each figure's median."""
    return Sample(**{name: median(getattr(s, name) for s in samples) for name in _FIGURES})


def _between(before: Sample, after: Sample) -> Sample:
    return Sample(**{name: (getattr(before, name) + getattr(after, name)) / 2 for name in _FIGURES})


_FIGURES = tuple(Sample.__dataclass_fields__)
