from pathlib import Path

import pytest
from made_up_plan import GOLD, planned

from ctl.errors import CTLError
from ctl.transfer.planner import Split

# By method, the key of its test in a transfer and in a study; a key holds those of all stages before it. A new key
# trains everything anew that users have trained. A new option changes none, as long as it is at its default value.
KEYS = {
    "direct:en": ("fdf66255b4a71303", "fdf66255b4a71303"),
    "direct:nl": ("2755a7de934495b3", "2755a7de934495b3"),
    "pooled": ("8406f5c2ddf54173", "80af71413021e886"),
    "ensemble:agreement": ("5a8dd11b374d1788", "fe9d38458aa16d70"),
    "ensemble:learned-sentence": ("78d850b312cffefe", "e2ff5542dbc18152"),
    "ensemble:fixed": ("27b75ecd10f43c06", "503059bc287c25cf"),
    "student:learned": ("0292b46d61692a33", "9971e19f837a2c64"),
    "student:uniform+adapted+calibrated+knn": ("14e40440a16f0cb3", "c2a9b8ed395e9c8a"),
    "student:l2+unanimous+kl+advpicker": ("4e0ea6e0b003de7f", "fd27332d38a132d3"),
    "student:uniform+filter+rounds2": ("6d08dcbae14428cc", "5b87b6d6e00054fa"),
    "llm-pooled": ("3f82f3ce44b553c8", "c22f5ad216a32f28"),
    "mixed-student:cosine": ("e2dd6f22bf371367", "639e10f4d3f7e84a"),
    "student:pooled": ("01abc2573976e601", "3582687aae1cdf48"),
    "llm-student:pooled+kl": ("02294aa678ed62fd", "ce4370987140ef91"),
    "mixed-ensemble:pooled": ("80a809eabb98a659", "f625401d218351bb"),
    "ensemble:learned+joint": ("0c19e8304c9f3ae9", "a5b049392d434938"),
    "student:uniform+joint+rounds2": ("bfe960ededbccaf9", "0818db755b6d7c70"),
}
TEXT = ["--data.text", "news/{lang}.txt"]
EPOCHS = ["--teacher_epochs", "3", "--llm_teacher_epochs", "3", "--student_epochs", "3"]
DROPOUT = ["--llm_teacher.lora_dropout", "0.05"]  # the default when these keys were made


@pytest.fixture(autouse=True)
def a_decoder(monkeypatch):
    monkeypatch.setattr("ctl.transfer.planner.fingerprint_backbone", lambda _: "d")


@pytest.mark.parametrize("in_study", [False, True])
def test_keys_stay_what_they_were(in_study):
    home = Path("runs/study/seed0")
    folder = ["--output", f"{home}/de/en+nl"] if in_study else []
    plan = planned(*KEYS, more=[*EPOCHS, *DROPOUT, *folder], shared=home if in_study else None)
    assert {name: test.key for name, test in zip(KEYS, plan.tests, strict=True)} == {
        name: keys[in_study] for name, keys in KEYS.items()
    }


def test_adapters_without_dropout_are_trained_anew_and_nothing_else():
    tests = zip(KEYS, planned(*KEYS, more=EPOCHS).tests, strict=True)
    changed = {name for name, test in tests if test.key != KEYS[name][0]}
    assert changed == {name for name in KEYS if name.startswith(("llm-", "mixed-"))}


def test_only_stages_that_read_the_test_split_know_that_duplicates_are_dropped():
    stages = list(planned(*KEYS, more=["--data.drop_test_duplicates", "true"]))
    for stage in stages:
        data = stage.config["data"]
        reads_test = stage.command == "test" or (stage.command == "predict" and "test" in data["predict_splits"])
        assert data.get("drop_test_duplicates", False) == reads_test
    before = {(stage.folder, stage.command): stage.key for stage in planned(*KEYS)}
    kept = {stage.title for stage in stages if before[stage.folder, stage.command] == stage.key}
    assert {"train teacher of en", "train teacher of en, nl", "train language identifier"} <= kept


WITHOUT_TEST = ["direct:en", "pooled", "ensemble:learned", "student:learned-sentence", "student:uniform+rounds2"]


