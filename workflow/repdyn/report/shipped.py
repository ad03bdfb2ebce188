"""How the words of a study compare with those that README.md was written from."""

from repdyn.wording.numbers import plural


def compared(words: dict[str, str], shipped: dict) -> str:
    """One paragraph. words: claim -> whether it holds in this study; shipped: data/readme/verdicts.json."""
    theirs = {claim["id"]: claim["holds"] for claim in shipped["claims"]}
    known = [claim for claim in words if claim in theirs]
    if not known:
        return ""
    other = [
        f"{claim} (here {words[claim]}, there {theirs[claim]})" for claim in known if words[claim] != theirs[claim]
    ]
    told = (
        f"The study that README.md reports ({plural(shipped['runs'], 'run')}, {plural(shipped['seeds'], 'seed')} of "
        f"{plural(shipped['experiments'], 'experiment')}) says the same of {len(known) - len(other)} of "
        f"{plural(len(known), 'claim')}"
    )
    return f"{told}; other words: {', '.join(other)}." if other else f"{told}."
