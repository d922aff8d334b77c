import copy
import itertools
import math

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from core import training
from core.checkpoint import load_tensors
from core.coupling import couple_round
from core.dataset import TEST, TRAIN, VALID, BatchSource, augment, load_dataset
from core.encoding import encode_means
from core.errors import ConfigError, TrainingError
from core.evaluation import Losses, losses_per_drawing
from core.loss import kl_annealing, kl_loss, reconstruction_loss
from core.sketch import START_TOKEN, stroke3_to_stroke5
from core.training import TrainingRun
from core.training_config import PRESETS, TrainingConfig
from tests.core.conftest import TINY, make_model
from tests.parametric import write_kind

CPU = torch.device("cpu")
QUICK = TrainingConfig(epochs=3, batch_size=8, learning_rate=1e-2, warmup_steps=4, precision="float32")
PRACTISING = {"practice_weight": 1.0, "practice_from": 0.4}
PRIOR = {"prior_weight": 0.5}


def make_run(dataset, **changes):
    return TrainingRun(dataset, TINY, TrainingConfig(**{**QUICK.to_dict(), **changes}), CPU)


@pytest.fixture(autouse=True)
def reports_by_steps(monkeypatch):
    """On a busy machine steps may take seconds, and would be reported, and judged, one by one."""
    monkeypatch.setattr(training, "REPORT_SECONDS", math.inf)


@pytest.fixture(scope="module")
def houses(tmp_path_factory):
    """40 to train on, in 5 batches of 8, and 6 to validate."""
    path = write_kind(tmp_path_factory.mktemp("houses") / "house.npz", "house", (40, 6, 4))
    return load_dataset([path], max_points=16)


@pytest.fixture(scope="module")
def houses_and_rings(tmp_path_factory):
    """20 of each to train on, in 5 batches of 8, and 10 of each to validate."""
    folder = tmp_path_factory.mktemp("both")
    kinds = {"house": "house", "circle": "ellipse"}  # names that the classifier of pictures knows
    paths = [write_kind(folder / f"{name}.npz", kind, (20, 10, 4)) for name, kind in kinds.items()]
    return load_dataset(paths, max_points=20)


def same_state(one, other):
    weights, others = one.model.state_dict(), other.model.state_dict()
    return all(torch.equal(weights[name], others[name]) for name in weights)


def validations(history):
    return [{name: value for name, value in entry.items() if name != "seconds"} for entry in history]


# -- learning ----------------------------------------------------------------------------------


def test_the_loss_goes_down(houses):
    run = make_run(houses, epochs=8, learning_rate=2e-2)
    source = BatchSource(houses, run.scale, CPU)
    before = Losses.mean(losses_per_drawing(run.model, source, houses.lengths, houses.indices(VALID)))
    after = [report.validation for report in run.run() if report.validation]
    assert len(after) == 8
    assert after[-1].L_R < before.L_R - 0.5
    assert after[-1].L_R < after[1].L_R < before.L_R


def test_reports_tell_where_the_training_is(houses, monkeypatch):
    monkeypatch.setattr(training, "REPORT_STEPS", 2)
    run = make_run(houses)
    reports = list(run.run())
    assert [report.step for report in reports] == [2, 4, 5, 6, 8, 10, 12, 14, 15]
    assert [report.epoch for report in reports if report.validation] == [1, 2, 3]
    assert [report.sketches for report in reports] == [8 * report.step for report in reports]
    np.testing.assert_allclose([report.fraction for report in reports], [report.step / 15 for report in reports])
    assert all(math.isfinite(report.train.L_R + report.gradient_norm) for report in reports)
    assert len(run.history) == 3
    best = min(entry["valid_L_R"] + 0.5 * entry["valid_L_KL"] for entry in run.history)
    assert run.best_loss == pytest.approx(best)


def test_the_rate_warms_up_and_falls_to_a_hundredth(houses, monkeypatch):
    monkeypatch.setattr(training, "REPORT_STEPS", 1)
    run = make_run(houses, epochs=4, warmup_steps=5)
    rates = [report.learning_rate for report in run.run()]
    assert np.argmax(rates) < 5
    assert max(rates) < 1e-2
    assert rates[-1] == pytest.approx(1e-4)
    assert rates[6:] == sorted(rates[6:], reverse=True)


