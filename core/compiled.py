"""How loops are compiled, and tanh for them.

Compiled at the first use on a machine and kept on disk from then on; a change of this file alone is not seen by
what was kept. Importing it imports numba, which takes a while: only what decodes, or trains on a CPU, does so.
"""

from typing import Any

import numba
import numpy as np

compiled: Any = numba.njit(cache=True, fastmath=True, nogil=True, error_model="numpy")
# Numerator and denominator of tanh, highest power first: Eigen's generic_fast_tanh_float
# (Eigen/src/Core/MathFunctionsImpl.h). Unlike the C library's tanh it is computed eight at a time.
_P = tuple(
    np.float32(c)
    for c in (
        -2.76076847742355e-16,
        2.00018790482477e-13,
        -8.60467152213735e-11,
        5.12229709037114e-08,
        1.48572235717979e-05,
        6.37261928875436e-04,
        4.89352455891786e-03,
    )
)
_Q = tuple(
    np.float32(c) for c in (1.19825839466702e-06, 1.18534705686654e-04, 2.26843463243900e-03, 4.89352518554385e-03)
)
_SATURATED = np.float32(9)
"""From here on tanh is 1 in float32."""


@compiled
def tanh(x: Any) -> Any:
    """Of one float32, to within 5e-7."""
    x = min(max(x, -_SATURATED), _SATURATED)
    s = x * x
    p = _P[6] + s * (_P[5] + s * (_P[4] + s * (_P[3] + s * (_P[2] + s * (_P[1] + s * _P[0])))))
    q = _Q[3] + s * (_Q[2] + s * (_Q[1] + s * _Q[0]))
    return x * p / q