def test_without_a_labelled_test_split_all_is_planned_but_scores():
    plan = planned(*WITHOUT_TEST, missing=["de/test"])
    assert list(plan.unscored) == WITHOUT_TEST and not plan.tests
    for stage in plan:
        assert (
            stage.command != "test" and "de/test" not in stage.context and not any("test" in o for o in stage.outputs)
        )
    ends = {method: f"{stage.folder}/{stage.outputs[0]}" for method, stage in plan.unscored.items()}
    assert ends["pooled"] == "runs/de-from-en-nl/pooled/soft_labels/train/manifest.json"
    assert ends["student:uniform+rounds2"].startswith("runs/de-from-en-nl/students/uniform+rounds2/soft_labels")
    fits = {stage.key for stage in plan if stage.command == "fit"}
    scored = {stage.key for stage in planned(*WITHOUT_TEST) if stage.command == "fit"}
    assert len(fits & scored) >= 4  # a test split that comes later trains no teacher anew
    with pytest.raises(CTLError, match="merged:uniform needs a labelled test split of de, and there is none"):
        planned("merged:uniform", missing=["de/test"])


def test_named_text_is_that_of_the_target_and_changes_no_key():
    texts = {stage.config["data"].get("plain_text", {}).get("de") for stage in planned("direct:en", more=TEXT)}
    assert texts == {"news/de.txt"}
    assert [s.key for s in planned("student:uniform", more=TEXT)] == [s.key for s in planned("student:uniform")]
    with pytest.raises(CTLError, match=r"--data\.text: name one file, or one folder"):
        planned("direct:en", more=["--data.text", "a.txt,b.txt"])


def test_every_stage_comes_after_those_that_it_reads():
    plan = planned(*KEYS)
    seen = []
    for stage in plan:
        assert all(before in seen for before in stage.after)
        seen.append(stage)
    assert len({(stage.folder, stage.command) for stage in plan}) == len(plan) == 60


def test_methods_share_what_they_need():
    alone = {stage.folder for stage in planned("student:uniform")}
    both = {stage.folder for stage in planned("student:uniform", "student:learned", "ensemble:uniform")}
    assert alone < both
    assert {folder.name for folder in both - alone} == {"learned", "language_id"}  # its students, mixture and weights


def teachers_of(plan):
    """The folders of the teachers whose soft labels the mixtures of a plan read, in their order."""
    mixtures = [stage.config["model"] for stage in plan if stage.config["model"]["class_path"] == "Ensemble"]
    return [[path.split("/")[2:-2] for path in map(str, model["init_args"]["teachers"])] for model in mixtures]


@pytest.mark.parametrize("option", ["", "+kl", "+hard", "+filter", "+calibrated"])
def test_a_student_of_the_pooled_model_reads_its_soft_labels_and_no_mixture(option):
    plan = planned(f"student:pooled{option}")
    (student,) = [
        stage for stage in plan if stage.config["model"]["class_path"] == "Student" and stage.command == "fit"
    ]
    calibrated = "calibrated/" if option == "+calibrated" else ""
    assert student.config["data"]["soft_labels"] == f"runs/de-from-en-nl/pooled/{calibrated}soft_labels/train"
    assert not teachers_of(plan) and not any("teachers" in str(stage.folder) for stage in plan)
    assert teachers_of(planned("student:pooled+replace")) == [[["pooled"]]]  # a mixture of one writes what it replaces


def test_pooled_models_of_both_kinds_are_mixed_and_joint_ones_come_last():
    assert teachers_of(planned("mixed-student:pooled")) == [[["pooled"], ["llm", "pooled"]]]
    alone = [["teachers", "en"], ["teachers", "nl"]]
    assert teachers_of(planned("ensemble:uniform+joint")) == [[*alone, ["pooled"]]]
    llm = [["llm", *folder] for folder in alone]
    (mixed,) = teachers_of(planned("mixed-ensemble:agreement+joint"))
    assert mixed == [*alone, *llm, ["pooled"], ["llm", "pooled"]]


