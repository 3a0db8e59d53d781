"""The commands of `psp-keras`, one file each. Keras is imported when they run, not before."""
