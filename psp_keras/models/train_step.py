"""What a training step needs of each Keras backend, so that the step itself is written once.

A model that inherits `TrainStep` says what one step does to it: `learn(data)`, and `assess(data)` if it is evaluated.
Both change variables as they please and return the logs. They differentiate with `gradients_of` and `gradient_at`, and
do things now and then with `run_if`. TensorFlow and PyTorch run such a step as it is; on JAX it becomes a function
without side effects, as do the parts of it that are differentiated.
"""

from collections.abc import Callable

import keras

from psp_keras.typing import Tensor


class TensorFlowStep:
    """Gradients from tapes."""

    def train_step(self, data):
        return self.learn(data)

    def test_step(self, data):
        return self.assess(data)

    def gradients_of(
        self, function: Callable[[], tuple[Tensor, dict[str, Tensor]]], variables: list[keras.Variable]
    ) -> tuple[list[Tensor], dict[str, Tensor]]:
        """Differentiates a function of the variables.

        Args:
            function: returns `(loss, measures)`.
            variables: Keras variables.

        Returns:
            `(gradients, measures)`: a gradient for each variable.
        """
        import tensorflow as tf

        with tf.GradientTape() as tape:
            loss, measures = function()
            # The optimizer adds up the gradients of all devices, each from a mean over its part of the batch.
            loss = loss / self.num_replicas()
        values = [variable.value for variable in variables]
        return tape.gradient(loss, values, unconnected_gradients="zero"), measures

    def gradient_at(self, function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        """Differentiates a function at a tensor, also inside `gradients_of`.

        Args:
            function: of a tensor; returns a number.
            x: the tensor.

        Returns:
            A tensor like `x`.
        """
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(x)
            number = function(x)
        return tape.gradient(number, x)

    def run_if(self, condition: Tensor, function: Callable[[], None]) -> None:
        """Calls a function without arguments and results where a condition, a boolean tensor, holds."""
        import tensorflow as tf

        if self.num_replicas() == 1:
            tf.cond(condition, function, lambda: None)
        else:  # devices cannot add up their gradients inside a condition that each has for itself
            tf.distribute.get_replica_context().merge_call(_run_on_all_if, args=(condition, function))

    def num_replicas(self) -> int:
        """How many devices take this step at once, each with a part of the batch."""
        import tensorflow as tf

        return tf.distribute.get_strategy().num_replicas_in_sync

    def own_part(self, x: Tensor) -> Tensor:
        """Returns this device's part of a tensor that all devices have drawn alike, along the first axis."""
        import tensorflow as tf

        size = tf.shape(x)[0] // self.num_replicas()
        first = size * tf.distribute.get_replica_context().replica_id_in_sync_group
        return x[first : first + size] if self.num_replicas() > 1 else x


def _run_on_all_if(strategy, condition, function):
    """`run_if` for all devices together; the arguments are those of each."""
    import tensorflow as tf

    def run():
        strategy.run(lambda own: own(), args=(function,))

    tf.cond(strategy.experimental_local_results(condition)[0], run, lambda: None)


class TorchStep:
    """Gradients from the graph that PyTorch keeps; see `TensorFlowStep` for what each method does."""

    def train_step(self, data):
        import torch

        with torch.no_grad():
            return self.learn(data)

    def test_step(self, data):
        return self.assess(data)

    def gradients_of(
        self, function: Callable[[], tuple[Tensor, dict[str, Tensor]]], variables: list[keras.Variable]
    ) -> tuple[list[Tensor], dict[str, Tensor]]:
        import torch

        with torch.enable_grad():
            loss, measures = function()
            values = [variable.value for variable in variables]
            gradients = torch.autograd.grad(loss, values, allow_unused=True, materialize_grads=True)
        return gradients, {name: measure.detach() for name, measure in measures.items()}

    def gradient_at(self, function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        import torch

        x = x if x.requires_grad else x.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(function(x), x, create_graph=True)
        return gradient

    def run_if(self, condition: Tensor, function: Callable[[], None]) -> None:
        if condition:
            function()

    def num_replicas(self) -> int:
        return 1

    def own_part(self, x: Tensor) -> Tensor:
        return x


class JaxStep:
    """Gradients of functions without side effects; see `TensorFlowStep` for what each method does."""

    def train_step(self, state, data):
        return _step(self.learn, self._state(), state, data)

    def test_step(self, state, data):
        variables = [*self.trainable_variables, *self.non_trainable_variables, *self.metrics_variables]
        return _step(self.assess, variables, state, data)

    def gradients_of(
        self, function: Callable[[], tuple[Tensor, dict[str, Tensor]]], variables: list[keras.Variable]
    ) -> tuple[list[Tensor], dict[str, Tensor]]:
        import jax

        learned = {id(variable) for variable in variables}
        others = [variable for variable in self._state() if id(variable) not in learned]
        pure = _without_side_effects(function, [*variables, *others])

        def loss_of(values, other_values):
            (loss, measures), after = pure([*values, *other_values])
            return loss, (measures, after[len(values) :])

        gradients, (measures, after) = jax.grad(loss_of, has_aux=True)(_values(variables), _values(others))
        _assign(others, after)
        return gradients, measures

    def gradient_at(self, function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        import jax

        variables = self._state()
        pure = _without_side_effects(function, variables)
        gradient, after = jax.grad(pure, argnums=1, has_aux=True)(_values(variables), x)
        _assign(variables, after)
        return gradient

    def run_if(self, condition: Tensor, function: Callable[[], None]) -> None:
        import jax

        variables = self._state()
        pure = _without_side_effects(function, variables)
        _assign(variables, jax.lax.cond(condition, lambda values: pure(values)[1], list, _values(variables)))

    def num_replicas(self) -> int:
        return 1  # one step for all devices: JAX divides its tensors

    def own_part(self, x: Tensor) -> Tensor:
        distribution = keras.distribution.distribution()
        if distribution is None or x.shape[0] % len(keras.distribution.list_devices()):
            return x
        return keras.distribution.distribute_tensor(x, distribution.get_data_layout(x.shape))

    def _state(self):
        """All that a training step may change, in Keras's order."""
        return [
            *self.trainable_variables,
            *self.non_trainable_variables,
            *self.optimizer.variables,
            *self.metrics_variables,
        ]


def _step(function, variables, state, data):
    """Calls `function(data)` with the state that Keras hands over, lists of values; returns the logs and the state."""
    logs, values = _without_side_effects(function, variables)(sum(state, []), data)
    values = iter(values)
    return logs, tuple([next(values) for _ in part] for part in state)


def _without_side_effects(function, variables):
    """Returns `function` as one of the variables' values and its inputs, to its output and the values after it."""

    def pure(values, *inputs):
        with keras.StatelessScope(state_mapping=zip(variables, values)) as scope:
            output = function(*inputs)
        return output, [scope.get_current_value(variable) for variable in variables]

    return pure


def _values(variables):
    return [variable.value for variable in variables]


def _assign(variables, values):
    for variable, value in zip(variables, values):
        variable.assign(value)


def unpack(data):
    """`(source, target, sample_weight)` of what `fit` hands over; images alone are their own target."""
    source, target, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
    return source, source if target is None else target, sample_weight


TrainStep = {"tensorflow": TensorFlowStep, "torch": TorchStep, "jax": JaxStep}[keras.backend.backend()]
