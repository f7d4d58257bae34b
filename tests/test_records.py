"""Recorded experiments say how they were made, have every run they speak of, and are drawn by a lesson."""

import json
import re
from pathlib import Path

from helpers import records, training
from helpers.errors import UserError
from helpers.parameters import IDEAS, RECIPES, REMEDIES
from lesson_tools import record

import numpy as np
import pandas as pd
import pytest
from scipy import stats

RECORDS = sorted(path.stem for path in records.RECORDED.glob("*.csv"))
NOTEBOOKS = Path(records.__file__).parents[1] / "notebooks"
VERSIONS = {"python": "3.12.1", "tensorflow": "2.21.0", "keras": "3.15.1", "numpy": "2.4.6"}
# What each compares, and how many seeds each of those has: comparisons are over the same seeds.
COMPARED = {
    "bfloat16": (["precision"], 5),
    "choosing": ([], 5),
    "class_hour": ([], 3),
    "dense": (["learning_rate"], 3),
    "longer": ([], 5),
    "normalization": (["optimizer", "normalization", "learning_rate"], 3),
    "pooling": (["pooling"], 5),
    "random_search": ([], 1),
    "sizes": (["train_size"], 3),
    "sweep_fresh_seeds": (["learning_rate", "batch_size"], 5),
    "sweep_recipe": (["learning_rate", "batch_size"], 3),
    "sweep_recipe_fresh": (["learning_rate", "batch_size"], 5),
    "sweep_settings": (["learning_rate", "batch_size"], 3),
    "sweep_sizes": (["train_size"], 5),
}
# Those that compare what differs in more than that, each with a test of its own.
OWN_TESTS = {"ablation", "batch_statistics", "faster", "remedies", "remedy_costs"}
OWN_TESTS |= {"timings", "tuned", "tuning"}


def test_every_record_says_how_it_was_made_and_a_lesson_draws_it():
    lessons = "".join(path.read_text(encoding="utf-8") for path in NOTEBOOKS.glob("*.ipynb"))
    for name in RECORDS:
        about, table = vars(records.load_record(name)).values()
        assert tuple(about) == records.ABOUT and all(about.values()), name
        assert all(re.search(rf"{package} \d+\.\d+", about["versions"]) for package in VERSIONS), name
        seeds = sorted(table["seed"].unique()) if "seed" in table else ["none"]
        assert name == "timings" or about["seeds"] == ", ".join(map(str, seeds)), name
        assert "test_accuracy" not in table or table["test_accuracy"].between(0, 1).all(), name
        assert f'load_record(\\"{name}\\")' in lessons, name


def test_what_is_compared_was_run_with_the_same_seeds():
    assert {*COMPARED, *OWN_TESTS} == set(RECORDS)
    for name, (by, count) in COMPARED.items():
        table = records.load_record(name).table
        seeds = (table.groupby(by) if by else table.groupby("epochs"))["seed"].unique()
        assert {tuple(sorted(group)) for group in seeds} == {tuple(sorted(table["seed"].unique()))}, name
        assert table["seed"].nunique() == count, name


def test_each_remedy_was_run_with_the_seeds_of_none():
    """At least three each, so that all can be compared by seed; and the costs of all are known."""
    table = records.load_record("remedies").table
    seeds = {name: {*group["seed"]} for name, group in table.groupby("remedies")}
    assert all(len(each & seeds["none"]) >= 3 for each in seeds.values()), seeds
    assert {part for name in seeds for part in name.split("+")} == {"none", *REMEDIES}
    assert (table.groupby("remedies")["seed"].count() > 3).all()  # a row an epoch
    five = "weight_decay+flip+shift+batch_normalization+schedule"
    assert {*REMEDIES, "flip+shift", "none", five, f"dropout+{five}"} == set(seeds)
    costs = records.load_record("remedy_costs").table
    assert {*seeds} - {"early_stopping"} == {*costs["remedies"]} - {"class_hour"}
    assert costs.groupby("remedies")["repeat"].nunique().min() >= 3 and (costs["cpu_seconds"] > 0).all()


def test_the_statistics_of_batch_normalization_are_of_the_recorded_networks():
    ended = records.load_record("remedies").table.groupby(["remedies", "seed"]).tail(1)
    ended = ended.set_index(["remedies", "seed"])["test_accuracy"]
    table = records.load_record("batch_statistics").table.set_index(["remedies", "seed"])
    both = [name for name in ended.index if "dropout" in name[0] and "batch_normalization" in name[0]]
    assert sorted(table.index) == sorted(both) and len(both) >= 3
    pd.testing.assert_series_equal(table["test_accuracy"].sort_index(), ended[both].sort_index())
    for how in ("dropout_off", "dropout_on"):
        assert table[f"test_accuracy_statistics_{how}"].between(0, 1).all()


