"""The guide: which method answers which question, made of what tools, methods and measures say of themselves."""

import ast
import re
from functools import cache
from importlib.resources import files

import pandas as pd

from repdyn.errors import StudyError
from repdyn.report.html import fill
from repdyn.report.quantities import described
from repdyn.toolkit import ALL_TOOLS, RECURRENT, library, load
from repdyn.toolkit.not_repeated import CLAIMS
from repdyn.toolkit.questions import GOALS, LEVELS, NETWORKS, Question
from repdyn.wording.names import measure_name
from repdyn.wording.numbers import plural, short

# Those of `measures.table`, which needs torch.
COLUMNS = ("step", "reference", "layer", "unit", "quantity", "value", "null_mean", "null_sd")


def guide(
    calibration: pd.DataFrame, seconds: dict[str, float], shown: list[str], recipes: dict[str, tuple[str, str]]
) -> str:
    """The guide as HTML, beside the toolkit's contents.

    calibration: `calibration.table.COLUMNS`; seconds: of its methods. shown: the tools that have a section on a page of the
    toolkit; recipes: {one of RECIPES: its code, what it prints}. Raises StudyError where a question names what is not there.
    """
    entries = [entry(*each, calibration, seconds, shown) for each in every_question()]
    return fill(
        "guide",
        goals=[
            {"name": goal, "title": title, "entries": [each for each in entries if each["goal"] == goal]}
            for goal, title in GOALS.items()
        ],
        count=len(entries),
        choices={"goal": ("To", GOALS), "networks": ("Of", NETWORKS), "level": ("At the level of", LEVELS)},
        claims=CLAIMS,
        recipes=[
            {"name": name, "title": title_of(code), "code": code, "printed": printed}
            for name, (code, printed) in recipes.items()
        ],
    )


def every_question() -> list[tuple[str, str, Question]]:
    """(id, tool, question) of all tools in their order, and of what the library has and no tool applies, with tool ""."""
    return [(name, tool, question) for tool in (*ALL_TOOLS, "") for name, question in questions_of(tool).items()]


def questions_of(tool: str) -> dict[str, Question]:
    """{id: question} that a tool answers, or, for "", methods that no tool applies; StudyError where it declares none."""
    try:
        found = load(tool, "guide").QUESTIONS if tool else library.QUESTIONS
    except (ModuleNotFoundError, AttributeError):
        found = ()
    if not found:
        raise StudyError(
            f"The guide does not know what the tool {tool!r} is for: write workflow/repdyn/toolkit/{tool}/guide.py with"
            " QUESTIONS = (Question(...),), as repdyn.toolkit.questions describes it."
        )
    return {f"{tool or 'library'}-{number}": question for number, question in enumerate(found, 1)}


def entry(
    name: str, tool: str, question: Question, calibration: pd.DataFrame, seconds: dict[str, float], shown: list[str]
) -> dict:
    """What the guide says of a question."""
    tried = tried_by(question, calibration)
    networks = question.networks or ("recurrent" if tool in RECURRENT else "any")
    applied = tool if question.quantity else ""
    return {
        "name": name,
        "asks": question.asks,
        "goal": question.goal,
        "level": question.level,
        "level_words": LEVELS[question.level],
        "networks": " ".join(NETWORKS) if networks == "any" else networks,
        "networks_words": NETWORKS[networks],
        "tool": ALL_TOOLS[applied].title if applied else "",
        "page": f"toolkit/{ALL_TOOLS[applied].page}.html#{applied}" if applied in shown else "",
        "alt": ALL_TOOLS[applied].alt if applied else "",
        "quantity": measure_name(question.quantity),
        "functions": [(f"repdyn.{path}", first_sentence(path)) for path in question.functions],
        "calibrated": bool(tried["calibrated"].all()),
        "tried": [trial(row) for row in tried.itertuples()],
        "null": null_of(tool, question) or "; ".join(dict.fromkeys(tried["null_system"])),
        "cost": cost(sum(seconds[method] for method in question.methods), len(question.methods)),
        "cannot": question.cannot
        or load(tool, "findings").limits(pd.DataFrame(columns=["experiment", "seed", *COLUMNS])),
        "recipe": question.recipe,
    }


def tried_by(question: Question, calibration: pd.DataFrame) -> pd.DataFrame:
    """The rows of the methods that a question names, in its order; StudyError for one that was not tried."""
    rows = calibration.set_index("method", drop=False)
    lost = [method for method in question.methods if method not in rows.index]
    if lost:
        raise StudyError(
            f"The guide answers {question.asks!r} by {lost[0]!r}, which is no method of the table of calibration: one of"
            " METHODS in workflow/repdyn/calibration/registry.py is needed."
        )
    return rows.loc[list(question.methods)]


def trial(row) -> tuple[str, str]:
    """A method that was tried, and how it did."""
    found, null = ("not evaluable" if pd.isna(value) else short(value) for value in (row.estimate, row.null))
    word = "calibrated" if row.calibrated else "not calibrated here"
    return row.method, (
        f"{word}; {row.quantity}, {found} where the truth is {short(row.truth)} ± {short(row.tolerance)} ({row.system}), and"
        f" {null} where there is nothing to find ({row.null_system})"
    )


def cost(seconds: float, methods: int) -> str:
    spent = f"{seconds:.1f}" if seconds >= 0.05 else "less than 0.1"
    return f"{spent} CPU seconds for the {'trial' if methods == 1 else 'trials'} of {plural(methods, 'method')}"


def null_of(tool: str, question: Question) -> str:
    """The null of the quantity of a question, as its docstring says it; "" without one. StudyError for no such quantity."""
    if not question.quantity:
        return ""
    known = {name: each for each in described(f"repdyn.toolkit.{tool}", "measure").quantities for name in each.names}
    if question.quantity not in known:
        raise StudyError(
            f"The guide names {question.quantity!r}, which is no quantity that the tool {tool!r} measures."
        )
    null = known[question.quantity].null
    other = re.match(r"as (?:of|for) ([\w/<>]+)", null)
    return known[other[1]].null if other and other[1] in known else null


@cache
def docstrings(module: str) -> dict[str, str]:
    """{name: docstring} of the public functions of "room.module" of the library; empty where there is no such module."""
    file = files("repdyn").joinpath(f"{module.replace('.', '/')}.py")
    tree = ast.parse(file.read_text(encoding="utf-8")) if file.is_file() else ast.Module([], [])
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"))
    return {node.name: ast.get_docstring(node) or "" for node in functions}


def first_sentence(path: str) -> str:
    """The first sentence of the docstring of a public function, "room.module.function"; StudyError where there is none."""
    module, _, name = path.rpartition(".")
    if name not in docstrings(module):
        raise StudyError(f"The guide names repdyn.{path}, which is no public function of the library.")
    text = " ".join(docstrings(module)[name].partition("\n\n")[0].split()).replace("`", "")
    return re.split(r"(?<=[.:;]) (?=[A-Z])", text)[0].rstrip(".:;")


def title_of(code: str) -> str:
    """What a recipe asks: the first line of its docstring."""
    return ast.get_docstring(ast.parse(code)).partition("\n")[0]
