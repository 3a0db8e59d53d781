"""The terms of the loss by name, and what each measures. Imports no Keras."""

TERMS = {
    "l2": "the mean squared error",
    "lpips": "LPIPS",
    "id": "the identity loss",
    "moco": "the MoCo loss",
    "w_norm": "the distance from the average latent",
    "l2_crop": "the mean squared error on the inner face",
    "lpips_crop": "LPIPS on the inner face",
}
