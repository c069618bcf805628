"""The test of ranks that the timing part goes by."""

from __future__ import annotations

import pytest

from tests.bench.timing import mann_whitney


def test_two_small_samples_give_the_published_p() -> None:
    """The example of scipy.stats.mannwhitneyu, whose documentation gives this p."""
    assert mann_whitney([19, 22, 16, 29, 24], [20, 11, 17, 12]) == pytest.approx(0.11134688653314041)


def test_ties_are_corrected_for() -> None:
    """Of 25 pairs one is won and four are drawn, so U is 3; ranks of 2, 3, 3 and 2 equal values are shared."""
    assert mann_whitney([1, 1, 2, 2, 3], [2, 3, 3, 4, 4]) == pytest.approx(0.05241162867102868)


def test_samples_that_do_not_overlap_cannot_be_chance() -> None:
    assert mann_whitney(range(200), range(1000, 1200)) < 1e-60


def test_samples_of_one_value_tell_nothing_apart() -> None:
    assert mann_whitney([5] * 200, [5] * 200) == 1.0
