import keras
from keras import ops

from psp_keras.layers.concat_squash_dense import ConcatSquashDense
from psp_keras.layers.invertible_normalization import InvertibleNormalization
from psp_keras.models.compiled_call import compiled
from psp_keras.models.preset import PresetModel
from psp_keras.ops.checks import check_shape, check_sizes
from psp_keras.ops.runge_kutta import integrate


@keras.saving.register_keras_serializable(package="psp_keras")
class StyleFlow(PresetModel):
    """Conditional continuous normalising flow between w and noise (StyleFlow, Abdal et al., TOG 2021).

    With its attributes a w becomes noise without them; with others that noise becomes the edited w. Always float32.

    Args:
        style_dim: size of w and of the noise.
        num_attributes: 17 in the paper: 8 of the face and 9 coefficients of the light.
        num_layers: layers of the field that is integrated.
        hidden_dim: units of all but the last.
        tolerance: of the integration, see `integrate`.

    Input shape: w `(N, style_dim)` and attributes `(N, num_attributes)`. Output shape: noise `(N, style_dim)`.

    Example:
        >>> flow = StyleFlow(style_dim=16, num_attributes=3, num_layers=2, hidden_dim=16)
        >>> flow(np.zeros((2, 16)), np.zeros((2, 3))).shape
        (2, 16)
    """

    def __init__(self, style_dim=512, num_attributes=17, num_layers=6, hidden_dim=512, tolerance=1e-5, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})
        check_sizes(style_dim=style_dim, num_attributes=num_attributes, num_layers=num_layers, hidden_dim=hidden_dim)
        self.style_dim = style_dim
        self.num_attributes = num_attributes
        self.num_layers = num_layers
        self.hidden_dim = hidden_dim
        self.tolerance = tolerance
        sizes = [*[hidden_dim] * (num_layers - 1), style_dim]
        self.field = [ConcatSquashDense(size, dtype="float32", name=f"field_{i}") for i, size in enumerate(sizes)]
        self.norm_in = InvertibleNormalization(dtype="float32", name="norm_in")
        self.norm_out = InvertibleNormalization(dtype="float32", name="norm_out")

    def build(self, w_shape=None, attributes_shape=None):
        size = self.style_dim
        for layer in self.field:
            layer.build((None, size), (None, 1 + self.num_attributes))
            size = layer.units
        self.norm_in.build((None, self.style_dim))
        self.norm_out.build((None, self.style_dim))
        # The square root keeps the time positive.
        self.sqrt_end_time = self.add_weight(name="sqrt_end_time", shape=(), initializer="ones")
        self.built = True

    def call(self, w, attributes):
        return self.to_noise(*self._checked(w, attributes))

    def edit(self, w, attributes, changed):
        """Gives a w other attributes.

        Args:
            w: `(N, style_dim)`.
            attributes: `(N, num_attributes)`, those it has.
            changed: `(N, num_attributes)`, those it should have.

        Returns:
            The edited w, `(N, style_dim)`.
        """
        noise = self.to_noise(*self._checked(w, attributes))
        return self.from_noise(*self._checked(noise, changed))

    @compiled
    def to_noise(self, w, attributes):
        """Noise `(N, style_dim)` of w, both float32 tensors."""
        end = ops.square(self.sqrt_end_time)
        return self.norm_out(self._flow(self.norm_in(w), attributes, 0.0, end))

    @compiled
    def from_noise(self, noise, attributes):
        """The inverse of `to_noise`."""
        end = ops.square(self.sqrt_end_time)
        return self.norm_in.invert(self._flow(self.norm_out.invert(noise), attributes, end, 0.0))

    def _flow(self, x, attributes, begin, end):
        def velocity(time, x):
            context = ops.concatenate([ops.ones_like(attributes[:, :1]) * time, attributes], axis=1)
            for layer in self.field[:-1]:
                x = ops.tanh(layer(x, context))
            return self.field[-1](x, context)

        return integrate(velocity, x, begin, end, self.tolerance)

    def _checked(self, w, attributes):
        if not self.built:
            self.build()
        w, attributes = (ops.convert_to_tensor(x, "float32") for x in (w, attributes))
        check_shape("w", w.shape, ("N", self.style_dim))
        check_shape("attributes", attributes.shape, ("N", self.num_attributes))
        return w, attributes

    def compute_output_shape(self, w_shape, attributes_shape=None):
        return w_shape

    def compute_output_spec(self, w, attributes):
        return keras.KerasTensor(w.shape, dtype="float32")

    def get_config(self):
        return {
            **super().get_config(),
            "style_dim": self.style_dim,
            "num_attributes": self.num_attributes,
            "num_layers": self.num_layers,
            "hidden_dim": self.hidden_dim,
            "tolerance": self.tolerance,
        }
