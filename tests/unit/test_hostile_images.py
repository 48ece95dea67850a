"""Hostile files: each is accepted or refused with a reason, within memory and time.

`make test-long` tests 10,000 mutations, others in each run. SEED selects them.
"""

import os
import random
import sys
from collections import Counter

import pytest

from blog.media import reasons
from blog.media.rewriter import MEMORY
from tests.support.hostile_images import hostile_images, mutated, seeds
from tests.support.hypothesis_profiles import IS_LONG
from tests.support.rewriting_batch import Outcome, batch

MUTATIONS = 10_000 if IS_LONG else 300
SEED = int(os.environ.get("SEED", "1"))
PART = 500  # files in one process
SECONDS_FOR_ONE = 20.0
REASONS = {
    text for name, text in vars(reasons).items() if name.isupper() and text != reasons.OTHER_TYPE
}
OTHER_TYPES = {
    reasons.OTHER_TYPE.format(found=found, announced=announced)
    for found in ("PNG", "JPEG", "WebP", "GIF", "AVIF")
    for announced in ("PNG", "JPEG", "WebP", "GIF", "AVIF")
}
HOSTILE = hostile_images()


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Outcome]:
    """Rewrite all hostile files in one process."""
    files = [(file.content_type, file.data) for file in HOSTILE.values()]
    found, fault = batch(files, memory=MEMORY, seconds=300)
    assert len(found) == len(files), f"{[*HOSTILE][len(found)]}: {fault}"
    assert not fault
    return dict(zip(HOSTILE, found, strict=True))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_with_the_right_reason(
    outcomes: dict[str, Outcome], name: str
) -> None:
    assert (outcomes[name].refused or "") == HOSTILE[name].reason
    assert bool(outcomes[name].widths) == (not HOSTILE[name].reason)


def test_no_hostile_file_needs_much_memory(outcomes: dict[str, Outcome]) -> None:
    assert max(outcome.peak for outcome in outcomes.values()) < MEMORY / 2


def test_mutations_are_accepted_or_refused_with_a_reason() -> None:
    chance = random.Random(SEED)
    images = seeds()
    others = [data for _, data in images]
    counts: Counter[str] = Counter()
    for start in range(0, MUTATIONS, PART):
        files = [
            (content_type, mutated(data, others, chance))
            for content_type, data in chance.choices(images, k=min(PART, MUTATIONS - start))
        ]
        found, fault = batch(files, memory=MEMORY, seconds=PART * SECONDS_FOR_ONE)
        assert len(found) == len(files), f"{fault}: {files[len(found)]!r} with SEED={SEED}"
        assert not fault
        for outcome, file in zip(found, files, strict=True):
            assert outcome.widths or outcome.refused in REASONS | OTHER_TYPES, file
            assert outcome.refused not in (reasons.TOO_MUCH_MEMORY, reasons.TOO_SLOW), file
            assert outcome.seconds < SECONDS_FOR_ONE, file
            counts[outcome.refused or "accepted"] += 1
        peak = max(outcome.peak for outcome in found) >> 20
        slowest = max(outcome.seconds for outcome in found)
        sys.stdout.write(f"{counts.total()}: {peak} MiB, {slowest:.2f} s, {dict(counts)}\n")
    # The mutations reach the decoders: neither all nor none are damaged.
    assert counts["accepted"] > MUTATIONS / 20
    assert counts[reasons.DAMAGED] > MUTATIONS / 20
