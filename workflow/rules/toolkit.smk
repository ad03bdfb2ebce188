"""The toolkit: features, causes, attribution, geometry, topology and dynamics of a few runs, from their checkpoints."""


localrules:
    toolkit,


wildcard_constraints:
    tool="|".join(TOOLKIT),


rule look_into:
    input:
        code=code("look_into"),
        tool=lambda wildcards: tool_code(wildcards.tool, "measure"),
        data=rules.train.input.data,
        own=own_network,
        checksums=rules.train.output.checksums,
        checkpoints=rules.train.output.checkpoints,
        training=rules.train.output.training,
        provenance=rules.train.output.provenance,
        first=first_seed,
        across=lambda wildcards: tool_code(wildcards.tool, "across") if TOOLKIT[wildcards.tool].across else [],
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
        "python {input.code[0]:q} --tool {wildcards.tool:q} --run {params.run:q} --data {input.data:q}"
        " --experiment {wildcards.experiment:q} --seed {wildcards.seed:q} --architecture {params.architecture:q}"
        " --training {params.training:q} --checkpoint-every {params.checkpoint_every:q} --phases {params.phases:q}"
        " --first {input.first:q} --device {params.device:q} > {log:q} 2>&1"


# A rule for each, because a caption's path takes no wildcard.
for _tool in TOOLKIT:

    rule:
        name:
            f"toolkit_figure_{_tool}"
        input:
            code=code("toolkit_figure"),
            tool=tool_code(_tool, "figure"),
            tables=looked_into(_tool, ".parquet"),
            maps=looked_into(_tool, ".safetensors"),
            facts=facts_of_tool(_tool),
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
            "python {input.code[0]:q} --tool {params.tool:q} --tables {input.tables:q} --maps {input.maps:q}"
            " --out {params.stem:q} > {log:q} 2>&1"


rule toolkit_page:
    input:
        **{f"tables_{tool}": looked_into(tool, ".parquet") for tool in TOOLKIT},
        **{f"facts_{tool}": facts_of_tool(tool) for tool in TOOLKIT},
        code=code("toolkit_page"),
        findings=[tool_code(tool, "findings") for tool in TOOLKIT],
        page=templates("toolkit"),
        quantities=[project(f"workflow/repdyn/toolkit/{tool}/measure.py") for tool in TOOLKIT],
        captions=[project(f"workflow/repdyn/toolkit/{tool}/caption.rst") for tool in TOOLKIT],
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
        pages=config["pages"],
        tables=lambda wildcards, input: [file for tool in TOOLKIT for file in input.get(f"tables_{tool}")],
    message:
        "Writing {output}"
    shell:
        "python {input.code[0]:q} --figures {input.figures:q} --tables {params.tables:q} --pages {params.pages:q}"
        " --out {output:q} > {log:q} 2>&1"


rule toolkit:
    input:
        rules.all.input,
        rules.toolkit_page.output,
