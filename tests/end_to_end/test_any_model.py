"""Every tool on networks of all kinds with checkpoints and data: equal to a plain, slow computation, or says why not."""

import copy
from functools import partial

import numpy as np
import pytest
import torch
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import cdist
from scipy.stats import spearmanr
from sklearn.decomposition import PCA
from sklearn.linear_model import RidgeCV
from sklearn.manifold import TSNE
from torch import nn

from helpers.stranger_cases import MODELS
from repdyn.activations.addresses import Address, inner, named
from repdyn.errors import StudyError
from repdyn.information.neighbours import class_information
from repdyn.roles import ATTENTION, BLOCK, EMBEDDING, FEEDFORWARD, HIDDEN, OUTPUT
from repdyn.toolkit import TOOLS, load
from repdyn.toolkit.own_model import subjects
from repdyn.toolkit.pairwise import pairs_of

N, CLASSES, LAST = 120, 3, 40
ATTENTIVE = Address("encoder.layers.0.self_attn", output=0)
ENCODER = {"embed": EMBEDDING, ATTENTIVE: ATTENTION, Address("encoder.layers.0.dropout", units=-1): FEEDFORWARD}
FEWER = {
    "sparse_autoencoders": {"TRAINING": {"steps": 40, "batch": 64}, "SHUFFLES": 2, "DIRECTIONS": 2},
    "interventions": {"RANDOM_SETS": 2, "RANDOM_DIRECTIONS": 2},
    "patching": {"DRAWS": 2, "ORDERS": 2},
    "attribution": {"EXAMPLES": 12, "SHAPLEY_EXAMPLES": 4, "POINTS": 8, "ORDERS": 2, "NOISE": 20},
    "geometry": {"GAUSSIANS": 2, "CALIBRATIONS": 1, "DICHOTOMIES": 4, "SHUFFLES": 2, "PICTURES": 2},
    "topology": {"GAUSSIANS": 2, "DRAWS": 19},
    "information": {"SHUFFLES": 3, "CONTROLS": 3, "REPEATS": 1},
    "information_plane": {"SHUFFLES": 2, "NULLS": 2, "CRITIC_UPDATES": 20},
    "fractals": {"INDEPENDENT": 2},
    "retraining": {"STEPS": 20, "RATE": 0.02, "SEEDS": 2},
    "alignment": {"SUBJECTS": 2, "UNITS": 4, "SHUFFLES": 2, "DRAWS": 5, "SNRS": (1,), "SHOWN": 1},
    "dynamics": {"INITIALISATIONS": 2, "WALKS": 5, "SHUFFLES": 2},
}


class Own:
    """A network with its checkpoints and data; what the tools are given and what a plain forward pass makes of it."""

    def __init__(self, name):
        self.case = MODELS[name](N)
        self.model = self.case.model
        self.labels = np.arange(N) % CLASSES
        self.held_out, self.training = (signalled(x, self.labels) for x in (self.case.inputs, self.case.donors))
        self.layers = {
            self.case.where: BLOCK if name in ("encoder", "resnet", "class token") else HIDDEN,
            self.case.last: OUTPUT,
        }
        if name == "encoder":
            self.layers = ENCODER | self.layers
        if name == "tied weights":
            self.layers = {"embed": EMBEDDING} | self.layers
        self.states = {0: copied(self.model)}
        optimizer = torch.optim.Adam(self.model.parameters(), 0.02)
        for _ in range(LAST):
            optimizer.zero_grad()
            logits = self.case.plain(inputs=self.training)[1]
            nn.functional.cross_entropy(logits, torch.from_numpy(self.labels)).backward()
            optimizer.step()
        self.states[LAST] = copied(self.model)

    def subjects(self, **options):
        splits = ((x, torch.from_numpy(self.labels)) for x in (self.held_out, self.training))
        return subjects(self.model, self.states, *splits, self.layers, **options)

    def at(self, step):
        inner(self.model).load_state_dict(self.states[step])
        return self

    def h(self, inputs=None):
        return self.case.h(self.held_out if inputs is None else inputs)

    def examples(self, inputs=None):
        h = self.h(inputs)
        places = [axis for axis in range(1, h.ndim) if axis != self.case.axis]
        return (h.mean(places) if places else h).numpy()

    def answer(self, change=lambda h: h, inputs=None):
        return self.case.answer(change, self.held_out if inputs is None else inputs)

    def losses(self, change=lambda h: h, inputs=None):
        logits = torch.from_numpy(self.answer(change, inputs))
        return nn.functional.cross_entropy(logits, torch.from_numpy(self.labels), reduction="none").numpy()