def test_the_best_model_is_that_of_the_best_validation(houses):
    run = make_run(houses)
    kept = None
    for report in run.run():
        if report.best:
            kept = copy.deepcopy(run.model.state_dict())
    assert all(torch.equal(tensor, kept[name]) for name, tensor in run.best_model().state_dict().items())


def test_a_seed_decides_all(houses):
    runs = [make_run(houses, epochs=1, seed=seed) for seed in (3, 3, 1 << 62)]
    for run in runs:
        list(run.run())
    assert same_state(runs[0], runs[1])
    assert not same_state(runs[0], runs[2])


def test_without_validation_drawings_the_training_ones_judge(tmp_path):
    dataset = load_dataset([write_kind(tmp_path / "house.npz", "house", (9, 0, 3))], max_points=16)
    run = make_run(dataset, epochs=1)
    reports = list(run.run())
    assert math.isfinite(reports[-1].validation.L_R)
    empty = load_dataset([write_kind(tmp_path / "face.npz", "face", (0, 3, 3))])
    with pytest.raises(TrainingError, match="no training drawings"):
        make_run(empty)


def test_minutes_end_by_the_clock(houses, monkeypatch):
    ticks = itertools.count()
    monkeypatch.setattr(training.time, "perf_counter", lambda: float(next(ticks)))
    run = make_run(houses, minutes=0.5)  # half a minute: 30 readings of a clock that ticks at each
    reports = list(run.run())
    assert 8 < run.step < 30
    assert reports[-1].fraction == 1
    assert reports[-1].validation is not None
    assert reports[-1].learning_rate == pytest.approx(1e-4)
    assert next(make_run(houses, minutes=0.5).run()).fraction < 1


def test_a_run_stops_where_it_is_asked_to(houses):
    run = make_run(houses, epochs=100)
    for report in run.run():
        if report.step >= 10:
            run.request_stop()
    assert 10 < run.step <= 15


# -- categories --------------------------------------------------------------------------------


def test_with_names_the_codes_of_two_categories_part(houses_and_rings):
    """By the distance of their means over their spread, on drawings that were not trained on."""

    def parting(weight):
        run = make_run(houses_and_rings, epochs=6, category_weight=weight)
        list(run.run())
        held_out = houses_and_rings.indices(VALID)
        codes = encode_means(run.model, houses_and_rings, run.scale, held_out)
        one, other = (codes[houses_and_rings.labels[held_out] == label] for label in (0, 1))
        spread = np.sqrt((one.var(axis=0) + other.var(axis=0)).sum())
        return np.linalg.norm(one.mean(axis=0) - other.mean(axis=0)) / spread

    assert parting(20.0) > 1.5 * parting(0.0)


def test_a_model_trained_with_names_is_a_model_like_any(houses_and_rings):
    run = make_run(houses_and_rings, category_weight=1.0)
    assert run.best_model().state_dict().keys() == make_model().state_dict().keys()


def test_practice_begins_when_it_is_asked_to_and_its_last_weights_are_the_result(houses_and_rings, monkeypatch):
    monkeypatch.setattr(training, "REPORT_STEPS", 1)
    run = make_run(houses_and_rings, epochs=4, **{**PRACTISING, "practice_from": 0.5})
    reports = list(run.run())
    assert all((report.reward is None) == (report.fraction <= 0.5) for report in reports)
    assert all(report.reward < 0 for report in reports if report.reward is not None)
    assert reports[-1].best
    last = run.model.state_dict()
    assert all(torch.equal(tensor, last[name]) for name, tensor in run.best_model().state_dict().items())


def test_what_the_classifier_does_not_know_is_not_practised(tmp_path):
    data = load_dataset([write_kind(tmp_path / f"{name}.npz", "house", (8, 2, 2)) for name in ("house", "trapeze")])
    with pytest.raises(TrainingError, match="'trapeze'"):
        make_run(data, **PRACTISING)


def test_a_stop_does_not_wait_for_a_round_of_practice(houses_and_rings, monkeypatch):
    """Nothing is changed by the step that it was for."""
    run = make_run(houses_and_rings, epochs=3, **{**PRACTISING, "practice_from": 0.0})
    draw = training.draw_round

    def stopped(*arguments, **options):
        run.request_stop()
        return draw(*arguments, **options)

    monkeypatch.setattr(training, "draw_round", stopped)
    before = {name: tensor.clone() for name, tensor in run.model.state_dict().items()}
    list(run.run())
    assert run.stopped
    assert run.step == 0
    assert all(torch.equal(tensor, before[name]) for name, tensor in run.model.state_dict().items())


