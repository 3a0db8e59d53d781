import math

import keras
from keras import ops

from psp_keras.ops.onednn import fused


@keras.saving.register_keras_serializable(package="psp_keras")
class Ranger(keras.optimizers.Optimizer):
    """RAdam with gradient centralization and Lookahead: the optimizer that trains pSp.

    Sources: Liu et al., ICLR 2020 (RAdam, with the step-size rule and threshold 5 of the published Ranger),
    Yong et al., ECCV 2020 (centralization, over every axis but the output one), Zhang et al., NeurIPS 2019
    (Lookahead, whose slow weights start at the first parameters).

    Args:
        learning_rate: number or schedule.
        beta_1: decay of the first moment.
        beta_2: decay of the second moment.
        epsilon: added outside the root.
        lookahead_steps: fast steps between two slow ones; 0 leaves Lookahead out.
        lookahead_alpha: how far the slow weights move.
        centralize_gradients: whether to subtract each output unit's mean gradient.
        **kwargs: of `keras.optimizers.Optimizer`: `weight_decay` (decoupled), `clipnorm`, ...

    Example:
        >>> model = keras.Sequential([keras.layers.Dense(1)])
        >>> model.compile(optimizer=Ranger(1e-4), loss="mse")
    """

    def __init__(
        self,
        learning_rate=1e-4,
        beta_1=0.95,
        beta_2=0.999,
        epsilon=1e-5,
        lookahead_steps=6,
        lookahead_alpha=0.5,
        centralize_gradients=True,
        name="ranger",
        **kwargs,
    ):
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.lookahead_steps = lookahead_steps
        self.lookahead_alpha = lookahead_alpha
        self.centralize_gradients = centralize_gradients
        self._move = fused()(self._update)

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self._momentums = [self._slot(v, "momentum") for v in variables]
        self._velocities = [self._slot(v, "velocity") for v in variables]
        # From an initializer, since an assignment would be lost when `fit` builds the optimizer inside a graph.
        self._slow = [self._slot(v, "slow", _copy_of(v)) for v in variables] if self.lookahead_steps else []

    def apply(self, grads, trainable_variables=None):
        self._of_this_step = self._rectification(ops.cast(self.iterations + 1, "float32"))  # the same for all variables
        return super().apply(grads, trainable_variables)

    def update_step(self, gradient, variable, learning_rate):
        index, dtype = self._get_variable_index(variable), variable.dtype
        slots = [self._momentums[index], self._velocities[index]]
        if self.lookahead_steps:
            slots.append(self._slow[index])
        step_size, rectified = self._of_this_step
        rate = ops.cast(learning_rate, dtype) * ops.cast(step_size, dtype)
        values = [ops.convert_to_tensor(value) for value in (variable, *slots)]
        moved = self._move(ops.cast(gradient, dtype), rate, rectified, self._look_ahead_is_due(), *values)
        for held, value in zip((variable, *slots), moved):
            self.assign(held, value)

    def _update(self, gradient, rate, rectified, due, variable, momentum, velocity, slow=None):
        """New values of the variable and its slots."""
        if self.centralize_gradients and math.prod(gradient.shape[:-1]) > 1:
            axes = tuple(range(len(gradient.shape) - 1))
            gradient = gradient - ops.mean(gradient, axis=axes, keepdims=True)
        momentum = self.beta_1 * momentum + (1 - self.beta_1) * gradient
        velocity = self.beta_2 * velocity + (1 - self.beta_2) * ops.square(gradient)
        adaptive = momentum / (ops.sqrt(velocity) + self.epsilon)
        moved = variable - rate * ops.where(rectified, adaptive, momentum)
        if slow is None:
            return [moved, momentum, velocity]
        blended = slow + self.lookahead_alpha * (moved - slow)
        return [ops.where(due, blended, moved), momentum, velocity, ops.where(due, blended, slow)]

    def _rectification(self, step):
        """RAdam's step size and whether the second moment is trusted yet."""
        longest = 2.0 / (1.0 - self.beta_2) - 1.0
        length = self._average_length(step, longest)
        variance = (length - 4) / (longest - 4) * (length - 2) / length * longest / (longest - 2)
        root = ops.sqrt(ops.maximum(-ops.expm1(step * math.log(self.beta_2)) * variance, 0.0))
        rectified = length > 5.0
        return ops.where(rectified, root, 1.0) / -ops.expm1(step * math.log(self.beta_1)), rectified

    def _average_length(self, step, longest):
        """`longest - 2 t b^t / (1 - b^t)`; as a series early on, where float32 would cancel all its digits."""
        rate = -math.log(self.beta_2)
        x = step * rate
        tail = x**2 * (1 / 12 - x**2 * (1 / 720 - x**2 * (1 / 30240 - x**2 / 1209600)))
        early = (longest - 2.0 / rate) + step - (2.0 / rate) * tail
        return ops.where(x < 1.0, early, longest - 2.0 * step / ops.expm1(x))

    def _look_ahead_is_due(self):
        return ops.equal((self.iterations + 1) % max(1, self.lookahead_steps), 0)

    def _slot(self, variable, name, initializer="zeros"):
        return self.add_variable_from_reference(variable, name, initializer)

    def get_config(self):
        names = ("beta_1", "beta_2", "epsilon", "lookahead_steps", "lookahead_alpha", "centralize_gradients")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _copy_of(variable):
    return lambda shape, dtype: ops.cast(ops.copy(variable), dtype)
