"""What the encoders are called where one is chosen, and their classes in `psp_keras.models`. Imports no Keras."""

ENCODERS = {
    "gradual": "GradualStyleEncoder",
    "into_w": "EncoderIntoW",
    "into_w_plus": "EncoderIntoWPlus",
}