def test_gold_tags_of_the_target_reach_one_stage_alone(monkeypatch):
    """With other gold tags of the target, `supervised` has other keys, and nothing else has."""
    methods = [*KEYS, "supervised", "pooled+equal", "seeds:en", "merged:learned", "llm-merged:uniform"]
    before = {(stage.folder, stage.command): stage for stage in planned(*methods)}
    monkeypatch.setitem(GOLD, "de/gold", Split(100, "other tags"))
    after = {(stage.folder, stage.command): stage for stage in planned(*methods)}
    reading = [place for place, stage in before.items() if stage.config["data"].get("supervised")]
    assert reading == [(Path("runs/de-from-en-nl/supervised"), "fit")]
    changed = {place for place in before if before[place].key != after[place].key}
    assert changed == {(Path("runs/de-from-en-nl/supervised"), command) for command in ("fit", "test")}
    teachers = {path for stage in before.values() for path in stage.config["model"]["init_args"].get("teachers", ())}
    assert teachers and not any("supervised" in path for path in teachers)
    for stage in before.values():
        assert "de" not in stage.config["data"].get("sources", ())


def test_a_supervised_model_reads_no_validation_split():
    (fit,) = [stage for stage in planned("supervised") if stage.config["model"]["class_path"] == "Supervised"][:1]
    assert fit.context.split()[1::2] == ["de/gold"] and fit.config["trainer"]["limit_val_batches"] == 0
    assert fit.config["data"]["sources"] == [] and fit.output.name == "last.ckpt"


def test_seeds_are_as_many_as_sources_and_of_one_language():
    plan = planned("seeds:nl")
    trained = [stage for stage in plan if stage.config["model"]["class_path"] == "Teacher" and stage.command == "fit"]
    assert [stage.config["data"]["sources"] for stage in trained] == [["nl"], ["nl"]]
    assert [stage.config["seed_everything"] for stage in trained] == [0, 1_000_003]
    assert teachers_of(plan) == [[["teachers", "nl"], ["seeds", "nl", "1"]]]
    assert {stage.folder for stage in planned("direct:nl")} < {stage.folder for stage in plan}  # the first is the usual


def test_equal_labels_are_those_of_the_smallest_source():
    whole, equal = trainings("pooled", more=EPOCHS)["pooled"], trainings("pooled+equal", more=EPOCHS)["pooled+equal"]
    assert equal.config["data"]["equal"] and "equal" not in whole.config["data"]
    assert (whole.work, equal.work) == (3 * (3 * 200 + 200), 3 * (3 * 100 + 200))
    (test,) = planned("pooled+equal").tests
    assert "equal" not in test.config["data"] and test.config["model"]["init_args"]["variant"] == "equal"


def test_merged_models_are_tested_and_need_no_text_of_the_target():
    (test,) = planned("merged:learned").tests
    assert test.command == "test" and test.config["model"]["init_args"]["weighting"] == "learned"
    teachers = [f"runs/de-from-en-nl/teachers/{name}/checkpoints/best.ckpt" for name in ("en", "nl")]
    assert test.config["model"]["init_args"]["teachers"] == teachers
    assert not any(stage.command == "predict" for stage in planned("merged:uniform"))


def test_cells_of_a_study_share_what_does_not_depend_on_both_ends():
    home = Path("runs/study/seed0")
    plan = planned("pooled", "student:uniform", more=["--output", f"{home}/de/en+nl"], shared=home)
    own = {stage.folder for stage in plan if stage.folder.is_relative_to(home / "de")}
    shared = {str(stage.folder.relative_to(home)) for stage in plan if stage.folder not in own}
    assert shared == {
        "pretrained", "teachers/en", "teachers/nl", "teachers/en/de", "teachers/nl/de", "pooled/en+nl",
        "pooled/en+nl/de",
    }  # fmt: skip


def trainings(*methods, more=()):
    """The stages that train, by the names of their folders."""
    return {stage.folder.name: stage for stage in planned(*methods, more=more) if stage.command == "fit"}


def trainers(*methods, more=()):
    return {name: stage.config["trainer"] for name, stage in trainings(*methods, more=more).items()}