def copied(model):
    return {name: value.clone() for name, value in inner(model).state_dict().items()}


def signalled(inputs, labels):
    """Inputs in which a class adds a pattern of its own, or has a word of its own."""
    if isinstance(inputs, tuple):
        return tuple(signalled(each, labels) for each in inputs)
    inputs = inputs.clone()
    if inputs.dtype == torch.int64:
        inputs[:, 0] = 1 + torch.from_numpy(labels)
        inputs[:, 1:][inputs[:, 1:] > 0] += 3 - 3 * (inputs[:, 1:][inputs[:, 1:] > 0] > 8)
        return inputs
    patterns = torch.randn((CLASSES, *inputs.shape[1:]), generator=torch.Generator().manual_seed(5), dtype=inputs.dtype)
    return inputs + 1.5 * patterns[torch.from_numpy(labels)]


class Table:
    def __init__(self, table):
        self.table = table

    def __call__(self, quantity, layer="", step=LAST):
        t = self.table
        rows = t[(t["quantity"] == quantity) & (t["layer"] == (named(layer) if layer else "")) & (t["step"] == step)]
        assert len(rows), (quantity, layer, step)
        return rows["value"].to_numpy(float)


def check_sparse_autoencoders(own, found, _):
    where, axis = own.case.where, own.case.axis
    for step in (0, LAST):
        loss = own.at(step).losses()
        yield found("loss", where, step), loss.mean()
        yield found("rise_zero", where, step), (own.losses(torch.zeros_like) - loss).mean()
        rows = own.h(own.training).movedim(axis, -1).flatten(0, -2)
        assert found("rows", where, 0) == len(rows)
        mean = rows.mean(0).view([-1 if each == axis else 1 for each in range(own.h().ndim)])
        yield found("rise_mean", where, step), (own.losses(lambda h, mean=mean: mean.expand_as(h)) - loss).mean()


def check_interventions(own, found, pair):
    own.at(LAST)
    where, axis = own.case.where, own.case.axis
    source, target = pair["pair"]
    x = own.examples(own.training)
    push = torch.from_numpy(x[own.labels == target].mean(0) - x[own.labels == source].mean(0))
    push = push.view([-1 if each == axis else 1 for each in range(own.h().ndim)])
    moved = (own.answer(lambda h: h + push) - own.answer())[own.labels == source]
    yield found("steering_shift", where), (moved[:, target] - moved[:, source]).mean()
    layer = next((each for each, role in own.layers.items() if role == HIDDEN), None)
    if layer is None:
        return
    h, means = own.h(), own.h(own.training).movedim(axis, 0).flatten(1).mean(1)
    for quantity, values in (("unit_zero_loss", 0 * means), ("unit_mean_loss", means)):
        changed = [own.losses(lambda h, u=u, v=v: own.case.units(h, [u], float(v))) for u, v in enumerate(values)]
        assert len(changed) == h.shape[axis]
        yield found(quantity, layer), (np.array(changed) - own.losses()).mean(1)


