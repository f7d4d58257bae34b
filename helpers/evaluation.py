"""How good is a network? Lesson 07 explains each of these."""

import numpy as np
import pandas as pd
from scipy.stats import binomtest


def accuracy_interval(correct: int, total: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's interval for the accuracy of a network that was right `correct` times out of `total`.

    Source: E. B. Wilson (1927), "Probable inference, the law of succession, and statistical inference",
    JASA 22:209-212. Returns two shares, 0 to 1. Raises ValueError unless 0 <= correct <= total, total > 0.
    """
    interval = binomtest(int(correct), int(total)).proportion_ci(confidence, method="wilson")
    return float(interval.low), float(interval.high)


def accuracy_by_class(y: np.ndarray, predicted: np.ndarray, class_names) -> pd.DataFrame:
    """One row a class: its images, how many were recognized, the accuracy and its 95 % interval."""
    images, correct = (np.bincount(labels, minlength=len(class_names)) for labels in (y, y[y == predicted]))
    table = pd.DataFrame({"images": images, "correct": correct}, pd.Index(class_names, name="class"))
    none = np.nan, np.nan  # of a class that the test set lacks
    table[["low", "high"]] = [accuracy_interval(c, n) if n else none for n, c in table.to_numpy()]
    table.insert(2, "accuracy", table["correct"] / table["images"])
    return table


def reliability(y: np.ndarray, probabilities: np.ndarray, bins: int = 10) -> pd.DataFrame:
    """How often the network is right where it is how confident: a row for each of `bins` equal ranges.

    The confidence is the largest probability of an image. Columns: low, high (of the range), images,
    confidence (their mean) and accuracy, both NaN in a range without images.
    Source: C. Guo et al. (2017), "On calibration of modern neural networks".
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == y
    edges = np.linspace(0, 1, bins + 1)
    # A confidence on the edge of two ranges belongs to the lower one, and 0 to the first.
    where = np.clip(np.digitize(confidence, edges, right=True) - 1, 0, bins - 1)
    grouped = pd.DataFrame({"bin": where, "confidence": confidence, "accuracy": right}).groupby("bin")
    table = pd.DataFrame({"low": edges[:-1], "high": edges[1:]})
    table["images"] = grouped.size().reindex(table.index, fill_value=0)
    return table.join(grouped[["confidence", "accuracy"]].mean())