def test_one_category_can_be_practised(houses):
    run = make_run(houses, epochs=1, **PRACTISING)
    assert [report.reward for report in run.run()][-1] < 0


@pytest.fixture
def clear(houses_and_rings, monkeypatch):
    """Which drawings are clear: houses are, and rings are not."""
    houses = houses_and_rings.labels == houses_and_rings.categories.index("house")
    monkeypatch.setattr(training, "clarities", lambda _classifier, _dataset, indices: 0.2 + 0.3 * houses[indices])
    return houses


def test_unclear_drawings_are_not_trained_on(houses_and_rings, clear, monkeypatch):
    seen = []
    monkeypatch.setattr(
        training, "augment", lambda batch, *rest: (seen.append(batch.lengths), augment(batch, *rest))[1]
    )
    run = make_run(houses_and_rings, epochs=1, least_clarity=0.25)
    list(run.run())
    assert sum(map(len, seen)) == clear[houses_and_rings.indices(TRAIN)].sum()
    for setting in ("least_clarity", "prior_clarity"):
        with pytest.raises(TrainingError, match=r"probability of 0\.75 or more"):
            make_run(houses_and_rings, **{setting: 0.75})


def test_codes_of_the_prior_are_matched_with_clear_drawings(houses_and_rings, clear, monkeypatch):
    seen = []
    monkeypatch.setattr(
        training,
        "couple_round",
        lambda model, dataset, indices, *rest: (seen.append(indices), couple_round(model, dataset, indices, *rest))[1],
    )
    run = make_run(houses_and_rings, epochs=1, prior_weight=1.0, prior_clarity=0.25)
    (*_, last) = run.run()
    assert last.sketches == len(houses_and_rings.indices(TRAIN))  # rings are trained on, too
    assert clear[np.concatenate(seen)].all()


def test_codes_of_the_prior_learn_to_draw(houses_and_rings):
    """What drawings cost from the codes they are matched with falls, and no more than that of their own is lost."""

    def cost(run):
        source = BatchSource(run.dataset, run.scale, CPU)
        indices = run.dataset.indices(VALID)
        costs = []
        for each in couple_round(run.best_model(), run.dataset, indices, run.scale, 16, (5,)):
            batch = source.batch(each.drawings)
            raw = run.best_model().decoder(each.codes, batch.inputs)
            losses = reconstruction_loss(raw, batch.targets, batch.lengths, run.dataset.max_points)
            costs.append((losses.offsets + losses.pen).detach())
        return torch.cat(costs).mean().item()

    plain, taught = (make_run(houses_and_rings, epochs=6, prior_weight=weight) for weight in (0.0, 1.0))
    for run in (plain, taught):
        list(run.run())
    assert cost(taught) < cost(plain) - 0.02
    assert taught.best_loss < plain.best_loss + 0.1


@pytest.mark.parametrize("practice", [{}, PRACTISING])
def test_the_decoder_alone_is_trained(houses_and_rings, practice):
    run = make_run(houses_and_rings, epochs=2, decoder_only=True, **practice)
    before = {name: tensor.clone() for name, tensor in run.model.state_dict().items()}
    list(run.run())
    for name, tensor in run.model.state_dict().items():
        assert torch.equal(tensor, before[name]) == name.startswith("encoder."), name


# -- going on ----------------------------------------------------------------------------------


@pytest.fixture(
    scope="module",
    params=[{}, {"category_weight": 5.0, "mirror": True}, PRACTISING, {"precision": "bfloat16", **PRACTISING, **PRIOR}],
    ids=["plain", "named", "practising", "bfloat16"],
)
def whole(houses_and_rings, request):
    """A run that nothing interrupted, and what is special about it."""
    run = make_run(houses_and_rings, **request.param)
    list(run.run())
    return run, request.param


@pytest.mark.parametrize("reports", [1, 4, 5, 13])
def test_a_resumed_run_ends_at_the_very_same_weights(houses_and_rings, whole, reports, monkeypatch, tmp_path):
    """Interrupted after any batch, between epochs and within, and even twice."""
    monkeypatch.setattr(training, "REPORT_STEPS", 1)
    whole, changes = whole
    interrupted = make_run(houses_and_rings, **changes)
    list(itertools.islice(interrupted.run(), reports))
    torch.save(interrupted.snapshot(), tmp_path / "resume.pt")
    list(itertools.islice(interrupted.run(), 1))
    again = make_run(houses_and_rings, **changes)
    again.restore(load_tensors(tmp_path / "resume.pt"))
    list(itertools.islice(again.run(), 1))
    last = make_run(houses_and_rings, **changes)
    last.restore(again.snapshot())
    list(last.run())
    assert last.step == whole.step == 15
    assert same_state(last, whole)
    assert validations(last.history) == validations(whole.history)
    assert last.rate_factor == 1
    assert all(torch.equal(tensor, whole.best_weights[name]) for name, tensor in last.best_weights.items())


