"""Keeps TensorFlow's announcements off the terminal of somebody who made a typing mistake."""

import contextlib
import importlib.util
import os


def import_tensorflow_quietly():
    """Imports TensorFlow and looks for devices with the process's error output closed.

    TensorFlow's C++ code writes half a dozen lines about processors and drivers there, before its log level counts.
    What goes wrong still raises. Without TensorFlow, on another backend, there is nothing to import.
    """
    if importlib.util.find_spec("tensorflow") is None:
        return
    with _closed_stderr():
        import tensorflow as tf

        tf.config.list_physical_devices()


@contextlib.contextmanager
def _closed_stderr():
    saved, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nothing)
