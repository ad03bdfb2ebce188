"""The published claims, one file each: what is published, repaired, null and ours, and what is said about them.

A claim is a module named after its id (c18.py for C18), a line in CLAIMS, and an entry in config/claims.yaml with the
printed numbers, the defects and the rule of the verdict. The module's docstring is the claim; it defines

  published(column)   {quantity: number} under the published definitions, defects included; in the printed units
  repaired(column)    the same without the defects; {} where there is no repaired form. Often the same function: what
                      differs is `column.definitions`
  null(draws)         {name of the null: {quantity: draws (n,)}} of repaired numbers without the effect; {} for none
  ours(tables)        {quantity: Quantity} from tables of one row per run, with intervals over runs: of our runs, and beside
                      the numbers of `repaired` of the published ones
  PUBLISHED_NOTES     {quantity: note}
  REPAIRED_NOTE       which defects are repaired, and how
  WITHOUT             {quantity: why a repaired number stands without a null}

column is a `definitions.Column`, draws the `draws.Draws` that several nulls share, tables the `quantities.Tables`. The
quantities that config/claims.yaml names must be among those of `published`, or the audit has no number for them.
"""

from repdyn.audit.claims import (
    c01,
    c02,
    c03,
    c04,
    c05,
    c06,
    c07,
    c08,
    c09,
    c10,
    c11,
    c12,
    c13,
    c14,
    c15,
    c16,
    c17,
)  # fmt: skip

CLAIMS = {
    "C01": c01,
    "C02": c02,
    "C03": c03,
    "C04": c04,
    "C05": c05,
    "C06": c06,
    "C07": c07,
    "C08": c08,
    "C09": c09,
    "C10": c10,
    "C11": c11,
    "C12": c12,
    "C13": c13,
    "C14": c14,
    "C15": c15,
    "C16": c16,
    "C17": c17,
}
