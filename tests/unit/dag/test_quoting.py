"""Every value in a shell command of the rules is quoted, so that no name or path is run as a command."""

import re

import pytest

from helpers.project import ROOT

RULES = sorted((ROOT / "workflow").rglob("*.smk")) + [ROOT / "workflow/Snakefile", ROOT / "Snakefile"]
VALUE = re.compile(r"\{((?:input|output|params|log|wildcards|resources|threads|config)\b[^{}]*)\}")


def unquoted(text: str) -> list[str]:
    """The values that a shell command of a file of rules names without `:q`. Messages and f-strings are no commands."""
    text = re.sub(r'message:\s+f?"[^"\n]*"', "", text)
    text = re.sub(r'\bf"[^"\n]*"', "", text)
    return [value for value in VALUE.findall(text) if not value.endswith(":q")]


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.name)
def test_every_value_is_quoted(path):
    assert unquoted(path.read_text(encoding="utf-8")) == []


def test_commands_are_plain_strings_of_the_rules():
    """So that reading the files sees all of each command."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in RULES)
    commands = re.findall(r"\n +shell:\n +(.*)", text)
    assert len(commands) > 20 and all(re.match(r'"\(?python \{input\.', command) for command in commands)
    assert not re.search(r"\bshell\(|\n +run:", text)


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ('shell: "python {input.code[0]} > {log:q}"', ["input.code[0]"]),
        ('shell: "python {input.code[0]:q} --out {output}"', ["output"]),
        ('shell: "a {params.x:q}" + READS + " {wildcards.tool} {log}"', ["wildcards.tool", "log"]),
        ('READS = " {params.runs}"', ["params.runs"]),
        ('message:\n    "Training {wildcards.experiment}"\nshell: "a {log:q}"', []),
        ('f"{RUN}/{{experiment}}"', []),
    ],
)
def test_an_unquoted_value_is_found(command, found):
    assert unquoted(command) == found