def paired(first, second) -> str:
    """A difference by seed with its interval, as docs/results.md writes it."""
    first, second = first.dropna().align(second.dropna(), join="inner")
    low, high = stats.ttest_rel(first, second).confidence_interval(0.95)
    return f"{(first - second).mean():+.3f} [{low:+.3f}, {high:+.3f}]".replace("-", "−")


def test_the_results_of_lesson_09_are_those_of_its_records():
    text = (NOTEBOOKS.parent / "docs" / "results.md").read_text(encoding="utf-8")
    text = text.split("## 100 epochs, and what helps")[1].split("## In seconds")[0]
    text = " ".join(text.split())  # a line may break anywhere
    ended = records.load_record("remedies").table.groupby(["remedies", "seed"]).tail(1)
    by_seed = ended.pivot(index="seed", columns="remedies", values="test_accuracy")
    for name, accuracy in by_seed.items():
        beside = "" if name == "none" else f" | {paired(accuracy, by_seed['none'])}"
        assert f"| {accuracy.count()} | {accuracy.mean():.3f} ± {accuracy.std():.3f}{beside}" in text, name
    table = records.load_record("longer").table
    accuracy = table.pivot(index="epoch", columns="seed", values="val_accuracy")
    assert f"epoch 100 − epoch 10 | {paired(accuracy.loc[100], accuracy.loc[10])} |" in text
    ends = accuracy.loc[91:100].mean(), accuracy.loc[6:15].mean()
    assert f"91 to 100 − 6 to 15 | {paired(*ends)} |" in text
    for _, group in records.load_record("batch_statistics").table.groupby("remedies"):
        both = (group[f"test_accuracy_statistics_dropout_{how}"] for how in ("off", "on"))
        assert f"| {paired(*both)}, " in text
    sizes = records.load_record("sizes").table.groupby("train_size")["test_accuracy"].mean()
    assert all(f"{mean:.3f} with {size:,}" in text for size, mean in sizes.items())
    hour = records.load_record("class_hour").table.groupby("seed")["test_accuracy"].first()
    assert f"{hour.mean():.3f} ± {hour.std():.3f} ({len(hour)} seeds)" in text


def test_every_recipe_and_every_idea_was_run():
    faster = records.load_record("faster").table.groupby("recipe")["seed"].nunique()
    assert {*faster.index} == {"reference", *RECIPES} - {"seconds"} and faster.drop("far").min() >= 3
    ablation = records.load_record("ablation").table
    not_in_seconds = {"shift", "global_max"}
    for recipe, left_out in (("seconds", {*IDEAS} - not_in_seconds), ("minutes", {*IDEAS})):
        runs = ablation[ablation["recipe"] == recipe].groupby("without")["seed"].unique()
        assert set(runs.index) == {"nothing", *left_out}
        assert len({tuple(sorted(seeds)) for seeds in runs}) == 1 and len(runs.iloc[0]) >= 2


def test_the_sweeps_are_as_lesson_11_says():
    setting = ["learning_rate", "batch_size"]
    for name, again in (("sweep_settings", "sweep_fresh_seeds"), ("sweep_recipe", "sweep_recipe_fresh")):
        first, fresh = (records.load_record(each).table for each in (name, again))
        means = first.groupby(setting)["validation_accuracy"].mean()
        assert len(first) == 120 and len(means) == 40, name
        assert {*means.nlargest(4).index} == {*fresh.groupby(setting).groups}, "the best four, once more"
        assert not {*first["seed"]} & {*fresh["seed"]}, "fresh seeds"
    grid, drawn = (records.load_record(name).table for name in ("sweep_recipe", "random_search"))
    assert len(drawn) == 40 and {*drawn["seed"]} == {0} < {*grid["seed"]}
    bounds = {"learning_rate": (0.0025, 0.32), "batch_size": (32, 512)}
    bounds |= {"weight_decay": (1e-4, 1), "label_smoothing": (0, 0.4)}
    for name, (low, high) in bounds.items():
        assert drawn[name].between(low, high).all() and drawn[name].nunique() > 30, name
    for name in setting:
        assert (grid[name].min(), grid[name].max()) == bounds[name]
    assert {*records.load_record("sweep_sizes").table["train_size"]} == {500, 1_500, 5_000, 15_000, 45_000}


