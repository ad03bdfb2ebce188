"""The toolkit: features, causes, attribution, geometry, topology and dynamics of a few runs, from their checkpoints."""

from dag.config import toolkit_experiments
from repdyn.toolkit import MODULES as TOOLKIT


localrules:
    toolkit,


wildcard_constraints:
    tool="|".join(TOOLKIT),


def code_of(tool, package):
    """The module of a tool in a package, imported by name, which the import graph cannot show."""
    return code_list(f"{package.replace('/', '_')}_{tool}", (f"workflow/repdyn/{package}/{tool}.py",))


def looked_into(tool, suffix):
    """The files of a tool for every run that it looks into."""

    def files(wildcards):
        try:
            chosen = toolkit_experiments(STUDY, TOOLKIT[tool].families)
        except StudyError as error:
            raise WorkflowError(str(error))
        return expand(f"{RUN}/toolkit/{tool}{suffix}", experiment=chosen, seed=range(config["seeds"]))

    return files


def tool_figure(name):
    """The figure of a tool in three formats; the first is shown by `snakemake --report` too."""
    shown = report(
        f"{FIGURES}/toolkit/{name}.webp",
        caption=f"../../{PAGES}/captions/toolkit/{name}.rst",
        category="Toolkit",
        labels={"figure": TOOLKIT[name].title},
    )
    return [shown, *multiext(f"{FIGURES}/toolkit/{name}", ".png", ".svg")]


rule look_into:
    input:
        code=code("look_into"),
        module=lambda wildcards: code_of(wildcards.tool, "toolkit"),
        data=rules.train.input.data,
        checksums=rules.train.output.checksums,
        checkpoints=rules.train.output.checkpoints,
        training=rules.train.output.training,
        provenance=rules.train.output.provenance,
    output:
        table=f"{RUN}/toolkit/{{tool}}.parquet",
        maps=f"{RUN}/toolkit/{{tool}}.safetensors",
    log:
        f"{RESULTS}/logs/look_into/{{tool}}/{{experiment}}-seed{{seed}}.log",
    priority: slowness
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        **GPU,
        mem_mb=memory(2000),
        runtime=30,
    params:
        run=lambda wildcards, output: str(Path(output.table).parent.parent),
        architecture=lambda wildcards: json.dumps(network(wildcards)),
        training=section("training"),
        checkpoint_every=config["checkpoints"]["every"],
        phases=json.dumps(config["toolkit"]["phases"]),
        device=config["device"],
    message:
        "Toolkit: {wildcards.tool} of {wildcards.experiment}, seed {wildcards.seed}"
    shell:
        "python {input.code[0]} --tool {wildcards.tool} --run {params.run} --data {input.data}"
        " --experiment {wildcards.experiment} --seed {wildcards.seed} --architecture {params.architecture:q}"
        " --training {params.training:q} --checkpoint-every {params.checkpoint_every} --phases {params.phases:q}"
        " --device {params.device} > {log} 2>&1"


# A rule for each, because a caption's path takes no wildcard.
for _tool in TOOLKIT:

    rule:
        name:
            f"toolkit_figure_{_tool}"
        input:
            code=code("toolkit_figure"),
            module=code_of(_tool, "figures/toolkit"),
            tables=looked_into(_tool, ".parquet"),
            maps=looked_into(_tool, ".safetensors"),
        output:
            tool_figure(_tool),
        log:
            f"{RESULTS}/logs/toolkit_figures/{_tool}.log",
        conda:
            ENVIRONMENT
        threads: 1
        resources:
            mem_mb=memory(1000),
            runtime=10,
        params:
            tool=_tool,
            stem=subpath(output[0], strip_suffix=".webp"),
        message:
            f"Figure: {_tool} of the toolkit"
        shell:
            "python {input.code[0]} --tool {params.tool} --tables {input.tables} --maps {input.maps} --out {params.stem}"
            " > {log} 2>&1"


rule toolkit_page:
    input:
        **{f"tables_{tool}": looked_into(tool, ".parquet") for tool in TOOLKIT},
        code=code("toolkit_page"),
        findings=[code_of(tool, "findings") for tool in TOOLKIT],
        page=[f"{PAGES}/templates/{name}.html.j2" for name in ("toolkit", "base", "macros")],
        captions=[f"{PAGES}/captions/toolkit/{tool}.rst" for tool in TOOLKIT],
        figures=[f"{FIGURES}/toolkit/{tool}.webp" for tool in TOOLKIT],
    output:
        f"{RESULTS}/report/toolkit.html",
    log:
        f"{RESULTS}/logs/toolkit_page.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=10,
    params:
        tables=lambda wildcards, input: [file for tool in TOOLKIT for file in input.get(f"tables_{tool}")],
    message:
        "Writing {output}"
    shell:
        "python {input.code[0]} --figures {input.figures} --tables {params.tables} --out {output} > {log} 2>&1"


rule toolkit:
    input:
        rules.all.input,
        rules.toolkit_page.output,
