"""What a mapping is made of: rows that say which tensor becomes which variable, and how it is laid out anew."""

import collections

import numpy as np

from weights_conversion.torch_reader import CheckpointError

# `variable` is `None` for tensors that carry nothing a Keras model needs; `layout` then checks that this is so.
Row = collections.namedtuple("Row", "key variable layout")


def unchanged(x):
    return x


def transposed(x):
    """Linear weights, (out, in) to (in, out)."""
    return x.T


def conv_kernel(x):
    """Convolution kernels, OIHW to HWIO; a leading 1 of modulated convolutions is dropped."""
    return np.transpose(x[0] if x.ndim == 5 else x, (2, 3, 1, 0))


def first_image(x):
    """One image, (1, C, H, W) to (H, W, C)."""
    return np.transpose(x[0], (1, 2, 0))


def dense_of_1x1(x):
    """A 1x1 convolution that becomes a dense layer, (out, in, 1, 1) to (in, out)."""
    return x[:, :, 0, 0].T


def flat(x):
    return x.reshape(-1)


def scalar(x):
    return x.reshape(())


def per_channel(x):
    """PReLU slopes, (C,) to (1, 1, C)."""
    return x[None, None]


def dense_of_flattened(height, width):
    """Linear weights that saw a flattened (C, H, W): their rows go into the order of a flattened (H, W, C)."""

    def layout(x):
        channels = x.shape[1] // (height * width)
        return x.reshape(-1, channels, height, width).transpose(2, 3, 1, 0).reshape(-1, x.shape[0])

    return layout


def counter(x):
    """How many batches a batch norm has seen: of no use to Keras."""


def low_pass_filter(x):
    """StyleGAN2's [1, 3, 3, 1] filter, which our layers fold into their kernels."""
    taps = np.outer([1, 3, 3, 1], [1, 3, 3, 1])
    if not np.allclose(x / x.sum(), taps / taps.sum(), atol=1e-6):
        raise CheckpointError("its low-pass filter is not [1, 3, 3, 1], the only one supported")


def batch_norm_rows(layer, key):
    """Rows of a batch norm, with or without scale and offset."""
    if layer.scale:
        yield Row(f"{key}.weight", layer.gamma, unchanged)
        yield Row(f"{key}.bias", layer.beta, unchanged)
    yield Row(f"{key}.running_mean", layer.moving_mean, unchanged)
    yield Row(f"{key}.running_var", layer.moving_variance, unchanged)
    yield Row(f"{key}.num_batches_tracked", None, counter)


def conv_rows(layer, key):
    """Rows of a convolution with a bias."""
    yield Row(f"{key}.weight", layer.kernel, conv_kernel)
    yield Row(f"{key}.bias", layer.bias, unchanged)


def dense_rows(layer, key):
    """Rows of a dense layer with a bias."""
    yield Row(f"{key}.weight", layer.kernel, transposed)
    yield Row(f"{key}.bias", layer.bias, unchanged)


def apply_rows(model, rows, state, given=()):
    """Copies tensors into a model and makes sure that nothing is left over on either side.

    Args:
        model: the Keras model that the rows speak of.
        rows: `Row`s.
        state: key to `Tensor` or array.
        given: variables of the model that get their value elsewhere.

    Raises:
        CheckpointError: a tensor is missing, unknown, or has the wrong shape; or a variable got no value.
    """
    left, open_variables = dict(state), {id(variable): variable for variable in model.weights}
    for variable in given:
        del open_variables[id(variable)]
    for key, variable, layout in rows:
        if key not in left:
            raise CheckpointError(f"the tensor {key} is missing")
        tensor = left.pop(key)
        value = layout(tensor.read() if hasattr(tensor, "read") else tensor)
        if variable is None:
            continue
        if value.shape != tuple(variable.shape):
            raise CheckpointError(f"{key} has shape {tuple(tensor.shape)}, which does not fit {variable.path}")
        variable.assign(value)
        del open_variables[id(variable)]
    if left:
        raise CheckpointError(f"{len(left)} tensors are unknown, the first is {next(iter(left))}")
    if open_variables:
        raise CheckpointError(f"the file has no value for {next(iter(open_variables.values())).path}")
