"""How a drawing is fitted into the unit square."""

import numpy as np
import pytest

from core.picture import LEAST_EXTENT, MARGIN, in_unit_square


@pytest.mark.parametrize(("width", "height"), [(200, 50), (50, 200), (LEAST_EXTENT, LEAST_EXTENT)])
def test_the_longer_side_spans_the_square_and_all_is_centred(width, height):
    lines = in_unit_square(np.array([[width, 0, 0], [0, height, 1], [-width, 0, 1]]))
    points = np.concatenate(lines)
    low, high = points.min(axis=0), points.max(axis=0)
    assert (high - low).max() == pytest.approx(1 - 2 * MARGIN)
    assert (low + high) / 2 == pytest.approx([0.5, 0.5])
    assert (high - low)[0] / (high - low)[1] == pytest.approx(width / height)


def test_a_small_drawing_stays_small():
    points = np.concatenate(in_unit_square(np.array([[6, 0, 0], [0, 6, 1]])))
    assert np.ptp(points, axis=0).max() == pytest.approx(6 / LEAST_EXTENT * (1 - 2 * MARGIN))
