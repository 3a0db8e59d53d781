"""Training on several devices at once: each works on its part of every batch."""

import contextlib
import os

import keras

from psp_keras.errors import UserError


def on_devices(count: int) -> contextlib.AbstractContextManager:
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
        >>> with on_devices(1):  # all that the machine has: `model.fit` too belongs into the scope
        ...     model = psp_keras.PSP.from_preset("mini_faces_inversion")
        ...     model.compile()
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
    devices = [device.name for device in tf.config.list_logical_devices(kind)]
    return tf.distribute.MirroredStrategy(_first(count, devices))


def _divide_cpu(count):
    import tensorflow as tf

    (cpu,) = tf.config.list_physical_devices("CPU")
    try:
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * count)
    except RuntimeError as error:
        if len(tf.config.list_logical_devices("CPU")) < count:
            raise UserError(
                f"TensorFlow divides a CPU into {count} devices only before its first operation: start a new process."
            ) from error


def _data_parallel(count):
    import jax

    if "KERAS_DISTRIBUTION_PROCESS_ID" in os.environ and not jax.distributed.is_initialized():
        try:
            keras.distribution.initialize()
        except (ValueError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise UserError(
                f"The processes do not find each other: {reason} Set KERAS_DISTRIBUTION_JOB_ADDRESSES, "
                "KERAS_DISTRIBUTION_NUM_PROCESSES and KERAS_DISTRIBUTION_PROCESS_ID for each."
            ) from error
    devices = _first(count, keras.distribution.list_devices())
    return keras.distribution.DataParallel(devices=devices, auto_shard_dataset=False)  # `feed` gives each its part


def _first(count, devices):
    if count > len(devices):
        raise UserError(f"`devices` {count} asks for more than there are here: {len(devices)}.")
    return devices[:count]


def is_first_process():
    """Whether it is this process that writes files; only JAX trains in several."""
    if keras.backend.backend() != "jax":
        return True
    import jax

    return jax.process_index() == 0


def synchronize_batch_norm(network: keras.Model) -> None:
    """Lets the batch normalisation of a built network use the statistics of the whole batch, not of each device's part.

    JAX always does; TensorFlow where asked to.

    Raises:
        ValueError: the network has no batch normalisation, or is not built.
    """
    if keras.backend.backend() != "tensorflow":
        return
    norms = [layer for layer in network._flatten_layers() if isinstance(layer, keras.layers.BatchNormalization)]
    if not norms:
        raise ValueError(f"`network` {network.name} has no batch normalisation, or is not built.")
    for norm in norms:
        norm.synchronized = True
