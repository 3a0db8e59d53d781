"""Ordinary differential equations with the adaptive method of Dormand and Prince (1980), `dopri5` elsewhere."""

import numpy as np
from keras import ops

_TIMES = (0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1, 1)
_STAGES = (
    (1 / 5,),
    (3 / 40, 9 / 40),
    (44 / 45, -56 / 15, 32 / 9),
    (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729),
    (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656),
    (35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84),
)
# The difference to the solution of fourth order, which says how good a step was.
_ERROR = (71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40)
_FIRST, _SMALLEST = 0.05, 1e-3  # steps, of the whole way; float32 gains nothing from smaller ones
_WORST = 1e10
_SAFETY, _SHRINK, _GROW = 0.9, 0.2, 10.0


def integrate(derivative, start, begin, end, tolerance=1e-5):
    """Solves `dy/dt = derivative(t, y)` from `t = begin`, where `y = start`, to `t = end`.

    Args:
        derivative: function of a scalar tensor and a tensor like `start`.
        start: float32 tensor of any shape; all of it takes the same steps.
        begin: number or scalar tensor.
        end: number or scalar tensor, before or after `begin`.
        tolerance: error of a step, relative for values above 1 and absolute below.

    Returns:
        y at `end`.

    Example:
        >>> float(integrate(lambda t, y: y, ops.ones(()), 0.0, 1.0)) - np.e < 1e-5
        True
    """
    start = ops.convert_to_tensor(start, "float32")
    begin = ops.cast(begin, "float32")
    way = ops.cast(end, "float32") - begin

    def slope(done, y):
        return way * derivative(begin + way * done, y)

    def unfinished(done, step, y, first):
        return done < 1.0

    def take(done, step, y, first):
        slopes = [first]
        for time, weights in zip(_TIMES[1:], _STAGES):
            moved = y + step * _weighted(weights, slopes)
            slopes.append(slope(done + time * step, moved))
        error = step * _weighted(_ERROR, slopes)
        scale = tolerance * ops.maximum(1.0, ops.maximum(ops.abs(y), ops.abs(moved)))
        ratio = ops.sqrt(ops.mean(ops.square(error / scale)))
        ratio = ops.where(
            ratio <= _WORST, ratio, _WORST
        )  # what is no number shrinks the steps too, and comes to an end
        good = ops.logical_or(ratio <= 1.0, step <= _SMALLEST)
        grown = step * ops.clip(_SAFETY * ops.power(ops.maximum(ratio, 1e-10), -0.2), _SHRINK, _GROW)
        # The last step ends at 1 exactly: rounding must not leave a rest.
        done = ops.where(good, ops.where(step >= 1.0 - done, 1.0, done + step), done)
        step = ops.minimum(ops.maximum(grown, _SMALLEST), ops.maximum(1.0 - done, 1e-6))
        return done, step, ops.where(good, moved, y), ops.where(good, slopes[-1], first)

    zero, step = ops.zeros((), "float32"), ops.cast(_FIRST, "float32")
    return ops.while_loop(unfinished, take, (zero, step, start, slope(zero, start)))[2]


def _weighted(weights, slopes):
    return sum(np.float32(weight) * slope for weight, slope in zip(weights, slopes) if weight)
