"""What counts as agreement. The comparison itself: test_to_gguf.py, test_merge.py, training/test_loop.py."""

from __future__ import annotations

import pytest

from convert.verify import Agreement, agrees

MOVED = Agreement(largest=4.0, mean=1.0, same_first=0.3)


@pytest.mark.parametrize(
    ("mean", "same_first", "enough"),
    [(0.25, 0.9, True), (0.26, 1.0, False), (0.0, 0.89, False), (float("nan"), 1.0, False)],
)
def test_both_thresholds_are_enforced(mean: float, same_first: float, enough: bool) -> None:
    assert agrees(Agreement(9.0, mean, same_first), MOVED, 0.25, 0.9) is enough
