"""Networks that are called eagerly run compiled, as in `predict`, in the manner of each Keras backend."""

import functools

import keras
from keras.src.backend.common.stateless_scope import in_stateless_scope  # Keras exports no such question
from keras.src.backend.common.variables import AutocastScope

_FUNCTIONS = "_compiled_functions"


def compiled(method):
    """Lets a method of a network, called eagerly, run compiled: once for each signature, whatever the batch size.

    On TensorFlow a single picture that comes first runs operation by operation, which takes less time than compiling;
    JAX would compile every operation. The plain method runs inside other graphs, where a `StatelessScope` replaces
    weights, and on PyTorch.

    Args:
        method: takes tensors as positional arguments and flags (`training`) or whole numbers as keywords; the network
            is built.

    Returns:
        The method.
    """

    @functools.wraps(method)
    def run(self, *inputs, **flags):
        plain = functools.partial(method, self, **flags)
        if not _is_eager(inputs, flags):
            return plain(*inputs)
        functions = vars(self).setdefault(_FUNCTIONS, {})  # past Keras, which tracks and saves what it is handed
        # Layers look at `trainable` while they are traced.
        trainable = tuple(variable.trainable for variable in self.variables)
        signature = tuple((tuple(x.shape[1:]), keras.backend.standardize_dtype(x.dtype)) for x in inputs)
        key = (method.__name__, signature, tuple(sorted(flags.items())), trainable)
        if key not in functions:
            functions[key] = _compile(self, plain, signature)
            if inputs[0].shape[0] == 1 and keras.backend.backend() == "tensorflow":
                return plain(*inputs)
        return functions[key](*inputs)

    return run


def _is_eager(inputs, flags):
    if in_stateless_scope() or not all(flag is None or isinstance(flag, int) for flag in flags.values()):
        return False
    return _is_eager_here(inputs)


def _compile_for_tensorflow(network, function, signature):
    import tensorflow as tf

    specs = [tf.TensorSpec((None, *shape), dtype) for shape, dtype in signature]
    return tf.function(function, input_signature=specs, jit_compile=network.jit_compile, autograph=False)


def _is_eager_on_tensorflow(inputs):
    import tensorflow as tf

    return tf.executing_eagerly() and all(isinstance(x, tf.Tensor) for x in inputs)


def _compile_for_jax(network, function, signature):
    """All variables come in as values; those that the function changes go out too, by their number."""
    import jax

    @jax.jit
    def stateless(values, *inputs):
        variables = network.variables
        with keras.StatelessScope(state_mapping=zip(variables, values)) as scope:
            before = [scope.get_current_value(variable) for variable in variables]
            outputs = function(*inputs)
        after = [scope.get_current_value(variable) for variable in variables]
        return outputs, {i: new for i, (old, new) in enumerate(zip(before, after)) if new is not old}

    def run(*inputs):
        with AutocastScope(None):
            values = [variable.value for variable in network.variables]
        outputs, changed = stateless(values, *inputs)
        for index, value in changed.items():
            network.variables[index].assign(value)
        return outputs

    return run


def _is_eager_on_jax(inputs):
    import jax

    return all(isinstance(x, jax.Array) and not isinstance(x, jax.core.Tracer) for x in inputs)


_compile, _is_eager_here = {
    "tensorflow": (_compile_for_tensorflow, _is_eager_on_tensorflow),
    "jax": (_compile_for_jax, _is_eager_on_jax),
    "torch": (None, lambda inputs: False),
}[keras.backend.backend()]
