"""Wrong answers to the homework, as they are made.

WRONG: {homework: {answer cell: [(test cell, part of its message, answer)]}}. An answer is the code that
stands in the answer's cell; the test takes its points away, and the learner reads the message in the
feedback.
"""


def _pooled_by(how):
    """An answer to homework 04 that pools by another summary, such as "mean"."""
    return f"""
def max_pool(feature_map, size):
    rows, columns = feature_map.shape[0] // size, feature_map.shape[1] // size
    cut = feature_map[: rows * size, : columns * size]
    return cut.reshape(rows, size, columns, size).{how}(axis=(1, 3))"""


def _values(name, test, answers):
    """Answers that are values, each with its message and, where it isn't `test`, the cell that fails."""
    return [(other[0] if other else test, message, f"{name} = {value}") for value, message, *other in answers]


def network_of_task_3(
    rescaling="layers.Rescaling(1 / 255)",
    first='layers.Conv2D(16, 3, activation="relu")',
    pooling="layers.MaxPooling2D(2)",
    second='layers.Conv2D(32, 3, activation="relu")',
    last="layers.Dense(10)",
):
    """An answer to task 3 of homework 05, right unless a layer is given."""
    chain = f"keras.Input((32, 32, 3)), {rescaling}, {first}, {pooling}, {second}, layers.Flatten(), {last}"
    return f"def repaired_network():\n    return keras.Sequential([{chain}])"


