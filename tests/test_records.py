"""Recorded experiments say how they were made, and the lessons' figures come from them."""

import json
import re

from helpers import parameters, records, training
from lesson_tools import run

import nbformat
import pandas as pd
import pytest

RECORDS = sorted(path.stem for path in records.RECORDED.glob("*.csv"))
VERSIONS = {"python": "3.12.1", "tensorflow": "2.21.0", "keras": "3.15.1", "numpy": "2.4.6"}


@pytest.mark.parametrize("name", RECORDS)
def test_every_record_says_how_it_was_made(name):
    record = records.load_record(name)
    assert tuple(record.about) == records.ABOUT and all(record.about.values())
    assert "python -m helpers." in record.about["command"]
    for package in ("python", "tensorflow", "keras", "numpy"):
        assert re.search(rf"{package} \d+\.\d+", record.about["versions"])
    seeds = ", ".join(str(seed) for seed in sorted(record.table["seed"].unique()))
    assert record.about["seeds"] == seeds
    assert (
        record.table["test_accuracy"].between(0, 1).all() and not record.table["test_accuracy"].isna().any()
    )


@pytest.mark.parametrize("name", RECORDS)
def test_a_lesson_draws_it(name):
    lessons = [
        lesson
        for lesson in run.find_lessons()
        if any(f'load_record("{name}")' in cell.source for cell in nbformat.read(lesson, as_version=4).cells)
    ]
    assert lessons


def test_the_pooling_experiment_has_five_seeds_for_each_network():
    table = records.load_record("pooling").table
    assert table.groupby("pooling")["seed"].nunique().to_dict() == {"average": 5, "max": 5, "stride": 5}
    assert len(table) == 15 and set(table["epochs"]) == {10}


def test_the_normalization_experiment_says_what_lesson_05_says():
    """The words of the lesson are about these numbers: whoever renews the record has to read them again."""
    table = records.load_record("normalization").table
    last = table[table["epoch"] == table["epochs"]]
    assert last.groupby(["optimizer", "normalization"])["seed"].nunique().tolist() == 6 * [3]
    groups = last.groupby(["optimizer", "normalization"])["test_accuracy"]
    mean, deviation = groups.mean(), groups.std()
    assert mean["sgd", "none"] == pytest.approx(0.1, abs=0.001)  # one class, always
    assert mean["sgd", "standardize"] > mean["sgd", "divide"] + deviation["sgd", "divide"]
    assert 0.5 < mean["adam", "none"] < mean["adam", "divide"] - deviation["adam", "divide"]
    assert abs(mean["adam", "divide"] - mean["adam", "standardize"]) < deviation["adam", "standardize"]


def test_the_long_training_says_what_lesson_08_says():
    """The lesson says that the accuracy fell, and that the loss rose by much more."""
    table = records.load_record("longer").table
    assert table.groupby("seed").size().to_dict() == {0: 100, 1: 100, 2: 100}
    for _, rows in table.groupby("seed"):
        rows = rows.set_index("epoch")
        assert rows["val_loss"].idxmin() < 15 and rows["val_accuracy"].idxmax() < 15
        assert rows["val_loss"].iloc[-1] > 3 * run["val_loss"].min()
        assert run["val_accuracy"].iloc[-1] < run["val_accuracy"].max() - 0.01
        assert run["loss"].iloc[-1] < 0.2
    ten = records.load_record("normalization").table.query(
        "optimizer == 'adam' and normalization == 'divide'"
    )
    ten, hundred = (runs.groupby("seed")["test_accuracy"].first() for runs in (ten, table))
    assert ten.index.tolist() == hundred.index.tolist()  # the same seeds, as the lesson says
    assert hundred.mean() < ten.mean() - ten.std()


