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
WEIGHTS = (
    "run",
    "shipped",
)  # which network lesson 06 asks: the one trained here, or the one that comes along
RECIPES = ("seconds", "minutes", "far")  # how lesson 09 trains
PRECISIONS = ("auto", "float32", "bfloat16", "float16")  # what its networks compute in
# The ideas of lesson 09 that a recipe can be left without.
IDEAS = (
    "whitening",
    "early_pooling",
    "batch_normalisation",
    "global_max",
    "scaled_output",
    "muon",
    "schedule",
    "label_smoothing",
    "flip",
    "shift",
)