def check_patching(own, found, _):
    pairs, _ = pairs_of(*own.subjects())
    own.at(LAST)
    where, axis = own.case.where, own.case.axis
    clean, corrupted, donor = own.answer(inputs=pairs.clean), own.answer(inputs=pairs.corrupted), own.h(pairs.clean)
    one, other = pairs.classes

    def metric(logits):
        return logits[:, one] - logits[:, other]

    span = (metric(clean) - metric(corrupted)).mean()
    yield found("span"), span
    assert span > 1

    def carried(change):
        return (metric(own.answer(change, pairs.corrupted)) - metric(corrupted)).mean() / span

    tokens = donor.ndim == 3
    if ATTENTIVE not in own.layers:
        units = range(donor.shape[axis])
        yield (
            found("denoising", where),
            [carried(lambda h, u=u: own.case.units(h, [u], donor.narrow(axis, u, 1))) for u in units],
        )
    if tokens:
        places = range(donor.shape[1])

        def put(h, t):
            h = h.clone()
            h[:, t] = donor[:, t]
            return h

        yield found("position_denoising", where), [carried(lambda h, t=t: put(h, t)) for t in places]
    if donor.ndim == 4:
        high, wide = (size // 4 for size in donor.shape[2:])

        def cell(h, i, j):
            h = h.clone()
            part = (slice(None), slice(None), slice(i * high, (i + 1) * high), slice(j * wide, (j + 1) * wide))
            h[part] = donor[part]
            return h

        cells = [carried(lambda h, i=i, j=j: cell(h, i, j)) for i in range(4) for j in range(4)]
        yield found("position_denoising", where), cells


def check_attribution(own, found, _):
    own.at(LAST)
    rows = load("attribution", "measure").stratified(own.labels, 12, np.random.default_rng(derived(own)))
    x, targets = own.held_out[rows], torch.from_numpy(own.labels[rows])[:, None]
    if x.is_floating_point():
        x = x.clone().requires_grad_()
        picked = own.case.plain(inputs=x)[1].gather(1, targets).sum()
        slope = torch.autograd.grad(picked, x)[0].numpy()
        maps, product = np.abs(slope), slope * x.detach().numpy()
        if x.ndim == 4:
            maps, product = maps[:, 0], product[:, 0]
        known = np.ones(maps.shape, dtype=bool)
    else:  # every word of its own, so that the gradient of the embedding is that of the words
        model, known = copy.deepcopy(own.model), (x > 0).numpy()
        learnt = model.embed.weight.detach()
        words = torch.cat([learnt[:1], learnt[x].flatten(0, 1)])
        model.embed.weight = nn.Parameter(words)
        numbers = torch.where(x > 0, torch.arange(1, x.numel() + 1).view(x.shape), 0)
        picked = own.case.forward(model, numbers, lambda h: h)[1].gather(1, targets).sum()
        slope = torch.autograd.grad(picked, model.embed.weight)[0][numbers]
        maps, product = slope.norm(dim=2).numpy(), (slope * words[numbers]).sum(2).detach().numpy()
    pairs = [(one[k], np.abs(other[k])) for one, other, k in zip(maps, product, known, strict=True)]
    agreement = [spearmanr(*pair)[0] for pair in pairs if all(map(np.ptp, pair))]  # a map may be 0 everywhere
    yield found("agreement/saliency/gradient_x_input"), np.mean(agreement)
    assert found("completeness/shapley") < 1e-9  # they share out all there is


def derived(own):
    from repdyn.seeds import derive

    return derive(*own.subjects()[0].key, "attribution examples")


def check_geometry(own, found, _):
    for step in (0, LAST):
        x = own.at(step).examples()
        x = np.unique(x.round(12), axis=0)
        yield found("rows", own.case.where, step), len(x)
        distances = np.sort(cdist(x, x), axis=1)
        ratio = np.sort(np.log(distances[:, 2] / distances[:, 1]))[: int(0.9 * len(x))]
        share = -np.log(1 - np.arange(1, len(ratio) + 1) / len(x))
        yield found("dimension_twonn", own.case.where, step), (ratio * share).sum() / (ratio**2).sum()


def check_topology(own, found, _):
    for step in (0, LAST):
        x = np.unique(own.at(step).examples().round(12), axis=0)
        x = x - x.mean(0)
        radius = np.sqrt((x**2).sum(1).mean())
        # Components die along the shortest tree.
        tree = minimum_spanning_tree(cdist(x, x)).data
        yield found("persistence_0", own.case.where, step), tree.sum() / radius
        yield found("longest_0", own.case.where, step), tree.max() / radius


def check_information(own, found, _):
    yield found("class_entropy", step=0), np.log(CLASSES)
    for step in (0, LAST):
        fitted, x = own.at(step).examples(own.training), own.examples()
        coordinates = PCA(2).fit(fitted).transform(x)
        yield found("class_components", own.case.where, step), class_information(coordinates, own.labels, 3)


def check_information_plane(own, found, _):
    yield found("class_entropy", step=0), np.log(CLASSES)
    for step in (0, LAST):
        x = own.at(step).examples()
        yield found("noise", own.case.where, step), np.sqrt(((x - x.mean(0)) ** 2).mean())
        span = np.ptp(x, axis=0)
        codes = np.floor((x - x.min(0)) / np.where(span, span, 1) * 10).clip(max=9)
        share = np.unique(codes, axis=0, return_counts=True)[1] / N
        yield found("binned_information/10", own.case.where, step), -(share * np.log(share)).sum()


def check_dynamics(own, found, _):
    flat = {}
    for step in (0, LAST):
        yield found("held_out_loss", step=step), own.at(step).losses().mean()
        covariance = np.linalg.eigvalsh(np.cov(own.examples().T))
        yield found("participation_ratio", own.case.where, step), covariance.sum() ** 2 / (covariance**2).sum()
        flat[step] = np.concatenate([each.detach().numpy().ravel() for each in inner(own.model).parameters()])
        yield found("weight_norm", step=step), np.sqrt((flat[step] ** 2).sum())


def check_retraining(own, found, maps):
    from repdyn.seeds import derive

    assert maps == {}
    key, steps, batch = own.subjects()[0].key, 20, 32
    labels = torch.from_numpy(own.labels)
    losses = {step: (own.at(step).losses(), own.losses(inputs=own.training)) for step in (0, LAST)}
    half = np.arange(N) % 2 == 0
    saved = []
    for chosen in (half, ~half):
        best = min(losses, key=lambda step, chosen=chosen: losses[step][0][chosen].mean())
        saved.append((losses[LAST][0] - losses[best][0])[~chosen].mean())
    yield found("stopped"), np.mean(saved)

    def ends(rows, inputs=own.training, judged=own.held_out, blur=()):
        model = copy.deepcopy(own.at(0).model).train()
        optimizer = torch.optim.Adam(model.parameters(), 0.02)
        for step in range(steps):
            now = rows[step * batch : (step + 1) * batch]
            x = tuple(each[now] for each in inputs) if isinstance(inputs, tuple) else inputs[now]
            if step in blur:
                small = nn.functional.adaptive_avg_pool2d(x, 4)
                x = nn.functional.interpolate(small, x.shape[2:], mode="bilinear")
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(*x) if isinstance(x, tuple) else model(x), labels[now]).backward()
            optimizer.step()
        with torch.no_grad():
            logits = own.case.forward(model.eval(), judged, lambda h: h)[1]
        return (logits.argmax(1) == labels).double().mean().item()

    orders = []
    for seed in range(2):
        rng = np.random.default_rng(derive(*key, "retraining", seed))
        orders.append(np.concatenate([rng.permutation(N) for _ in range(6)])[: steps * batch])
    plain = np.array([ends(rows) for rows in orders])
    yield found("plain"), plain.mean()
    hard = losses[LAST][1]
    for name, sign in (("easy_first", 1), ("hard_first", -1)):
        ordered = [np.array(sorted(rows.tolist(), key=lambda row, sign=sign: sign * hard[row])) for rows in orders]
        yield found(f"order/{name}"), 100 * np.mean([ends(rows) for rows in ordered] - plain)
    if not isinstance(own.training, torch.Tensor) or own.training.ndim != 4:
        return
    windows = [range(0, 2), range(2, 4), range(4, 8), range(12, 16), range(16, 20)]
    yield found("deficit"), [100 * np.mean(plain - [ends(rows, blur=window) for rows in orders]) for window in windows]
    mean, kept = own.training.mean(0), []
    for share in (0.1, 0.3, 0.5, 0.7):
        sides = []
        for images in (own.training, own.held_out):
            x = images.clone().requires_grad_()
            own.at(LAST).case.plain(inputs=x)[1].gather(1, labels[:, None]).sum().backward()
            changed = images.clone()
            for image, slope in zip(changed, x.grad.abs(), strict=True):
                top = slope.flatten().argsort(descending=True, stable=True)[: round(share * slope.numel())]
                image.view(-1)[top] = mean.view(-1)[top]
            sides.append(changed)
        kept.append(ends(orders[0], *sides))
    yield found("removed/saliency"), kept


