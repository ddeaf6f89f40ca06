"""Checkpoints saved by TensorFlow (`tf_model.h5`), read into PyTorch models without TensorFlow.

`locate` finds the files, `reading` reads HDF5, `names` knows what PyTorch calls a weight, `matching` pairs both sides,
`loading` sets the weights. Nothing here exports.
"""