def test_everything_that_is_compared_takes_equally_many_steps():
    found = trainers("direct", "pooled", "student:uniform", "llm-pooled")
    for name in ("en", "nl", "pooled", "uniform"):
        assert (found[name]["max_steps"], found[name]["max_epochs"]) == (2000, -1)
    found = trainers("direct", "student:uniform", more=["--teacher_steps", "600", "--student_steps", "900"])
    assert found["en"]["max_steps"] == found["nl"]["max_steps"] == 600 and found["uniform"]["max_steps"] == 900
    every, keep, early, _ = (callback["init_args"] for callback in found["en"]["callbacks"])
    assert every == {"every": 150} and not keep["save_on_train_epoch_end"] and not early["check_on_train_epoch_end"]


def test_epochs_win_where_they_are_given():
    found = trainers("pooled", "student:uniform", more=["--teacher_epochs", "4", "--teacher_steps", "600"])
    assert (found["pooled"]["max_epochs"], found["pooled"]["max_steps"]) == (4, -1)
    assert found["uniform"]["max_steps"] == 2000


def test_no_training_is_longer_than_the_trainer_may_run():
    found = trainers("pooled", "student:uniform", more=["--trainer.max_steps", "10", "--student_steps", "7"])
    assert found["pooled"]["max_steps"] == 10 and found["uniform"]["max_steps"] == 7


@pytest.mark.parametrize(
    ("more", "teacher", "student"),
    [
        (
            ["--teacher_steps", "50", "--student_steps", "20", "--data.batch_size", "8", "--validations", "2"],
            3 * 50 * 8 + 2 * 200,
            3 * 20 * 8,
        ),
        (EPOCHS, 3 * (3 * 200 + 200), 3 * 3 * 100),
    ],
)
def test_work_is_what_is_read(more, teacher, student):
    """Three passes for each sentence that is trained on, one for each of validation; every split has 100."""
    found = trainings("pooled", "student:uniform", more=more)
    assert found["pooled"].work == teacher and found["uniform"].work == student


def test_a_model_in_training_is_validated_on_some_of_many_sentences_only():
    """Every split has 100 sentences: two sources have more than 150, and one has not."""
    found = trainings("pooled", "direct", more=["--data.validation_limit", "150"])
    assert found["pooled"].config["data"]["validation_limit"] == 150
    assert "validation_limit" not in found["en"].config["data"]
    assert all("validation_limit" not in test.config["data"] for test in planned("pooled").tests)


def test_sharpness_is_for_weights_by_similarity_and_the_heaviest_for_all():
    plan = planned("ensemble:learned+top1", "ensemble:agreement", more=["--sharpness", "4"])
    similar, agreed = (test.config["model"]["init_args"] for test in plan.tests)
    assert similar["sharpness"] == 4 and similar["top"] == 1 and similar["variant"] == "top1"
    assert agreed["sharpness"] == 1 and agreed["top"] is None
    folders = [test.folder.name for test in plan.tests]
    assert folders == ["learned+top1", "agreement"]


def test_the_ensemble_knows_who_abstains_and_a_student_keeps_the_name():
    plan = planned("student:uniform+abstain", "ensemble:uniform", "ensemble:truth")
    ensembles = {stage.folder.name: stage for stage in plan if stage.config["model"]["class_path"] == "Ensemble"}
    abstains = {name: stage.config["model"]["init_args"]["abstain"] for name, stage in ensembles.items()}
    assert abstains == {"uniform+abstain": True, "uniform": False, "truth": False}
    assert ensembles["uniform+abstain"].config["model"]["init_args"]["variant"] == "abstain"


FEW = ["few", "student:learned+filter+few", "ensemble:few+top1", "student:few+joint", "llm-few"]


def test_labelled_sentences_reach_only_what_says_so(monkeypatch):
    """With other labelled sentences, what sees them has other keys, and nothing else has; with more, other folders."""
    before = {(stage.folder, stage.command): stage for stage in planned(*KEYS, *FEW, more=["--few", "5"])}
    assert {test.key for test in planned(*KEYS).tests} <= {stage.key for stage in before.values()}
    monkeypatch.setitem(GOLD, "de/few", Split(5, "others"))
    after = {(stage.folder, stage.command): stage for stage in planned(*KEYS, *FEW, more=["--few", "5"])}
    changed = {place for place in before if before[place].key != after[place].key}
    assert changed == {place for place in before if "few/5" in str(place[0])} and len(changed) > 12
    more = {stage.folder for stage in planned(*FEW, more=["--few", "6"])} - {folder for folder, _ in before}
    assert {str(folder).replace("few/6", "few/5") for folder in more} == {str(folder) for folder, _ in changed}
    fits = {folder for folder, command in changed if command == "fit"}
    assert not any(other != folder and other.is_relative_to(folder) for folder in fits for other in fits)


