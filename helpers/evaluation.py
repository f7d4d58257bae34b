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
    """One row a class: its pictures, how many were recognised, the accuracy and its 95 % interval."""
    rows = []
    for label in range(len(class_names)):
        of_class = y == label
        correct, total = int((predicted[of_class] == label).sum()), int(of_class.sum())
        low, high = accuracy_interval(correct, total)
        rows.append((total, correct, correct / total, low, high))
    columns = ["pictures", "correct", "accuracy", "low", "high"]
    return pd.DataFrame(rows, columns=columns, index=pd.Index(class_names, name="class"))


def most_confident_mistakes(y: np.ndarray, probabilities: np.ndarray, count: int = 10) -> np.ndarray:
    """Indices of the wrongly classified pictures, the most confident first, at most `count`.

    y: labels, shape (n,); probabilities: shape (n, classes), 0 to 1.
    """
    mistakes = np.flatnonzero(probabilities.argmax(axis=1) != y)
    by_confidence = np.argsort(-probabilities[mistakes].max(axis=1), kind="stable")
    return mistakes[by_confidence][:count]