def test_a_snapshot_is_not_changed_by_what_follows(houses):
    run = make_run(houses)
    steps = run.run()
    next(steps)
    snapshot = run.snapshot()
    kept = copy.deepcopy(snapshot)
    list(steps)
    again = make_run(houses)
    again.restore(snapshot)
    list(again.run())
    assert validations(snapshot["history"]) == validations(kept["history"])
    for part in ("exp_avg", "exp_avg_sq", "step"):
        for index, state in kept["optimizer"]["state"].items():
            assert torch.equal(snapshot["optimizer"]["state"][index][part], state[part])
    assert all(torch.equal(snapshot["model"][name], tensor) for name, tensor in kept["model"].items())


def test_an_epoch_that_is_over_is_resumed_without_an_alarm(houses):
    """As when the resumed run has larger batches, and so fewer of them."""
    run = make_run(houses)
    next(run.run())
    snapshot = {**run.snapshot(), "batch_in_epoch": 5}
    again = make_run(houses)
    again.restore(snapshot)
    assert not any(report.event for report in again.run())


def test_the_snapshot_of_another_run_is_refused(houses, dataset):
    run = make_run(houses)
    snapshot = run.snapshot()
    with pytest.raises(TrainingError, match="other data"):
        make_run(dataset).restore(snapshot)
    with pytest.raises(TrainingError, match="leave category_weight as it was"):
        make_run(houses, category_weight=1.0).restore(snapshot)
    with pytest.raises(TrainingError, match="another size"):
        run.restore({**snapshot, "model_config": {**snapshot["model_config"], "latent": 9}})
    for broken in (
        {name: value for name, value in snapshot.items() if name != "step"},
        {**snapshot, "model": {}},
        {**snapshot, "model": None},
        {**snapshot, "optimizer": {}},
        {**snapshot, "optimizer": []},
        {**snapshot, "history": 3},
    ):
        with pytest.raises(TrainingError, match="damaged"):
            run.restore(broken)


# -- not a number ------------------------------------------------------------------------------


def poison(run):
    with torch.no_grad():
        run.model.decoder.output.bias[0] = math.nan


def test_nan_is_recovered_from_again_and_again(houses, monkeypatch):
    monkeypatch.setattr(training, "REPORT_STEPS", 1)
    run = make_run(houses, epochs=4)
    events, rates = [], []
    for report in run.run():
        if report.step in (6, 7, 8):  # more than once on the way to the next validation
            poison(run)
        if report.event:
            events.append(report)
        rates.append(report.learning_rate)
    assert [report.step for report in events] == [7, 8, 9]
    assert all("not finite" in report.event and "half the rate" in report.event for report in events)
    assert run.rate_factor == 1 / 8
    assert rates[9] < rates[5] / 7
    assert all(tensor.isfinite().all() for tensor in run.model.state_dict().values())
    assert all(math.isfinite(entry["valid_L_R"]) for entry in run.history)
    assert run.step == 20


def test_after_a_recovery_the_weights_are_the_last_good_ones(houses, monkeypatch):
    monkeypatch.setattr(training, "REPORT_STEPS", 1)
    run = make_run(houses, epochs=2)
    for report in run.run():
        if report.validation and report.epoch == 1:
            good = copy.deepcopy(run.model.state_dict())
            poison(run)
        if report.event:
            break
    assert all(torch.equal(tensor, good[name]) for name, tensor in run.model.state_dict().items())


def test_nan_that_stays_ends_in_words(houses, monkeypatch):
    monkeypatch.setattr(training, "REPORT_STEPS", 1)
    monkeypatch.setattr(training, "kl_loss", lambda mean, log_variance: kl_loss(mean, log_variance) * math.nan)
    with pytest.raises(TrainingError, match="lower learning rate"):
        list(make_run(houses, epochs=100).run())


# -- spikes ------------------------------------------------------------------------------------


