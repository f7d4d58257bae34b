"""The network that comes with the lessons: whole, small, checked before it is read, and able."""

import hashlib
import json
import re

from helpers import networks, pretrained, training
from helpers.errors import UserError
from lesson_tools import record

import numpy as np
import pytest


def test_its_card_is_beside_it():
    assert pretrained.SHA256 in pretrained.FILE.with_suffix(".md").read_text(encoding="utf-8")


def test_it_gives_logits_for_images():
    model = pretrained.load_pretrained()
    logits = model.predict(np.zeros((2, 32, 32, 3), np.uint8), verbose=0)
    assert logits.shape == (2, len(pretrained.CLASS_NAMES)) and np.isfinite(logits).all()
    assert np.allclose(logits[0], logits[1])


def test_another_file_is_refused_before_it_is_read(tmp_path):
    changed = bytearray(pretrained.FILE.read_bytes())
    changed[1000] ^= 1
    (tmp_path / "changed.npz").write_bytes(changed)
    with pytest.raises(UserError, match=r"changed.npz is .*not that of the lessons"):
        pretrained.load_pretrained(tmp_path / "changed.npz")
    with pytest.raises(UserError, match=r"none.npz is missing"):
        pretrained.load_pretrained(tmp_path / "none.npz")


class Trap:
    def __reduce__(self):
        return print, ("executed",)


def test_nothing_in_a_file_is_executed(tmp_path, capsys):
    file = tmp_path / "trap.npz"
    np.savez(file, vector_0=np.array([Trap()], object))
    with pytest.raises(ValueError, match="allow_pickle"):
        pretrained.load_pretrained(file, hashlib.sha256(file.read_bytes()).hexdigest())
    assert "executed" not in capsys.readouterr().out


def test_stored_weights_are_nearly_the_same(tmp_path):
    x = np.random.default_rng(0).integers(0, 256, (20, 32, 32, 3)).astype(np.uint8)
    model = pretrained.load_pretrained()
    model.set_weights([weights * 1.001 for weights in model.get_weights()])
    record.store_weights(model, tmp_path / "stored.npz")
    sha256 = hashlib.sha256((tmp_path / "stored.npz").read_bytes()).hexdigest()
    again = pretrained.load_pretrained(tmp_path / "stored.npz", sha256)
    for before, after in zip(model.get_weights(), again.get_weights(), strict=True):
        assert np.abs(before - after).max() <= np.abs(before).max() / 250
    logits = [network.predict(x, verbose=0) for network in (model, again)]
    assert np.abs(logits[0] - logits[1]).max() < 0.05 * np.ptp(logits[0])


def test_only_a_finished_run_of_the_recipe_far_is_stored(tmp_path, monkeypatch):
    monkeypatch.setattr(pretrained, "FILE", tmp_path / "weights" / "cifar10.npz")
    with pytest.raises(UserError, match="no training run"):
        record.record_weights(tmp_path)
    (tmp_path / "run").mkdir()
    settings = dict.fromkeys(training.SETTINGS, 1) | {"classes": pretrained.CLASS_NAMES}
    (tmp_path / "run" / "settings.json").write_text(json.dumps(settings))
    with pytest.raises(UserError, match="is not finished"):
        record.record_weights(tmp_path / "run")
    metrics = settings | dict.fromkeys(training.METRICS, 0) | {"test_accuracy": 0.9}
    (tmp_path / "run" / "metrics.json").write_text(json.dumps(metrics))
    (tmp_path / "run" / "model.keras").write_text("damaged")
    with pytest.raises(UserError, match=r"model\.keras can't be used"):
        record.record_weights(tmp_path / "run")
    networks.reference_network().save(tmp_path / "run" / "model.keras")
    with pytest.raises(UserError, match="not that of the recipe far"):
        record.record_weights(tmp_path / "run")
    assert not pretrained.FILE.exists()
    pretrained.new_network().save(tmp_path / "run" / "model.keras")
    assert "test accuracy 0.9" in record.record_weights(tmp_path / "run")
    sha256 = hashlib.sha256(pretrained.FILE.read_bytes()).hexdigest()
    pretrained.load_pretrained(pretrained.FILE, sha256)


def test_other_classes_are_refused():
    pretrained.check_classes(list(pretrained.CLASS_NAMES))
    with pytest.raises(UserError, match=re.escape('give weights="run"')):
        pretrained.check_classes(["left", "right"])