def test_the_records_of_lesson_08_are_what_it_says():
    remedies = records.load_record("remedies").table.groupby(["remedies", "seed"]).tail(1)
    assert set(remedies.groupby("remedies")["seed"].nunique()) == {3}
    assert set(remedies["epochs"]) == {15} and set(remedies["train_size"]) == {45_000}
    alone = {name for name in remedies["remedies"] if name.count("+") < 2}
    assert {part for name in alone for part in name.split("+")} == {"none", *training.REMEDIES}
    mean = remedies.groupby("remedies")["test_accuracy"].mean()
    five = "weight_decay+flip+shift+batch_normalization+schedule"
    assert mean["dropout+" + five] < mean["none"] < mean[five] - 0.1  # dropout does harm in company
    six = remedies[remedies["remedies"] == "dropout+" + five]
    assert (six["accuracy"] > six["test_accuracy"] + 0.1).all()
    hour = records.load_record("class_hour").table.groupby("seed").tail(1)
    assert hour["seed"].nunique() >= 3 and set(hour["network"]) == {"residual"}
    assert hour["test_accuracy"].mean() > 0.85 and hour["train_seconds"].max() < 45 * 60
    sizes = records.load_record("sizes").table
    assert set(sizes["remedies"]) == {"early_stopping"}
    assert set(sizes.groupby("train_size")["seed"].nunique()) == {3}
    assert sizes.groupby("train_size")["test_accuracy"].mean().is_monotonic_increasing


@pytest.mark.parametrize(("record", "by"), [("remedies", "remedies"), ("sizes", "train_size")])
def test_lesson_08_states_the_recorded_means(record, by):
    alts = stored_descriptions("08")
    table = records.load_record(record).table.groupby([by, "seed"]).tail(1)
    for mean in table.groupby(by)["test_accuracy"].mean():
        assert any(f"{mean:.3f}" in alt for alt in alts)


def stored_descriptions(number):
    return [
        output.metadata["image/png"]["alt"]
        for cell in nbformat.read(run.find_lessons([number])[0], as_version=4).cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]


def test_lesson_03_states_the_recorded_means():
    """Its stored figure describes itself with the means of the file: it was drawn from this file."""
    alts = stored_descriptions("03")
    groups = records.load_record("pooling").table.groupby("pooling", sort=False)["test_accuracy"]
    for name, row in groups.agg(["mean", "std"]).iterrows():
        assert any(f"{name} {row['mean']:.3f} ± {row['std']:.3f}" in alt for alt in alts)


@pytest.fixture
def runs(tmp_path):
    """Two finished runs."""
    folders = []
    for seed in (0, 1):
        folder = tmp_path / f"run-{seed}"
        folder.mkdir()
        metrics = dict.fromkeys(records.COLUMNS, 1) | {"seed": seed, "versions": VERSIONS}
        metrics |= {"pooling": "max", "test_accuracy": 0.5 + seed / 10}
        (folder / "metrics.json").write_text(json.dumps(metrics))
        folders.append(folder)
    return folders


def test_curves_are_a_row_an_epoch(runs, tmp_path, monkeypatch):
    monkeypatch.setattr(records, "RECORDED", tmp_path / "recorded")
    for folder in runs:
        history = {"epoch": [0, 1], "loss": [2.0, 1.0], "accuracy": [0.3, 0.5]}
        history |= {"val_loss": [2.1, 1.2], "val_accuracy": [0.3, 0.4], "test_accuracy": [0.2, 0.4]}
        pd.DataFrame(history | {"seconds": [9, 9]}).to_csv(folder / "history.csv", index=False)
    assert records.main([*arguments("mine", runs), "--curves"]) == 0
    table = records.load_record("mine").table
    assert table["epoch"].tolist() == [1, 2, 1, 2] and table["seed"].tolist() == [0, 0, 1, 1]
    assert table["epoch_test_accuracy"].tolist() == [0.2, 0.4, 0.2, 0.4]
    assert "seconds" not in table


def arguments(name, runs):
    about = {"what": "a, b", "images": "some: few", "command": "python -m lesson_tools.run 05"}
    given = [part for key, value in about.items() for part in (f"--{key}", value)]
    return [name, *given, *map(str, runs)]


def test_runs_are_recorded_and_read_again(runs, tmp_path, monkeypatch):
    monkeypatch.setattr(records, "RECORDED", tmp_path / "recorded")
    assert records.main(arguments("mine", runs)) == 0
    record = records.load_record("mine")
    assert record.about["images"] == "some: few" and record.about["seeds"] == "0, 1"
    assert record.about["versions"] == "python 3.12.1, tensorflow 2.21.0, keras 3.15.1, numpy 2.4.6"
    expected = pd.Series([0.5, 0.6], name="test_accuracy")
    pd.testing.assert_series_equal(record.table["test_accuracy"], expected)
    with pytest.raises(FileNotFoundError, match="There is no record yours; there are mine"):
        records.load_record("yours")