WRONG = {
    "homework_02": {
        "answer-1a": _values(
            "bytes_stored",
            "test-1a",
            [
                ("1_200 * 48 * 64", "How many channels"),
                ("48 * 64 * 3", "That is one image"),
                ("1_200 * 48 * 64 * 3 * 4", "uint8 takes one byte"),
                ("1_200 * 48 * 64 * 3 * 8", "number of bits"),
            ],
        ),
        "answer-1b": _values(
            "bytes_divided",
            "test-1b",
            [
                ("1_200 * 48 * 64 * 3", "can't hold fractions"),
                ("1_200 * 48 * 64 * 3 * 4", "Four bytes would be float32"),
                ("1_200 * 48 * 64 * 3 / 255", "the memory that each takes does not"),
            ],
        ),
        "answer-2": [
            ("test-2", "wrapped around from 255 to 0", "brighter = broken_brighter"),
            (
                "test-2",
                "wrapped around from 255 to 0",
                "def brighter(images, by):\n    return np.clip(images + np.uint8(by % 256), 0, 255)",
            ),
            (
                "test-2",
                "should be uint8 again",
                "def brighter(images, by):\n    return np.clip(images.astype(int) + by, 0, 255)",
            ),
            (
                "test-2",
                "limit them at 0 as well",
                "def brighter(images, by):\n"
                "    return np.minimum(images.astype(int) + by, 255).astype(np.uint8)",
            ),
            (
                "test-2",
                "has changed the images that it was given",
                "def brighter(images, by):\n"
                "    images[...] = np.clip(images.astype(int) + by, 0, 255)\n    return images",
            ),
        ],
        "answer-3a": [
            (
                "test-3a",
                "Compare the objects of the images",
                "def leaked(object_of, train, test):\n    return len(np.intersect1d(train, test))",
            ),
            (
                "test-3a",
                "count the test images, not the objects",
                "def leaked(object_of, train, test):\n"
                "    return len(set(object_of[train]) & set(object_of[test]))",
            ),
            (
                "test-3a",
                "count each test image once",
                "def leaked(object_of, train, test):\n"
                "    return int((object_of[test][:, None] == object_of[train]).sum())",
            ),
            (
                "test-3a",
                "where no object is in both sets",
                "def leaked(object_of, train, test):\n    return len(test)",
            ),
        ],
        "answer-3b": _values(
            "leaky_splits",
            "test-3b",
            [
                ('["C"]', "are there objects in both"),
                ('["A"]', "were put back"),
                ('["A", "B", "C"]', "B puts all images of an object"),
            ],
        ),
        "answer-4a": _values(
            "accuracy_of_always_cat",
            "test-4a",
            [("1 / 3", "how many of all 1,000"), ("90", "as a share"), ("1.0", "about the dogs")],
        ),
        "answer-4b": _values(
            "balanced_accuracy",
            "test-4b",
            [("0.9", "Count classes"), ("0.9 / 3", "of the cats, which share"), ("0.5", "divide by 3")],
        ),
    },
    "homework_03": {
        "answer-1": _values(
            "feature_map",
            "test-1",
            [
                ("[[0, 3, 2], [6, 3, 0], [-2, 4, -2]]", "the bias is missing"),
                ("convolve(image, kernel[::-1, ::-1], bias=1)", "turned the kernel by 180"),
                ("[[1, 4, 3], [7, 4, 1], [0, 5, 0]]", "the task has no ReLU", "test-1-2"),
                ("[[1, 3], [-1, -1]]", "How many positions"),
                ("[[1, 4, 3], [7, 4, 1], [-1, 5, 1]]", "the first is in row 3, column 3", "test-1-2"),
                ("[[1, 4, 3], [7, 4, 1], [1, 6, 1]]", "3 of the nine activations"),
                ("[[1, 4, 3], [7, 4], [-1]]", "rows of numbers"),
            ],
        ),
        "answer-2a": _values(
            "rows",
            "test-2a",
            [
                ("[60, 60, 19]", "every second one"),
                ("[29, 29, 9]", "first position comes on top"),
                ("[30, 28, 9]", "keeps the size", "test-2a-2"),
                ("[30, 30, 8]", "first position comes on top", "test-2a-3"),
                ("[30, 30, 10]", "right with padding same", "test-2a-3"),
                ("[30, 30, 27]", "has stride 3", "test-2a-3"),
                ("[32, 32, 10]", "right with padding same"),
            ],
        ),
        "answer-2b": _values(
            "unseen_rows",
            "test-2b",
            [("0", "last window end"), ("5", "5 rows high"), ("2", "the third convolution")],
        ),
        "answer-3": _values(
            "dot_kernel",
            "test-3",
            [
                ("[[0, 0, 0], [0, 1, 0], [0, 0, 0]]", "the vertical line 1 and"),
                ("[[1, 1, 1], [1, 1, 1], [1, 1, 1]]", "Which weights must be negative"),
                ("[[-1, 2, -1], [-1, 2, -1], [-1, 2, -1]]", "gives the vertical line 6"),
                ("[[-1, -1, -1], [-1, 1, -1], [-1, -1, -1]]", "have to add up to 0", "test-3-2"),
                ("[[0, 0, 0], [0, 0, 0], [0, 0, 0]]", "responds to the dot", "test-3-2"),
                ("[[0, -1, 0], [-1, 4, -1], [0, -1, 0]]", "the falling diagonal 4"),
                ("[[1, 1, 1], [1, -8, 1], [1, 1, 1]]", "the weight in its middle"),
            ],
        ),
        "answer-4": _values(
            "kernel_of",
            "test-4",
            [
                ('{"X": "A", "Y": "B", "Z": "C"}', "Which kernel responds to those"),
                ('{"X": "C", "Y": "B", "Z": "A"}', "Which kernel responds to those"),
                # The edges are told apart, but not their sides.
                ('{"X": "A", "Y": "C", "Z": "B"}', "yellow where the bright side is on the left", "test-4-2"),
            ],
        ),
        "answer-5a": _values(
            "layer_parameters",
            "test-5a",
            [
                ("16 * 5 * 5 * 8", "biases are missing"),
                ("16 * (5 * 5 + 1)", "how many tables of weights"),
                ("5 * 5 * 8 + 1", "that is one kernel"),
                ("16 * 5 * 5 * 8 + 8", "belongs to a kernel"),
            ],
        ),
        "answer-5b": _values(
            "multiplications",
            "test-5b",
            [
                ("20 * 20 * 16 * 5 * 5", "all channels"),
                ("20 * 20 * 5 * 5 * 8", "one feature map"),
                ("20 * 20 * 16 * (5 * 5 * 8 + 1)", "added, not multiplied"),
                ("16 * 16 * 16 * 5 * 5 * 8", "padding valid"),
                ("16 * 5 * 5 * 8", "one position"),
            ],
        ),
    },
    "homework_04": {
        "answer-1a": _values(
            "rows",
            "test-1a",
            [
                ("[60, 60, 15]", "every second position"),
                ("[29, 29, 7]", "where the kernel begins"),
                ("[30, 28, 7]", "keeps the size", "test-1a-2"),
                ("[30, 30, 8]", "whole windows only", "test-1a-3"),
                ("[32, 32, 8]", "Does it stay inside"),
                ("30", "not a list of three numbers"),
            ],
        ),
        "answer-1b": _values(
            "unseen_rows",
            "test-1b",
            [("0", "last window end"), ("4", "reaches further"), ("2", "the pooling leaves over")],
        ),
        "answer-2": [
            (
                "test-2a",
                "that is the average",
                _pooled_by("mean"),
            ),
            (
                "test-2a",
                "your windows overlap",
                """
def max_pool(feature_map, size):
    return np.lib.stride_tricks.sliding_window_view(feature_map, (size, size)).max(axis=(2, 3))""",
            ),
            (
                "test-2a",
                "compare all four",
                "def max_pool(feature_map, size):\n    return feature_map[::size, ::size]",
            ),
            (
                "test-2a",
                "has 3 rows and 2 columns",
                """
def max_pool(feature_map, size):
    tops, lefts = (range(0, length - size, size) for length in feature_map.shape)
    return np.array([[feature_map[t : t + size, l : l + size].max() for l in lefts] for t in tops])""",
            ),
            (
                "test-2a",
                "the maxima of 6×4",
                _pooled_by("min"),
            ),
            (
                "test-2a",
                "doesn't return a table",
                "def max_pool(feature_map, size):\n    return feature_map.max()",
            ),
            (
                "test-2b",
                "Is a 2 written into your function",
                """
def max_pool(feature_map, size):
    rows, columns = feature_map.shape[0] // 2, feature_map.shape[1] // 2
    return feature_map[: rows * 2, : columns * 2].reshape(rows, 2, columns, 2).max(axis=(1, 3))""",
            ),
            (
                "test-2b",
                "What is left over is dropped",
                """
def max_pool(feature_map, size):
    rows, columns = feature_map.shape[0] // size, feature_map.shape[1] // size
    return feature_map.reshape(rows, size, columns, size).max(axis=(1, 3))""",
            ),
            (
                "test-2b",
                "an incomplete window",
                """
def max_pool(feature_map, size):
    tops, lefts = (range(0, length, size) for length in feature_map.shape)
    return np.array([[feature_map[t : t + size, l : l + size].max() for l in lefts] for t in tops])""",
            ),
            (
                "test-2b",
                "Where does the 0 come from",
                """
def max_pool(feature_map, size):
    pooled = np.zeros((feature_map.shape[0] // size, feature_map.shape[1] // size))
    for row, column in np.ndindex(pooled.shape):
        for a, b in np.ndindex(size, size):
            value = feature_map[row * size + a, column * size + b]
            pooled[row, column] = max(pooled[row, column], value)
    return pooled""",
            ),
            (
                "test-2b",
                "has changed the map",
                """
def max_pool(feature_map, size):
    rows, columns = feature_map.shape[0] // size, feature_map.shape[1] // size
    for row, column in np.ndindex(rows, columns):
        window = feature_map[row * size : (row + 1) * size, column * size : (column + 1) * size]
        window[...] = window.max()
    return feature_map[: rows * size : size, : columns * size : size]""",
            ),
            (
                "test-2b",
                "the numbers are not the maxima",
                """
def max_pool(feature_map, size):
    pooled = np.empty((feature_map.shape[0] // size, feature_map.shape[1] // size))
    for row, column in np.ndindex(pooled.shape):
        top, left = row * size, column * size
        pooled[row, column] = feature_map[top : top + 2, left : left + 2].max()
    return pooled""",
            ),
        ],
        "answer-3a": _values(
            "numbers_that_differ",
            "test-3a",
            [
                ("0", "Does the 9 stay"),
                ("2", "what leaves the map"),
                ("6", "they stay within"),
                ("8", "six numbers each"),
            ],
        ),
        "answer-3b": _values(
            "average_at_top_left",
            "test-3b",
            [("9", "that is the maximum"), ("4.5", "two rows and two columns"), ("9 / 3", "zeros count")],
        ),
        "answer-4a": _values(
            "fields",
            "test-4a",
            [
                ("[5, 7, 11, 15, 27]", "their fields overlap"),
                ("[5, 6, 8, 10, 12]", "two pixels apart: each"),
                ("[5, 6, 10, 12, 24]", "takes 3 - 1 further neighbors", "test-4a-2"),
                ("[5, 6, 10, 14, 18]", "the strides multiply", "test-4a-2"),
                ("[3, 4, 8, 10, 18]", "as many pixels as its kernel"),
            ],
        ),
        "answer-4b": _values(
            "pixels_apart",
            "test-4b",
            [
                ("5", "not added"),
                ("3", "the first one has set"),
                ("1", "the poolings don't"),
                ("26", "overlap"),
            ],
        ),
    },
    "homework_05": {
        "answer-1a": _values(
            "shapes",
            "test-1a",
            [
                (
                    '{"conv 1": (44, 44, 3), "pool 1": (22, 22, 3), "conv 2": (10, 10, 3), "flatten": 300}',
                    "as many channels as it has kernels",
                ),
                (
                    '{"conv 1": (48, 48, 8), "pool 1": (24, 24, 8), "conv 2": (12, 12, 8), "flatten": 999}',
                    "fewer than 48 positions",
                ),
                (
                    '{"conv 1": (44, 44, 8), "pool 1": (22, 22, 8), "conv 2": (20, 20, 9), "flatten": 999}',
                    "every second of the 20",
                    "test-1a-2",
                ),
                (
                    '{"conv 1": (44, 44, 8), "pool 1": (22, 22, 8), "conv 2": (10, 10, 16), "flatten": 100}',
                    "all activations of conv 2",
                    "test-1a-3",
                ),
            ],
        ),
        "answer-1b": _values(
            "parameters",
            "test-1b",
            [
                ('{"conv 1": 600, "conv 2": 1_152, "dense": 16_000}', "a bias as well"),
                ('{"conv 1": 608, "conv 2": 160, "dense": 16_010}', "add up over all 8 maps", "test-1b-2"),
                ('{"conv 1": 208, "conv 2": 1_168, "dense": 16_010}', "*and each channel*"),
                (
                    '{"conv 1": 608, "conv 2": 1_168, "dense": 16_000}',
                    "a weight for each input, and a bias",
                    "test-1b-3",
                ),
                (
                    '{"conv 1": 608, "conv 2": 1_168, "dense": 19_360}\nshapes = {"flatten": (11, 11, 16)}',
                    "a weight for each input, and a bias",
                    "test-1b-3",
                ),
            ],
        ),
        "answer-2a": _values(
            "field_of_pool_1",
            "test-2a",
            [("5", "takes two neighbors"), ("10", "overlap"), ("7", "one pixel apart")],
        ),
        "answer-2b": _values(
            "field_of_conv_2",
            "test-2b",
            [("8", "two pixels apart"), ("14", "widen what one sees"), ("18", "overlap")],
        ),
        "answer-3": [
            ("test-3a", "what turns maps into one vector", "repaired_network = broken_network"),
            (
                "test-3a",
                "16 and 32 kernels of 3×3",
                network_of_task_3(first='layers.Conv2D(16, 5, activation="relu")'),
            ),
            (
                "test-3a",
                "16 and 32 kernels of 3×3",
                network_of_task_3(first='layers.Conv2D(8, 3, activation="relu")'),
            ),
            ("test-3a", "keep the max-pooling", network_of_task_3(pooling="layers.Activation('linear')")),
            ("test-3a", "keep the max-pooling", network_of_task_3(pooling="layers.MaxPooling2D(3)")),
            ("test-3a", "keep the max-pooling", network_of_task_3(pooling="layers.AveragePooling2D(2)")),
            ("test-3a", "keep the ReLU", network_of_task_3(first="layers.Conv2D(16, 3)")),
            ("test-3a", "keep the ReLU", network_of_task_3(second="layers.Conv2D(32, 3)")),
            (
                "test-3a",
                "keep the ReLU",
                network_of_task_3(second='layers.Conv2D(32, 3, activation="sigmoid")'),
            ),
            ("test-3b", "divide by 255", network_of_task_3(rescaling="layers.Rescaling(255)")),
            ("test-3b", "once too often", network_of_task_3(rescaling="layers.Rescaling(1 / 255**2)")),
            (
                "test-3c",
                "a softmax is still there",
                network_of_task_3(last='layers.Dense(10, activation="softmax")'),
            ),
            ("test-3c", "yours never are", network_of_task_3(last='layers.Dense(10, activation="relu")')),
            (
                "test-3c",
                "stay between -1 and 1",
                network_of_task_3(last='layers.Dense(10, activation="tanh")'),
            ),
        ],
        "answer-4": _values(
            "loss",
            "test-4",
            [("0.41", "if the first class"), ("0.09", "probability of the true class"), ("-2.41", "*minus*")],
        ),
    },
    "homework_06": {
        "answer-1": _values(
            "steps",
            "test-1",
            [
                ("12 * (4_500 // 32)", "is a step, too"),
                ("12 * 4_500 / 32", "no half steps"),
                ("141", "that is one epoch"),
                ("12 * 4_500", "takes 32 of them"),
            ],
        ),
        "answer-2a": _values(
            "gradient",
            "test-2a",
            [
                ("11", "which sign"),
                ("-22", "is the *mean*"),
                ("-7", "the factor x"),
                ("-5.5", "the factor 2"),
            ],
        ),
        "answer-2b": [
            *_values(
                "w_after",
                "test-2b",
                [
                    ("-1.1", "*against* the gradient"),
                    ("11", "scales the step"),
                    ("0.1", "learning rate times"),
                ],
            ),
            # Of one's own gradient.
            ("test-2b", "*against* the gradient", "gradient = -5.5\nw_after = -0.55"),
        ],
        "answer-3": [
            ("test-3a", "P learns", 'what_to_do = {"P": "broken", "Q": "stop", "R": "go on", "S": "larger"}'),
            (
                "test-3a-2",
                "it doesn't learn from",
                'what_to_do = {"P": "go on", "Q": "go on", "R": "broken", "S": "larger"}',
            ),
            (
                "test-3b-2",
                "nothing is learned by heart",
                'what_to_do = {"P": "go on", "Q": "stop", "R": "broken", "S": "stop"}',
            ),
            (
                "test-3b",
                "the loss of guessing among ten classes",
                'what_to_do = {"P": "go on", "Q": "stop", "R": "go on", "S": "larger"}',
            ),
        ],
        "answer-4a": [
            ("test-4a", "use *one* order for both", "shuffle = broken_shuffle"),
            ("test-4a", "is still the old one", "def shuffle(x, y, rng):\n    return x, y"),
            (
                "test-4a",
                "others appear twice",
                "def shuffle(x, y, rng):\n"
                "    chosen = rng.integers(0, len(x), len(x))\n    return x[chosen], y[chosen]",
            ),
            ("test-4a", "so it is not random", "def shuffle(x, y, rng):\n    return x[::-1], y[::-1]"),
            (
                "test-4a",
                "should come from rng alone",
                "def shuffle(x, y, rng):\n"
                "    order = np.random.permutation(len(x))\n    return x[order], y[order]",
            ),
            (
                "test-4a",
                "neighbors are still neighbors",
                "def shuffle(x, y, rng):\n"
                "    by = rng.integers(1, len(x))\n    return np.roll(x, by), np.roll(y, by)",
            ),
        ],
        "answer-4b": [
            (
                "test-4b",
                'compile it with metrics=["accuracy"]',
                "def compile_it(model):\n"
                '    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))',
            ),
            ("test-4b", "does it know that it is given logits", "compile_it = broken_compile"),
            (
                "test-4b",
                "does it know that it is given logits",
                "def compile_it(model):\n"
                '    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])',
            ),
            (
                "test-4b",
                "how far does the optimizer go",
                "def compile_it(model):\n"
                "    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)\n"
                '    model.compile(keras.optimizers.SGD(1_000.0), loss, metrics=["accuracy"])',
            ),
            (
                "test-4b",
                "how far does the optimizer go",
                "def compile_it(model):\n"
                "    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)\n"
                '    model.compile(keras.optimizers.SGD(1e-6), loss, metrics=["accuracy"])',
            ),
            (
                "test-4b",
                "how far does the optimizer go",  # from one start in three
                "def compile_it(model):\n"
                "    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)\n"
                '    model.compile(keras.optimizers.SGD(0.001), loss, metrics=["accuracy"])',
            ),
        ],
    },
    "homework_07": {
        "answer-1a": _values(
            "probabilities",
            "test-1a",
            [
                ("[1, 3, 6]", "What makes them add up"),
                ("list(np.log([1, 3, 6]) / np.log([1, 3, 6]).sum())", "The exponentials come first".lower()),
                ("[1 / 2, 3 / 4, 6 / 7]", "treats each class alone"),
            ],
        ),
        "answer-1b": _values(
            "after_adding",
            "test-1b",
            [
                ("[1 / 3, 1 / 3, 1 / 3]", "are still there"),
                ("[0, 0, 1]", "none gets ahead"),
                ("[100.1, 100.3, 100.6]", "probabilities add up to 1"),
            ],
        ),
        "answer-1c": _values(
            "after_doubling",
            "test-1c",
            [
                ("[0.1, 0.3, 0.6]", "something changes"),
                ("[0.2, 0.6, 1.2]", "add up to 2"),
                ("[0.05, 0.15, 0.8]", "which exponentials"),
            ],
        ),
        "answer-2": [
            ("test-2a", "a batch of one image is", "prepare = broken_prepare"),
            ("test-2b", "take their mean", "def prepare(photo):\n    return photo[::2, ::2][None]"),
            (
                "test-2a",
                "divides by 255 itself",
                "def prepare(photo):\n"
                "    return photo.reshape(32, 2, 32, 2, 3).mean(axis=(1, 3))[None] / 255",
            ),
            (
                "test-2b",
                "a quarter of the photo",
                "def prepare(photo):\n    return photo[:32, :32][None]",
            ),
            (
                "test-2b",
                "starts again at 0",
                "def prepare(photo):\n"
                "    total = photo[::2, ::2] + photo[1::2, ::2] + photo[::2, 1::2] + photo[1::2, 1::2]\n"
                "    return (total // 4)[None]",
            ),
            (
                "test-2b",
                "prepare the one that is passed in",
                "whole = photo\n\n\n"
                "def prepare(_):\n"
                "    return whole.reshape(32, 2, 32, 2, 3).mean(axis=(1, 3)).round().astype(np.uint8)[None]",
            ),
        ],
        "answer-3a": _values(
            "speaks_for",
            "test-3a",
            [("(2, 0)", "speak for or against"), ("(2, 2)", "count from 0"), ("(0, 0)", "hardly anything")],
        ),
        "answer-3b": _values(
            "speaks_against",
            "test-3b",
            [("(1, 1)", "speaks for one"), ("(0, 2)", "the row comes first"), ("(3, 1)", "count from 0")],
        ),
        "answer-4a": [
            (
                "test-4a",
                "say which class",
                "def answer_or_silence(probabilities, threshold):\n"
                "    return probabilities.max(axis=1) >= threshold",
            ),
            (
                "test-4a",
                "so the answer is -1",
                "def answer_or_silence(probabilities, threshold):\n    return probabilities.argmax(axis=1)",
            ),
            (
                "test-4a",
                "is not *below*",
                "def answer_or_silence(probabilities, threshold):\n"
                "    largest = probabilities.max(axis=1)\n"
                "    return np.where(largest > threshold, probabilities.argmax(axis=1), -1)",
            ),
            (
                "test-4a",
                "there are three answers",
                "def answer_or_silence(probabilities, threshold):\n"
                "    return np.where(probabilities < threshold, -1, 1)",
            ),
            (
                "test-4a",
                "use the argument",
                "def answer_or_silence(probabilities, threshold):\n"
                "    return np.where(probabilities.max(axis=1) < 0.5, -1, probabilities.argmax(axis=1))",
            ),
        ],
        "answer-4b": _values(
            "share_answered",
            "test-4b",
            [
                ("float((of_unknown.max(axis=1) < 0.5).mean())", "gets no answer"),
                ("int((of_unknown.max(axis=1) >= 0.5).sum())", "not as a number of images"),
                ("float(of_unknown.max(axis=1).mean())", "mean of the largest"),
            ],
        ),
    },
    "homework_08": {
        "answer-1a": _values(
            "reach",
            "test-1a",
            [
                ("2 * 1.96 * (0.8 * 0.2 / 2_000) ** 0.5", "width of the whole interval"),
                ("(0.8 * 0.2 / 2_000) ** 0.5", "one standard deviation"),
                ("1.96 * (0.8 * 0.2 / 2_000)", "take the square root"),
                ("1.75", "not in percent"),
            ],
        ),
        "answer-1b": _values(
            "images_for_half",
            "test-1b",
            [
                ("4_000", "stands under a root"),
                ("1_000", "wider"),
                ("6_000", "on top of"),
                ("2_828", "for the root to double"),
                ("7_500", "not exact"),
                ("1.96**2 * 0.16 / 0.0088**2", "rounded reach"),
            ],
        ),
        "answer-2a": [
            ("test-2a", "that is the precision", "recall_of_cat = 80 / 120\nprecision_of_cat = 80 / 100"),
            ("test-2a", "not of all images", "recall_of_cat = 80 / 300\nprecision_of_cat = 80 / 120"),
            ("test-2a-2", "down the column", "recall_of_cat = 0.8\nprecision_of_cat = 0.8"),
        ],
        "answer-2b": _values(
            "most_often",
            "test-2b",
            [
                ('("cat", "dog")', "The row is the true class"),
                ('("frog", "frog")', "the diagonal holds"),
                ('("frog", "cat")', "a larger number"),
            ],
        ),
        "answer-3": [
            ("test-3a", "the mirror image of a test image", 'leaks = ["D", "F"]'),
            ("test-3a", "chooses the epoch", 'leaks = ["B", "D"]'),
            ("test-3a", "chooses the learning rate", 'leaks = ["B", "F"]'),
            ("test-3b", "from the training images alone", 'leaks = ["B", "C", "D", "F"]'),
            ("test-3b", "it uses no label", 'leaks = ["B", "D", "E", "F"]'),
            ("test-3b", "nothing but the image itself", 'leaks = list("ABCDEF")'),
            ("test-3a", "some are not", 'leaks = list("ABCDEF")'),
            ("test-3a", "Split first", 'leaks = ["D"]'),  # one leak alone earns nothing
            ("test-3b", "at least two of the leaks", 'leaks = ["D"]'),
            ("test-3b", "at least two of the leaks", "leaks = []"),
        ],
        "answer-4a": _values(
            "calibration_error",
            "test-4a",
            [
                ("0.25 / 3", "weight each range by its own"),
                ("0.05 + 0.1 + 0.1", "the sum of the distances"),
                ("0.1", "the last range alone"),
                ("9.5", "not in percent"),
            ],
        ),
        "answer-4b": _values(
            "verdict",
            "test-4b",
            [
                ('"not sure enough"', "Which is larger"),
                ('"calibrated"', "compare confidence and accuracy"),
                ('"too shure"', "is not one of"),
            ],
        ),
        "answer-5a": [
            ("test-5a", message, "low_c, high_c = -0.0134, 0.0410\n" + answer)
            for message, answer in [
                ("lower end", "low_b, high_b = 0.0146, 0.0054"),
                ("B minus A", "low_b, high_b = -0.0146, -0.0054"),
                ("is not paired", "low_b, high_b = 0.01 - 0.0206, 0.01 + 0.0206"),  # Welch
                ("is not paired", "low_b, high_b = 0.01 - 0.0246, 0.01 + 0.0246"),  # with 2.776
                ("too small a factor", "low_b, high_b = [0.01 + z * 0.00167 for z in (-1.96, 1.96)]"),
                ("one standard error", "low_b, high_b = 0.01 - 0.00167, 0.01 + 0.00167"),
                ("root of the number", "low_b, high_b = 0.01 - 2.776 * 0.00374, 0.01 + 2.776 * 0.00374"),
                (
                    "divide by 4",
                    "d = (accuracies['B'] - accuracies['A']).to_numpy()\n"
                    "low_b, high_b = [d.mean() + t * d.std() / 5**0.5 for t in (-2.776, 2.776)]",
                ),
            ]
        ]
        + [
            ("test-5a-2", message, "low_b, high_b = 0.0054, 0.0146\n" + answer)
            for message, answer in [
                ("lower end", "low_c, high_c = 0.0410, -0.0134"),
                ("C minus A", "low_c, high_c = -0.0410, 0.0134"),
                ("the mean 0.0138", "low_c, high_c = 0.0092, 0.0184"),
            ]
        ],
        "answer-5b": _values(
            "shown_better",
            "test-5b",
            [
                ('["C"]', "the highest mean"),
                ('["B", "C"]', "the highest mean"),
                ("[]", "are paired"),
                ('["A"]', "not a list of the letters"),
            ],
        ),
    },
    "homework_09": {
        "answer-1": [
            (
                "test-1a",
                "count epochs from 1",
                """
def early_stopping(losses, patience):
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        if epoch - best == patience:
            return epoch, best
    return len(losses) - 1, best""",
            ),
            (
                "test-1b",
                "not with the epoch before",
                """
def early_stopping(losses, patience):
    worse = 0
    for epoch in range(1, len(losses)):
        worse = worse + 1 if losses[epoch] >= losses[epoch - 1] else 0
        if worse == patience:
            break
    return epoch + 1, int(np.argmin(losses[: epoch + 1])) + 1""",
            ),
            (
                "test-1b",
                "an equal loss is not lower",
                """
def early_stopping(losses, patience):
    best = 1
    for epoch, loss in enumerate(losses, start=1):
        if loss <= losses[best - 1]:
            best = epoch
        if epoch - best == patience:
            return epoch, best
    return len(losses), best""",
            ),
            (
                "test-1a",
                "first the epoch after which it stops",
                """
def early_stopping(losses, patience):
    best = 1
    for epoch, loss in enumerate(losses, start=1):
        if loss < losses[best - 1]:
            best = epoch
        if epoch - best == patience:
            return best, epoch
    return best, len(losses)""",
            ),
        ],
        "answer-2": [
            ("test-2a", "left *out*", "factor = 5\nmean_sum_in_training = 10\nsum_when_predicting = 10"),
            (
                "test-2b",
                "there to keep the sum",
                "factor = 1.25\nmean_sum_in_training = 8\nsum_when_predicting = 10",
            ),
            (
                "test-2b",
                "nothing is left out",
                "factor = 1.25\nmean_sum_in_training = 10\nsum_when_predicting = 8",
            ),
            (
                "test-2b",
                "nothing is multiplied",
                "factor = 1.25\nmean_sum_in_training = 10\nsum_when_predicting = 12.5",
            ),
            (
                "test-2a",
                "not the sum",
                "factor = 1.2\nmean_sum_in_training = 10\nsum_when_predicting = 10",
            ),
        ],
        "answer-3": [
            (
                "test-3a",
                "stand on their heads",
                "def random_flip(images, rng):\n"
                "    chosen = rng.random(len(images)) < 0.5\n"
                "    return np.where(chosen[:, None, None, None], images[:, ::-1], images)",
            ),
            (
                "test-3b",
                "all images share one decision",
                "def random_flip(images, rng):\n"
                "    return images[:, :, ::-1] if rng.random() < 2 else images",
            ),
            (
                "test-3a",
                "red and blue are exchanged",
                "def random_flip(images, rng):\n"
                "    chosen = rng.random(len(images)) < 0.5\n"
                "    return np.where(chosen[:, None, None, None], images[..., ::-1], images)",
            ),
            (
                "test-3b",
                "the images that you were given have changed",
                "def random_flip(images, rng):\n"
                "    chosen = rng.random(len(images)) < 0.5\n"
                "    images[chosen] = images[chosen][:, :, ::-1]\n    return images",
            ),
            (
                "test-3b",
                "generators with different seeds choose the same images",
                "def random_flip(images, rng):\n"
                "    flipped = images.copy()\n    flipped[::2] = images[::2, :, ::-1]\n    return flipped",
            ),
            (
                "test-3b",
                "generators with different seeds choose the same images",
                "def random_flip(images, rng):\n"
                "    chosen = np.random.default_rng(0).random(len(images)) < 0.5\n"
                "    return np.where(chosen[:, None, None, None], images[:, :, ::-1], images)",
            ),
            (
                "test-3b",
                "two generators with the same seed choose different images",
                "def random_flip(images, rng):\n"
                "    chosen = np.random.default_rng().random(len(images)) < 0.5\n"
                "    return np.where(chosen[:, None, None, None], images[:, :, ::-1], images)",
            ),
        ],
        "answer-4": [
            (
                grade_id,
                message,
                f'shown_to_help = {helped}\ncheaper_than_none = "{cheaper}"',
            )
            for grade_id, helped, cheaper, message in (
                # Every mean that is higher, every 95 % interval that excludes 0, and unpaired intervals.
                (
                    "test-4",
                    ["flip and shift", "schedule", "dropout", "early stopping"],
                    "early stopping",
                    "contains 0",
                ),
                (
                    "test-4",
                    ["flip and shift", "schedule", "dropout"],
                    "early stopping",
                    "one of four comparisons",
                ),
                ("test-4", ["flip and shift"], "early stopping", "subtract by seed"),
                ("test-4", [], "early stopping", "multiplied as Holm says"),
                ("test-4-2", ["flip and shift", "schedule"], "schedule", "compare the CPU seconds"),
            )
        ],
    },
}

