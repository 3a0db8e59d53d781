"""Training on several devices at once: each works on its part of every batch."""

import contextlib
import os

import keras

from psp_keras.errors import UserError


def on_devices(count):
    """The scope in which a model is made and trained on several devices.

    TensorFlow: `tf.distribute.MirroredStrategy` over this machine's GPUs, or over equal parts of its CPU where it has
    none. JAX: `keras.distribution.DataParallel` over the devices of every process that `keras.distribution.initialize`
    has brought together.

    Args:
        count: how many devices, in all processes together.

    Returns:
        A context manager; of one device, nothing is different in it.

    Raises:
        UserError: there are not so many, or the backend is PyTorch.

    Example:
        >>> with on_devices(2):
        ...     model = PSP.from_preset("mini_faces_inversion")
        ...     model.compile(loss=loss)
        ...     model.fit(images, batch_size=16)
    """
    backend = keras.backend.backend()
    if count == 1:
        return contextlib.nullcontext()
    if backend == "tensorflow":
        return _mirrored(count).scope()
    if backend == "jax":
        return _data_parallel(count).scope()
    raise UserError(f"Training on several devices needs Keras's TensorFlow or JAX backend, not {backend}.")


def _mirrored(count):
    import tensorflow as tf

    kind = "GPU" if tf.config.list_physical_devices("GPU") else "CPU"
    if kind == "CPU":
        _divide_cpu(count)
    devices = tf.config.list_logical_devices(kind)
    _check_count(count, len(devices))
    return tf.distribute.MirroredStrategy([device.name for device in devices[:count]])


def _divide_cpu(count):
    """Makes several devices of the CPU, which TensorFlow does only before its first operation."""
    import tensorflow as tf

    (cpu,) = tf.config.list_physical_devices("CPU")
    with contextlib.suppress(RuntimeError):  # it has begun; whether the devices suffice is checked next
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * count)


def _data_parallel(count):
    import jax

    if "KERAS_DISTRIBUTION_PROCESS_ID" in os.environ and not jax.distributed.is_initialized():
        keras.distribution.initialize()
    _check_count(count, len(keras.distribution.list_devices()))
    return keras.distribution.DataParallel(devices=keras.distribution.list_devices()[:count])


def _check_count(wanted, present):
    if wanted > present:
        raise UserError(f"There are {present} devices for training, not {wanted}: ask for fewer with --devices.")


def is_first_process():
    """Whether it is this process that writes files; only JAX trains in several."""
    if keras.backend.backend() != "jax":
        return True
    import jax

    return jax.process_index() == 0


def synchronize_batch_norm(network):
    """Lets the batch normalisation of a built network use the statistics of the whole batch, not of each device's part.

    JAX always does; TensorFlow where asked to.
    """
    if keras.backend.backend() != "tensorflow":
        return
    norms = [layer for layer in network._flatten_layers() if isinstance(layer, keras.layers.BatchNormalization)]
    if not norms:
        raise ValueError(f"`network` {network.name} has no batch normalisation, or is not built.")
    for norm in norms:
        norm.synchronized = True
