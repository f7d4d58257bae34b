"""The words that parameters of the lessons take.

Apart from the code that carries them out, so that the runner checks a call without loading TensorFlow.
"""

POOLING = ("max", "average", "stride")  # what makes the feature maps of the reference network smaller
NORMALISATION = ("none", "divide", "standardise")  # what its first layer does with pixel values of 0 to 255
OPTIMISERS = ("adam", "sgd")
NETWORKS = ("reference", "residual")  # what lesson 08 trains
# The remedies of lesson 08; "none" is the network without any.
REMEDIES = (
    "early_stopping",
    "dropout",
    "weight_decay",
    "flip",
    "shift",
    "batch_normalisation",
    "schedule",
)