def check_fractals(own, found, maps):
    # These layers are too narrow for an exponent, which is said; their variances are drawn.
    for step in (0, LAST):
        yield found("variance_exponent", own.case.where, step), np.nan
    variances = np.linalg.eigvalsh(np.cov(own.at(LAST).examples().T, bias=True))[::-1]
    yield maps[f"variances/{named(own.case.where)}"], variances


def check_alignment(own, found, _):
    from repdyn.seeds import derive
    from repdyn.toolkit.alignment.subjects import simulated_subject, usable

    x, layer, key = own.at(LAST).examples(), named(own.case.where), (*own.subjects()[0].key, "alignment")
    if not usable({layer: x}):
        yield found("encoding", own.case.where), np.nan
        return
    subjects = [simulated_subject({layer: x}, (*key, number), 4, 10, (1,)) for number in range(2)]
    order = np.random.default_rng(derive(*key, "compared", layer, LAST)).permutation(N)
    folds, scores = np.array_split(order, 5), []
    for subject in subjects:
        y = subject.brains[layer, 1].mean(0)
        for test in folds:
            train = np.setdiff1d(order, test)
            mean, spread = x[train].mean(0), x[train].std(0)
            varies = spread > 1e-9 * spread.max()
            ours = RidgeCV(np.logspace(-1, 5, 7), alpha_per_target=True)
            ours.fit(((x - mean) / np.where(varies, spread, 1))[train][:, varies], y[train])
            predicted = ours.predict(((x - mean) / np.where(varies, spread, 1))[test][:, varies])
            scores.append([np.corrcoef(predicted[:, u], y[test, u])[0, 1] for u in range(4)])
    yield found("encoding", own.case.where), np.mean(scores)
    yield found("stimuli"), N