# Right answers other than the solution: {homework: {answer cell: [(test cell, answer)]}}
RIGHT = {
    "homework_02": {
        "answer-2": [
            (
                "test-2",
                "def brighter(images, by):\n"
                "    return np.minimum(np.maximum(images + float(by), 0), 255).astype(np.uint8)",
            ),
        ],
        "answer-3a": [
            (
                "test-3a",
                "def leaked(object_of, train, test):\n"
                "    return len({i for i in test if object_of[i] in object_of[train]})",
            ),
        ],
    },
    "homework_03": {
        "answer-1": [("test-1", "feature_map = [[1, 4, 3], [7, 4, 1], [0, 5, 0]]")],  # of three points two
        "answer-2a": [("test-2a", "rows = np.array([30, 30, 9])")],
        "answer-3": [("test-3-2", "dot_kernel = [[0, -1, 0], [-1, 4, -1], [0, -1, 0]]")],  # of three one
        "answer-4": [("test-4", 'kernel_of = {"X": "A", "Y": "C", "Z": "B"}')],  # of two points one
    },
    "homework_04": {
        "answer-4a": [
            ("test-4a", "fields = np.array([5, 6, 10, 14, 18])"),  # of two points one
            ("test-4a-2", "fields = [5, 7, 11, 15, 27]"),
        ],
    },
    "homework_08": {
        "answer-2a": [("test-2a", "recall_of_cat, precision_of_cat = 0.8, None")],  # of two points one
    },
}