def test_a_student_goes_on_with_the_settings_of_its_form():
    plan = planned("student:learned+kl+few", more=["--few", "5", "--student.lora_rank", "4", "--few_steps", "7"])
    (fit,) = [s for s in plan if s.config["model"]["class_path"] == "FewShot" and s.command == "fit"]
    arguments = fit.config["model"]["init_args"]
    assert arguments["lora_rank"] == 4 and arguments["lora_dropout"] == 0
    assert "loss" not in arguments and "variant" in arguments
    assert arguments["start"] == "runs/de-from-en-nl/students/learned+kl/checkpoints/last.ckpt"
    assert fit.config["trainer"]["max_steps"] == 7 and fit.config["data"]["few"] == 5
    assert not any("few" in stage.config["data"] for stage in plan if stage.config["model"]["class_path"] != "FewShot")


def test_the_seed_draws_the_sentences_and_a_file_is_read_whole():
    def fit_of(*more):
        (fit,) = [stage for stage in planned("few", more=more) if stage.config["model"]["class_path"] == "FewShot"][:1]
        return fit

    fit = fit_of("--few", "5", "--seed", "3")
    assert (fit.config["data"]["few"], fit.config["data"]["few_seed"]) == (5, 3)
    assert fit.context.split()[1::2] == ["de/few"] and fit.config["trainer"]["limit_val_batches"] == 0
    fit = fit_of("--data.few", "mine.conll")
    assert fit.config["data"]["few"] == "mine.conll" and fit.folder == Path("runs/de-from-en-nl/few/file/alone")
    assert "data.few" not in fit.settings


def test_without_a_test_split_labels_still_make_a_student():
    plan = planned("student:learned+few", "few", more=["--few", "5"], missing=["de/test"])
    folders = {str(stage.folder): stage.outputs[0] for stage in plan.unscored.values()}
    assert set(folders) == {f"runs/de-from-en-nl/few/5/{name}" for name in ("students/learned+few", "alone")}


@pytest.mark.parametrize("in_study", [False, True])
def test_what_does_not_read_the_test_split_has_one_result_with_it_and_without(in_study):
    """A test split that comes later, or other duplicates left out of it, train no student again."""
    methods = ["student:learned-sentence", "student:truth+unanimous", "student:uniform+rounds2", "student:uniform+knn"]
    shared = Path("runs/study/seed0") if in_study else None
    folder = ["--output", "runs/study/seed0/de/en+nl"] if in_study else []

    def results(*more, missing=()):
        plan = planned(*methods, more=[*folder, *more], shared=shared, missing=missing)
        return {(stage.folder, stage.command): (stage.untested or stage).result_key for stage in plan}, list(plan)

    alone, stages = results(missing=["de/test"])
    scored, labelling = results()
    dropped, _ = results("--data.drop_test_duplicates", "true")
    common = alone.keys() & scored.keys()
    assert {place: alone[place] for place in common} == {place: scored[place] for place in common}
    assert {place: alone[place] for place in common} == {place: dropped[place] for place in common}
    assert {(stage.folder, stage.command) for stage in stages if stage.command == "fit"} <= common
    assert all(stage.key == stage.result_key and not stage.untested for stage in stages)
    both = {stage.title: stage for stage in labelling if stage.untested}
    assert {"teacher of en labels de", "weigh the sources for every sentence of de"} <= both.keys()
    assert {(len(stage.outputs), len(stage.untested.outputs)) for stage in both.values()} == {(2, 1)}


def test_silver_labels_of_a_source_are_none_of_the_target():
    plan = planned("student:uniform", more=["--silver", "{nl: org/tagger}"], missing=["de/test"])
    folders = {str(path.relative_to("runs/de-from-en-nl")) for path in plan.labels_of_text()}
    assert folders == {
        f"{name}/soft_labels/train" for name in ("teachers/en", "teachers/nl", "ensembles/uniform", "students/uniform")
    }
