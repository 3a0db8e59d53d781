from psp_keras.data.image_files import read_image, to_float, to_uint8


class Photo:
    """A source picture in RGB: the encoder sees it in [-1, 1].

    Example:
        >>> Photo().to_input(np.zeros((2, 64, 64, 3), "uint8")).shape
        (2, 64, 64, 3)
    """

    kind = "photo"
    channels = 3
    stored_channels = 3

    def read(self, path, size):
        """Reads a file as uint8 `(size, size, 3)`. See `read_image`."""
        return read_image(path, size)

    def to_input(self, stored):
        """uint8 `(N, H, W, 3)` to float32 in [-1, 1]."""
        return to_float(stored)

    def to_pictures(self, inputs):
        """What the encoder sees, as uint8 RGB for people."""
        return to_uint8(inputs)
