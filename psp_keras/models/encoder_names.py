"""What the encoders are called where one is chosen, and how they are made. Imports no Keras."""

# Classes in `psp_keras.models`, and arguments of their own.
ENCODERS = {
    "gradual": ("GradualStyleEncoder", {}),
    "into_w": ("EncoderIntoW", {}),
    "into_w_plus": ("EncoderIntoWPlus", {}),
    "e4e": ("Encoder4Editing", {}),
    "restyle_psp": ("ReStyleEncoder", {}),
    "restyle_e4e": ("ReStyleEncoder", {"progressive": True}),
}
ITERATIVE = ("restyle_psp", "restyle_e4e")
PROGRESSIVE = ("e4e", "restyle_e4e")
