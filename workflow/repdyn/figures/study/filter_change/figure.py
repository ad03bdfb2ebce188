"""How far the filters of the first convolution turn after the first twentieth of training: what claim C16 rests on."""

import numpy as np
import pandas as pd

from repdyn.figures.panels import dataset_entries, key_above
from repdyn.figures.style import dataset_styles, message_figure, styled

TIMES = {"cosine_100_1000": "from a twentieth to half", "cosine_1000_2000": "from half to the end"}
CLAIM, SUFFIX = "C16", "_all_cnn"
PUBLISHED, DEEPER = "#D55E00", "#777777"


def draw(study):
    numbers = study.tables["claim_numbers"]
    terms, published = study.tables["claim_terms"], study.tables["ledger"]
    return filter_change(terms[terms["metric"] == study.metric], numbers[numbers["metric"] == study.metric], published)


@styled
def filter_change(terms: pd.DataFrame, numbers: pd.DataFrame, published: pd.DataFrame):
    """Cosine of the first convolution's filters between two steps: a dot per CNN, the mean with its interval, as published.

    terms: `audit.columns.TERMS`, of which C16's are drawn. numbers: `audit.columns.OURS`. published: claim, quantity,
    published, as_published: what the published checkpoints give, and of later layers too.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    terms = terms[(terms["claim"] == CLAIM) & terms["quantity"].str.endswith(SUFFIX) & (terms["bottom"] > 0)]
    if terms.empty:
        return message_figure("No filters were compared: no CNN in this study that learned.")
    numbers = numbers[numbers["claim"] == CLAIM].set_index("quantity")
    published = published[published["claim"] == CLAIM].set_index("quantity")["as_published"]
    names = terms["architecture"].unique().tolist()
    styles = dataset_styles(terms["dataset"])
    figure = Figure(figsize=(7.6, 1.4 + 0.34 * (len(names) + 2)))
    panels = figure.subplots(1, 2, sharey=True)
    height = figure.get_figheight()
    figure.subplots_adjust(left=0.19, right=0.97, top=1 - 0.8 / height, bottom=0.5 / height, wspace=0.1)
    for axes, (quantity, words) in zip(panels, TIMES.items(), strict=True):
        rows = terms[terms["quantity"] == quantity + SUFFIX]
        for place, name in enumerate([*names][::-1], 1):
            for run in rows[rows["architecture"] == name].itertuples():
                colour, marker = styles[run.dataset]
                axes.scatter(run.top / run.bottom, place, 24, color=colour, marker=marker, zorder=3, clip_on=False)
        if quantity + SUFFIX in numbers.index:
            mean = numbers.loc[quantity + SUFFIX]
            axes.hlines(0, mean["ours_low"], mean["ours_high"], color="black", linewidth=1.3)
            axes.scatter(mean["ours"], 0, 26, color="black", zorder=3)
        for suffix, look in (("", {"color": PUBLISHED}), ("_second", {"color": DEEPER}), ("_third", {"color": DEEPER})):
            if np.isfinite(published.get(quantity + suffix, np.nan)):
                axes.axvline(
                    published[quantity + suffix], linestyle=":" if suffix else "-", linewidth=1.0, zorder=1, **look
                )
        axes.set_title(words, loc="left")
        axes.set(xlabel="cosine of a filter with itself", ylim=(-0.6, len(names) + 0.6))
        low = min(0.8, float((rows["top"] / rows["bottom"]).min()) - 0.02)
        axes.set_xlim(low, 1.005)
    panels[0].set_yticks(range(len(names) + 1), ["all CNNs", *names[::-1]])
    looks = [
        Line2D([], [], color=PUBLISHED, label="as published, first convolution"),
        Line2D([], [], color=DEEPER, linestyle=":", label="later convolutions of the same network"),
        Line2D([], [], color="black", marker="o", markersize=4.5, label="mean with 95 % interval"),
    ]
    key_above(figure, [dataset_entries(styles), looks])
    return figure
