"""Names for type hints. Imports neither Keras nor a backend."""

import os
from typing import Any

PathLike = str | os.PathLike[str]
Tensor = Any  # of Keras's backend, `tf.Tensor` or `jax.Array`, which share no class; what takes one takes NumPy too