CHECKS = {name.removeprefix("check_"): check for name, check in globals().items() if name.startswith("check_")}
REFUSED = {("two inputs", "attribution"): "maps are of one input; explain a function of it"}
_owned = {}


@pytest.fixture(autouse=True)
def small(monkeypatch):
    for tool, constants in FEWER.items():
        for name, value in constants.items():
            monkeypatch.setattr(load(tool, "measure"), name, value)
    # The fewest iterations that scikit-learn takes: whether pictures are good is a test of tests/unit/geometry.
    monkeypatch.setattr("sklearn.manifold.TSNE", partial(TSNE, max_iter=250))


def own_of(name):
    if name not in _owned:
        _owned[name] = Own(name)
    return _owned[name]


def test_every_tool_is_checked():
    assert CHECKS.keys() == TOOLS.keys() == FEWER.keys()


@pytest.mark.parametrize("tool", CHECKS)
@pytest.mark.parametrize("name", MODELS)
def test_every_tool_is_right_on_every_model_or_says_why_not(name, tool):
    own = own_of(name).at(0)
    before = copied(own.model)
    given = own.subjects()
    if (name, tool) in REFUSED:
        with pytest.raises(StudyError, match=REFUSED[name, tool]):
            load(tool, "measure").measure(*given)
        return
    table, maps = load(tool, "measure").measure(*given)
    # What is given stays as it was: the tools look at copies.
    assert all(torch.equal(value, before[key]) for key, value in inner(own.model).state_dict().items())
    for value, expected in CHECKS[tool](own, Table(table), maps):
        np.testing.assert_allclose(value, np.broadcast_to(expected, value.shape), atol=2e-6, rtol=1e-5)