def test_a_loss_that_leaps_up_is_recovered_from(houses):
    run = make_run(houses, epochs=20)
    spiked, events = False, []
    for report in run.run():
        if report.step >= 60 and not spiked:
            spiked, cost = True, report.train.total(0.5)
            with torch.no_grad():
                run.model.decoder.output.weight.mul_(30)
        if report.event:
            events.append(report)
            good = run._good["model"]
            assert all(torch.equal(tensor, good[name]) for name, tensor in run.model.state_dict().items())
    (event,) = events
    assert "leapt up" in event.event
    assert "at half the rate" in event.event
    assert event.step <= 85
    assert event.train.total(0.5) > cost + 1
    assert run.rate_factor == 1 / 2
    assert report.train.total(0.5) < cost
    after = [entry["train_L_R"] for entry in run.history if entry["step"] > 60]
    assert np.nanmax(after) < cost + 1  # no step of the spike counts; an epoch of which all do has no mean
    assert np.isnan(after).sum() <= 1


def test_the_state_to_go_back_to_is_renewed_within_an_epoch(houses, monkeypatch):
    monkeypatch.setattr(training, "REPORT_STEPS", 1)
    monkeypatch.setattr(training, "GOOD_STEPS", 2)
    run = make_run(houses, epochs=1)
    for report in run.run():
        if report.step == 3:
            good = copy.deepcopy(run._good["model"])
            poison(run)
        if report.event:
            assert "weights of step 2" in report.event
            assert all(torch.equal(tensor, good[name]) for name, tensor in run.model.state_dict().items())
            return
    pytest.fail("nothing was noticed")


# -- what a step does --------------------------------------------------------------------------