def test_runs_that_are_not_finished_or_not_alike_are_refused(runs, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(records, "RECORDED", tmp_path / "recorded")
    assert records.main(arguments("mine", [*runs, tmp_path / "none"])) == 1
    assert "There is no finished run in" in capsys.readouterr().err
    older = tmp_path / "older"
    older.mkdir()
    metrics = json.loads((runs[0] / "metrics.json").read_text())
    del metrics["pooling"]
    (older / "metrics.json").write_text(json.dumps(metrics))
    assert records.main(arguments("mine", [*runs, older])) == 1
    assert "older does not say its pooling: train it anew." in capsys.readouterr().err
    path = runs[1] / "metrics.json"
    path.write_text(path.read_text().replace("2.21.0", "2.20.0"))
    assert records.main(arguments("mine", runs)) == 1
    assert "made with 2 sets of versions" in capsys.readouterr().err
    assert not (tmp_path / "recorded").exists()


def test_the_records_of_lesson_09_are_what_it_says():
    runs = records.load_record("faster").table.groupby(["recipe", "seed"], sort=False).tail(1)
    assert set(runs["recipe"]) == {"reference", *parameters.RECIPES} and set(runs["train_size"]) == {45_000}
    assert runs.groupby("recipe")["seed"].nunique().drop("far").min() >= 3
    mean = runs.groupby("recipe")[["test_accuracy", "flip_accuracy"]].mean()
    spent = runs.groupby("recipe")["cpu_seconds"].median()
    assert mean["test_accuracy"]["seconds"] > mean["test_accuracy"]["reference"]
    assert spent["reference"] / spent["seconds"] > 12
    assert mean["test_accuracy"]["minutes"] > 0.84
    assert mean["flip_accuracy"]["far"] > 0.9 and spent["far"] < 90 * 60  # 45 minutes of two cores


def test_the_ablation_of_lesson_09_leaves_out_every_idea():
    table = records.load_record("ablation").table
    for recipe, without in (
        ("seconds", set(parameters.IDEAS) - {"shift"}),
        ("minutes", set(parameters.IDEAS)),
    ):
        runs = table[(table["recipe"] == recipe) & (table["precision"] == "bfloat16")]
        assert set(runs["without"]) == {"nothing", *without}
        assert runs.groupby("without")["seed"].nunique().min() >= 2
        assert runs.groupby("without")["seed"].nunique().nunique() == 1  # the same seeds for each
    assert "float32" in set(table["precision"])


def test_lesson_09_states_the_recorded_means():
    alts = stored_descriptions("09")
    table = records.load_record("ablation").table
    for mean in (
        table[table["precision"] == "bfloat16"].groupby(["recipe", "without"])["test_accuracy"].mean()
    ):
        assert any(f"{mean:.3f}" in alt for alt in alts)


def test_the_sweeps_say_what_lesson_10_says():
    """Which settings win and how they fall back is in the lesson's words, beside the numbers it prints."""
    setting = ["learning_rate", "batch_size"]
    forty = records.load_record("sweep_settings").table
    assert forty.groupby(setting)["seed"].nunique().tolist() == 40 * [3]
    means = forty.groupby(setting)["validation_accuracy"].mean()
    best_rates = means.unstack().idxmax()
    assert best_rates.is_monotonic_increasing and best_rates.tolist()[-3:] == 3 * [0.002]
    four = set(means.nlargest(4).index)
    assert four == {(0.001, 32), (0.0005, 16), (0.0005, 32), (0.001, 16)}
    winners = forty.loc[forty.groupby("seed")["validation_accuracy"].idxmax()]
    assert len(winners.groupby(setting)) == 3
    for _, winner in winners.iterrows():
        same = (forty[setting] == winner[setting]).all(axis=1) & (forty["seed"] != winner["seed"])
        assert forty[same]["validation_accuracy"].mean() <= winner["validation_accuracy"]
    fresh = records.load_record("sweep_fresh_seeds").table
    assert set(fresh.groupby(setting).groups) == four
    assert not set(fresh["seed"]) & set(forty["seed"])
    again = fresh.groupby(setting)["validation_accuracy"].mean()
    assert again[means.idxmax()] < means.max() and again.idxmax() != means.idxmax()
    sizes = records.load_record("sweep_sizes").table
    assert sizes.groupby("train_size")["seed"].nunique().tolist() == 5 * [5]
    assert sizes.groupby("train_size")["test_accuracy"].mean().is_monotonic_increasing