@pytest.mark.parametrize("tool", TOOLS)
def test_only_a_tool_that_says_so_looks_at_checkpoints_beyond_the_grid(tool):
    own = own_of("mlp").at(0)
    first, tables = own.states[0], []
    for states in ({0: first, LAST: first}, {0: first, 20: own.states[LAST], LAST: first}):
        splits = ((x, torch.from_numpy(own.labels)) for x in (own.held_out, own.training))
        pair = subjects(own.model, states, *splits, own.layers)
        for subject in pair:
            subject.grid = [0, LAST]
        tables.append(load(tool, "measure").measure(*pair)[0])
    assert tables[0].equals(tables[1]) != TOOLS[tool].dense


def test_what_does_not_fit_is_refused_before_anything_is_measured():
    own = own_of("mlp")
    splits = [(own.held_out, torch.from_numpy(own.labels)), (own.training, torch.from_numpy(own.labels))]
    wrong = {
        "one layer with the role 'output'; this one declares none": own.layers | {"2": HIDDEN},
        'one with the role "hidden" or "block"': {"2": OUTPUT},
        "The role of layer '1' is 'middle'": {"1": "middle", "2": OUTPUT},
        "layers need different names, found 1, 1, 2": {"1": HIDDEN, Address("1"): HIDDEN, "2": OUTPUT},
        "has no module '7'": {"7": HIDDEN, "2": OUTPUT},
    }
    for message, layers in wrong.items():
        with pytest.raises(StudyError, match=message):
            load("geometry", "measure").measure(*subjects(own.model, own.states, *splits, layers))
    other = {0: nn.Linear(5, 3).state_dict()}
    with pytest.raises(StudyError, match="the checkpoint of step 0 is not one of this network"):
        subjects(own.model, other, *splits, own.layers)
    with pytest.raises(StudyError, match="there are none"):
        subjects(own.model, {}, *splits, own.layers)
    with pytest.raises(StudyError, match=r"one answer of two or more classes per example"):
        subjects(nn.Sequential(nn.Linear(5, 1)).double(), own.states, *splits, own.layers)
    with pytest.raises(StudyError, match="120 inputs need as many labels"):
        subjects(own.model, own.states, (own.held_out, torch.zeros(120, 4, dtype=torch.int64)), splits[1], own.layers)


def test_a_text_without_an_embedding_among_its_layers_is_refused_where_its_words_would_be_a_cloud():
    own = own_of("encoder")
    splits = [(x, torch.from_numpy(own.labels)) for x in (own.held_out, own.training)]
    given = subjects(own.model, own.states, *splits, {"encoder.layers.0": BLOCK, "head": OUTPUT})
    for tool in ("geometry", "topology", "information", "information_plane"):
        with pytest.raises(StudyError, match="what comes in are words, so a layer with the role 'embedding' is needed"):
            load(tool, "measure").measure(*given)
    with pytest.raises(StudyError, match="has 2 embeddings, embed, place: say which"):
        load("attribution", "measure").measure(*given)


def test_tokens_that_do_not_count_are_left_out():
    own = own_of("encoder")
    splits = [(x, torch.from_numpy(own.labels)) for x in (own.held_out, own.training)]
    valid = tuple(x > 0 for x, _ in splits)
    table = load("sparse_autoencoders", "measure").measure(
        *subjects(own.model, own.states, *splits, own.layers, valid=valid)
    )[0]
    counted = table.loc[table["quantity"] == "rows", "value"].item()
    assert counted == int((own.training > 0).sum()) < own.training.numel()