class ReadsNothing(TorchDispatchMode):
    """Fails where a number is read from the device, which would wait for it."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        assert function is not torch.ops.aten._local_scalar_dense.default, "a number was read"
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize(
    "changes",
    [{}, {"clip_by": "value", "schedule": "constant", "drop_points": 0.2, "mirror": True, "category_weight": 1}],
)
def test_a_step_reads_nothing_from_the_device(houses, changes):
    run = make_run(houses, **changes)
    run._train_step(houses.indices(TRAIN)[:8], 0.0)
    with ReadsNothing():
        run._train_step(houses.indices(TRAIN)[:8], 0.0)
    with pytest.raises(AssertionError, match="was read"), ReadsNothing():
        torch.ones(1).item()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_steps_on_a_gpu_do_not_wait_for_it(houses):
    run = TrainingRun(houses, TINY, TrainingConfig(**{**QUICK.to_dict(), "precision": "auto"}), torch.device("cuda"))
    run._train_step(houses.indices(TRAIN)[:8], 0.0)
    torch.cuda.set_sync_debug_mode("error")
    try:
        for _ in range(3):
            row = run._train_step(houses.indices(TRAIN)[:8], 0.0)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert row.isfinite().all()


def test_a_constant_rate_is_constant(houses, monkeypatch):
    monkeypatch.setattr(training, "REPORT_STEPS", 1)
    run = make_run(houses, schedule="constant", warmup_steps=0)
    assert {report.learning_rate for report in run.run()} == {1e-2}


@pytest.mark.parametrize("clip_by", ["norm", "value"])
def test_gradients_are_clipped(houses, clip_by):
    run = make_run(houses, clip_by=clip_by, gradient_clip=1e-3)
    norm = run._train_step(houses.indices(TRAIN)[:8], 0.0)[3].item()
    gradient = torch.cat([parameter.grad.flatten() for parameter in run.model.parameters()])
    assert norm > 0.01
    if clip_by == "norm":
        assert gradient.norm().item() == pytest.approx(1e-3, rel=1e-3)
    else:
        assert gradient.abs().max().item() == pytest.approx(1e-3)
        assert gradient.norm().item() > 1e-3


def test_the_training_loss_of_an_epoch_is_the_mean_over_its_drawings(houses, monkeypatch):
    """Wherever it is reported in between."""
    histories = []
    for steps in (1, 3, 100):
        monkeypatch.setattr(training, "REPORT_STEPS", steps)
        run = make_run(houses)
        reports = list(run.run())
        histories.append([(entry["train_L_R"], entry["train_L_KL"]) for entry in run.history])
        if steps == 1:
            each = np.reshape([report.train.L_R for report in reports], (3, 5))  # batches of equal size
    assert histories[0] == histories[1] == histories[2]
    np.testing.assert_allclose([entry[0] for entry in histories[0]], each.mean(axis=1), rtol=1e-6)


# -- evaluation --------------------------------------------------------------------------------


def direct(model, stroke3, scale, max_points, steps, noise=None):
    """(L_s, L_p, L_KL) of one drawing, alone."""
    stroke5 = torch.from_numpy(stroke3_to_stroke5(stroke3 / (scale, scale, 1), steps))
    inputs = torch.cat([torch.tensor([START_TOKEN]), stroke5[:-1]])
    length = torch.tensor([len(stroke3)])
    with torch.inference_mode():
        raw, mean, log_variance = model(stroke5[None, : len(stroke3)], length, inputs[None], noise)
        loss = reconstruction_loss(raw, stroke5[None], length, max_points)
    return [loss.offsets.item(), loss.pen.item(), kl_loss(mean, log_variance).item()]


@pytest.mark.parametrize("sampled", [False, True])
def test_evaluation_at_full_length_is_that_of_each_drawing_alone(dataset, sampled):
    model, scale = make_model(), dataset.scale_factor()
    source, indices = BatchSource(dataset, scale, CPU), dataset.indices(TEST)[::-1].copy()
    settings = {"full_length": True, "batch_size": 7, "sample_seed": 5 if sampled else None}
    noise = torch.randn(len(indices), TINY.latent, generator=torch.Generator().manual_seed(5))
    expected = [
        direct(model, dataset.stroke3(i), scale, 48, 48, noise[row : row + 1] if sampled else None)
        for row, i in enumerate(indices)
    ]
    actual = losses_per_drawing(model, source, dataset.lengths, indices, **settings)
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5)
    mean = Losses.mean(actual)
    np.testing.assert_allclose([mean.L_s, mean.L_p, mean.L_KL], np.mean(expected, axis=0), rtol=1e-4)
    assert mean.L_s + mean.L_p == mean.L_R
    assert mean.total(0.5) == mean.L_R + 0.5 * mean.L_KL


def test_a_short_evaluation_leaves_out_the_pens_padding_alone(dataset):
    model = make_model()
    source, indices = BatchSource(dataset, 20.0, CPU), dataset.indices(VALID)
    short, full = (
        Losses.mean(losses_per_drawing(model, source, dataset.lengths, indices, full_length=full))
        for full in (False, True)
    )
    assert short.L_s == pytest.approx(full.L_s, rel=1e-5)
    assert short.L_p < full.L_p


def test_evaluation_leaves_the_model_as_it_was(dataset):
    model = make_model().train()
    losses_per_drawing(model, BatchSource(dataset, 20.0, CPU), dataset.lengths, dataset.indices(VALID))
    assert model.training
    assert torch.is_grad_enabled()


# -- settings ----------------------------------------------------------------------------------


def test_the_seeds_settings_anneal_by_its_step():
    """eta of 1 - R^step, R 0.9999, with batches of 100."""
    seed = PRESETS["seed"]
    sketches = 500 * seed.batch_size
    assert kl_annealing(sketches, seed.kl_eta_min, seed.kl_anneal_sketches) == pytest.approx(1 - 0.9999**500)


def test_settings_survive_as_plain_values():
    assert TrainingConfig.from_dict(QUICK.to_dict()) == QUICK


@pytest.mark.parametrize(
    "change",
    [
        {"epochs": 0},
        {"batch_size": -1},
        {"learning_rate": 0.0},
        {"learning_rate": math.nan},
        {"gradient_clip": 0},
        {"warmup_steps": -1},
        {"kl_weight": -0.1},
        {"seed": -1},
        {"seed": 1 << 64},
        {"minutes": 0.0},
        {"minutes": math.inf},
        {"minutes": math.nan},
        {"kl_eta_min": 1.0},
        {"augment": 1.0},
        {"augment": -0.1},
        {"category_weight": -1.0},
        {"practice_weight": -1.0},
        {"prior_weight": -1.0},
        {"least_clarity": 1.0},
        {"prior_clarity": 1.0},
        {"decoder_only": True, "category_weight": 1.0},
        {"practice_from": 1.0},
        {"precision": "float16"},
        {"schedule": "linear"},
        {"clip_by": 3},
        {"drop_points": 1.0},
        {"epochs": "many"},
        {"epochs": None},
        {"layers": 3},
    ],
)
def test_settings_out_of_range_are_refused(change):
    with pytest.raises(ConfigError):
        TrainingConfig.from_dict({**QUICK.to_dict(), **change})