def test_the_factor_of_lesson_10_is_the_product_that_the_results_say():
    text = (NOTEBOOKS.parent / "docs" / "results.md").read_text(encoding="utf-8")
    table = records.load_record("tuned").table.groupby("recipe")
    median = table[["epochs", "train_size", "cpu_seconds"]].median()
    images = (median["epochs"] * median["train_size"]).pipe(lambda n: n["reference"] / n["seconds"])
    factor = median["cpu_seconds"]["reference"] / median["cpu_seconds"]["seconds"]
    operations = 25.736448 / 36.009984  # of a training step; test_networks.py derives both
    rest = factor / images / operations
    assert f"{images:.1f} · {operations:.2f} · {rest:.2f} is {factor:.0f}." in " ".join(text.split())


def test_which_losses_are_decided_is_what_the_results_say():
    """After the Holm correction; the table of docs/results.md says so in words."""
    text = (NOTEBOOKS.parent / "docs" / "results.md").read_text(encoding="utf-8")
    ideas = text.split("\nWhat each idea brings")[1]
    runs = records.load_record("ablation").table
    p_values, rows = {}, {}
    for recipe in ("seconds", "minutes"):
        of_recipe = runs[runs["recipe"] == recipe]
        table = of_recipe.pivot(index="seed", columns="without", values="test_accuracy")
        seconds = of_recipe.groupby("without")["cpu_seconds"].median()
        for idea in table.columns.drop("nothing"):
            p_values[recipe, idea] = stats.ttest_rel(table["nothing"], table[idea]).pvalue
            rows[recipe, idea] = f"{paired(table['nothing'], table[idea])}, %s | "
            rows[recipe, idea] += f"{seconds[idea] / seconds['nothing']:.2f} |"
    p = pd.Series(p_values).sort_values()
    decided = (p * np.arange(len(p), 0, -1)).cummax() < 0.05
    for (recipe, idea), row in rows.items():
        [line] = [line for line in ideas.splitlines() if line.startswith(f"| `{idea}` |")]
        assert row % ("decided" if decided[recipe, idea] else "not decided") in line, (recipe, idea)


def test_the_tuned_references_were_chosen_on_the_validation_set():
    tuned = records.load_record("tuned").table
    names = {f"tuned, {epochs} epochs": epochs for epochs in (2, 3, 4)}
    assert set(tuned["recipe"]) == {"reference", "seconds", *names}
    assert tuned.groupby("recipe")["seed"].nunique().min() >= 5
    first = tuned[tuned["seed"] == 0].set_index("recipe")
    tried = records.load_record("tuning").table
    best = tried[tried["seed"] == 0].groupby("epochs")["validation_accuracy"].max()
    for name, epochs in names.items():
        assert first.loc[name, "epochs"] == epochs
        assert first.loc[name, "validation_accuracy"] == best[epochs]
    reference = tuned.query("recipe == 'reference'")
    assert (reference["epochs"] == 10).all() and reference["parameters"].nunique() == 1
    assert set(reference["parameters"]) == set(tried["parameters"]) == {122_570}


def test_the_factors_beside_a_tuned_reference_are_those_of_the_results():
    text = (NOTEBOOKS.parent / "docs" / "results.md").read_text(encoding="utf-8")
    table = records.load_record("tuned").table
    accuracy = table.pivot(index="seed", columns="recipe", values="test_accuracy")
    seconds = table.groupby("recipe")["cpu_seconds"].median()
    for other in accuracy.columns.drop("seconds"):
        both = accuracy[["seconds", other]].dropna()
        low, high = stats.ttest_rel(both["seconds"], both[other]).confidence_interval(0.95)
        verdict = "higher" if low > 0 else "lower" if high < 0 else "not decided"
        factor = seconds[other] / seconds["seconds"]
        difference = paired(accuracy["seconds"], accuracy[other])
        assert f"| {seconds[other]:.1f} | {difference}, {verdict} | {factor:.1f} |" in text, other


def test_the_timings_have_each_figure_of_lesson_10():
    timings = records.load_record("timings").table.set_index(["figure", "name"])["value"]
    assert (timings > 0).all() and timings.index.is_unique
    for profile in ("profile reference", "profile fast"):
        assert timings[profile].sum() == pytest.approx(1, abs=0.05)  # a median of each, so not quite
        assert timings[profile].idxmax().startswith("convolution")
    pairs = {"precision": "float32", "batch size": "32 images", "batch normalization": "Keras"}
    pairs |= {"a training run": "reference", "a step": "new images", "throughput": "reference"}
    assert all(timings[figure].index[0] == first for figure, first in pairs.items())


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """Two finished runs, and another place for records."""
    monkeypatch.setattr(records, "RECORDED", tmp_path / "recorded")
    monkeypatch.setattr(record, "RECORDED", tmp_path / "recorded")
    folders = [tmp_path / "run-0", tmp_path / "run-1"]
    for seed, folder in enumerate(folders):
        folder.mkdir()
        settings = dict.fromkeys(training.SETTINGS, 1) | {"seed": seed, "dataset": "/home", "pooling": "max"}
        metrics = settings | dict.fromkeys(training.METRICS, 1) | {"versions": VERSIONS}
        metrics |= {"test_accuracy": 0.5 + seed / 10, "epochs_trained": 2}
        for name, content in {"settings": settings, "metrics": metrics}.items():
            (folder / f"{name}.json").write_text(json.dumps(content))
        history = {"epoch": [0, 1], "loss": [2.0, 1.0], "accuracy": [0.3, 0.5], "seconds": [9, 9]}
        history |= {"val_loss": [2.1, 1.2], "val_accuracy": [0.3, 0.4], "test_accuracy": [0.2, 0.4]}
        history |= {"cpu_seconds": [9.5, 9.5]}
        pd.DataFrame(history).to_csv(folder / "history.csv", index=False)
    return folders


