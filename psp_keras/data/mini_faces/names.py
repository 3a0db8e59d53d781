"""Names that stand for MiniFaces where a folder of pictures is wanted, and their style. Imports no Keras."""

MINI_FACES = {"mini_faces": "photo", "mini_faces_cartoon": "cartoon"}
