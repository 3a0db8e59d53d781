"""The commands of `psp-keras`, one file each: what they are asked, and whom they ask. Keras is imported when they run."""