ABOUT = {"what": "a, b", "images": "some: few", "command": "lessons run 06"}


def test_runs_are_recorded_and_read_again(runs):
    assert record.record_runs("mine", runs, **ABOUT) == "mine.csv: 2 runs, 2 rows"
    about, table = vars(records.load_record("mine")).values()
    versions = "python 3.12.1, tensorflow 2.21.0, keras 3.15.1, numpy 2.4.6"
    assert about == ABOUT | {"versions": versions, "seeds": "0, 1"}
    assert table["test_accuracy"].tolist() == [0.5, 0.6] and table["pooling"].tolist() == ["max", "max"]
    assert "dataset" not in table  # a path of one machine
    with pytest.raises(UserError, match="There is no record yours; there are mine"):
        records.load_record("yours")


def test_curves_are_a_row_an_epoch(runs):
    record.record_runs("mine", runs, True, **ABOUT)
    table = records.load_record("mine").table
    assert table["epoch"].tolist() == [1, 2, 1, 2] and table["seed"].tolist() == [0, 0, 1, 1]
    assert table["epoch_test_accuracy"].tolist() == [0.2, 0.4, 0.2, 0.4]
    assert table["test_accuracy"].tolist() == [0.5, 0.5, 0.6, 0.6]
    assert "seconds" not in table


def test_runs_that_are_not_finished_or_not_alike_are_refused(runs, tmp_path):
    with pytest.raises(UserError, match="There is no training run in"):
        record.record_runs("mine", [*runs, tmp_path / "none"], **ABOUT)
    with pytest.raises(UserError, match="run-1 is named twice: a run counts once"):
        record.record_runs("mine", [*runs, runs[1].parent / "." / runs[1].name], **ABOUT)
    path = runs[1] / "metrics.json"
    path.rename(tmp_path / "later")
    with pytest.raises(UserError, match="run-1 is not finished"):
        record.record_runs("mine", runs, **ABOUT)
    (tmp_path / "later").rename(path)
    whole = json.loads(path.read_text())
    path.write_text(json.dumps(whole | {"versions": VERSIONS | {"tensorflow": "2.20.0"}}))
    with pytest.raises(UserError, match="made with 2 sets of versions"):
        record.record_runs("mine", runs, **ABOUT)
    del whole["cpu_seconds"], whole["versions"]
    path.write_text(json.dumps(whole))
    with pytest.raises(UserError, match=r"metrics\.json .* older version, without cpu_seconds, versions:"):
        record.record_runs("mine", runs, **ABOUT)
    assert not (tmp_path / "recorded").exists()


@pytest.mark.parametrize(
    ("name", "about", "sentence"),
    [
        ("mine", {}, "There is a record mine, which lessons show"),
        ("../mine", {}, "NAME is a word of small letters"),
        ("yours", {"what": "two\nlines"}, "what, images and command are a line each"),
        ("yours", {"images": "two\u2028lines"}, "what, images and command are a line each"),
    ],
)
def test_a_record_is_not_overwritten_and_can_be_read_again(runs, tmp_path, name, about, sentence):
    record.record_runs("mine", runs, **ABOUT)
    before = (tmp_path / "recorded" / "mine.csv").read_bytes()
    with pytest.raises(UserError, match=sentence):
        record.record_runs(name, runs, **ABOUT | about)
    assert [path.read_bytes() for path in tmp_path.rglob("*.csv") if path.parent.name == "recorded"] == [
        before
    ]


@pytest.mark.parametrize("name", ["settings.json", "metrics.json", "history.csv"])
def test_a_damaged_run_gets_a_sentence(runs, name):
    (runs[0] / name).write_text("{")
    with pytest.raises(UserError, match=rf"run-0/{name} .* delete the folder to start anew"):
        record.record_runs("mine", runs, True, **ABOUT)
