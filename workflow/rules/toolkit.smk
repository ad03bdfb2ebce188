"""The toolkit: features, causes, attribution, geometry, topology and dynamics of a few runs, from their checkpoints."""


localrules:
    toolkit,
    recordings,


wildcard_constraints:
    tool="|".join([*TOOLKIT, *SELF_CONTAINED]),
    network="|".join(map(re.escape, STUDY.recurrent)),
    organism="|".join(map(re.escape, STUDY.organisms)),
    recording="|".join(config["recordings"]) or "none",


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


rule calibration:
    input:
        code=code("calibration"),
    output:
        table=f"{RESULTS}/toolkit/calibration.parquet",
        seconds=f"{RESULTS}/toolkit/calibration_seconds.json",
    log:
        f"{RESULTS}/logs/calibration.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=30,
    message:
        "Trying the toolkit's methods where the truth is known"
    shell:
        "python {input.code[0]:q} --table {output.table:q} --seconds {output.seconds:q} > {log:q} 2>&1"


rule train_recurrent:
    input:
        code=code("train_recurrent"),
    output:
        trajectory=f"{RECURRENT_RUN}/trajectory.parquet",
        training=f"{RECURRENT_RUN}/training.parquet",
        facts=f"{RECURRENT_RUN}/run.json",
        checksums=f"{RECURRENT_RUN}/checkpoints.json",
        checkpoints=directory(f"{RECURRENT_RUN}/checkpoints"),
        provenance=f"{RECURRENT_RUN}/provenance.json",
    log:
        f"{RESULTS}/logs/train_recurrent/{{network}}-seed{{seed}}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=30,
    params:
        out=subpath(output.facts, parent=True),
        row=lambda wildcards: json.dumps(STUDY.recurrent[wildcards.network]),
    message:
        "Training {wildcards.network}, seed {wildcards.seed}"
    shell:
        "python {input.code[0]:q} --network {wildcards.network:q} --seed {wildcards.seed:q} --row {params.row:q}"
        " --out {params.out:q} > {log:q} 2>&1"


# One job for all tools of a network: importing torch costs more than some of them.
rule look_into_recurrent:
    input:
        code=code("look_into_recurrent"),
        tools=[tool_code(tool, "measure") for tool in RECURRENT],
        checksums=rules.train_recurrent.output.checksums,
        checkpoints=rules.train_recurrent.output.checkpoints,
        training=rules.train_recurrent.output.training,
        provenance=rules.train_recurrent.output.provenance,
    output:
        tables=[f"{RECURRENT_RUN}/toolkit/{tool}.parquet" for tool in RECURRENT],
        maps=[f"{RECURRENT_RUN}/toolkit/{tool}.safetensors" for tool in RECURRENT],
    log:
        f"{RESULTS}/logs/look_into_recurrent/{{network}}-seed{{seed}}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=30,
    params:
        run=subpath(input.checksums, parent=True),
        row=lambda wildcards: json.dumps(STUDY.recurrent[wildcards.network]),
    message:
        "Toolkit: recurrent network {wildcards.network}, seed {wildcards.seed}"
    shell:
        "python {input.code[0]:q} --network {wildcards.network:q} --seed {wildcards.seed:q} --row {params.row:q}"
        " --run {params.run:q} > {log:q} 2>&1"


rule train_organism:
    input:
        code=code("train_organism"),
    output:
        trajectory=f"{ORGANISM_RUN}/trajectory.parquet",
        training=f"{ORGANISM_RUN}/training.parquet",
        facts=f"{ORGANISM_RUN}/run.json",
        checksums=f"{ORGANISM_RUN}/checkpoints.json",
        checkpoints=directory(f"{ORGANISM_RUN}/checkpoints"),
        provenance=f"{ORGANISM_RUN}/provenance.json",
    log:
        f"{RESULTS}/logs/train_organism/{{organism}}-seed{{seed}}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=30,
    params:
        out=subpath(output.facts, parent=True),
        row=lambda wildcards: json.dumps(STUDY.organisms[wildcards.organism]),
    message:
        "Training {wildcards.organism}, seed {wildcards.seed}"
    shell:
        "python {input.code[0]:q} --organism {wildcards.organism:q} --seed {wildcards.seed:q} --row {params.row:q}"
        " --out {params.out:q} > {log:q} 2>&1"


rule look_into_organism:
    input:
        code=code("look_into_organism"),
        tools=[tool_code(tool, "measure") for tool in ORGANISMS],
        checksums=rules.train_organism.output.checksums,
        checkpoints=rules.train_organism.output.checkpoints,
        training=rules.train_organism.output.training,
        provenance=rules.train_organism.output.provenance,
    output:
        tables=[f"{ORGANISM_RUN}/toolkit/{tool}.parquet" for tool in ORGANISMS],
        maps=[f"{ORGANISM_RUN}/toolkit/{tool}.safetensors" for tool in ORGANISMS],
    log:
        f"{RESULTS}/logs/look_into_organism/{{organism}}-seed{{seed}}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=30,
    params:
        run=subpath(input.checksums, parent=True),
        row=lambda wildcards: json.dumps(STUDY.organisms[wildcards.organism]),
    message:
        "Toolkit: organism {wildcards.organism}, seed {wildcards.seed}"
    shell:
        "python {input.code[0]:q} --organism {wildcards.organism:q} --seed {wildcards.seed:q} --row {params.row:q}"
        " --run {params.run:q} > {log:q} 2>&1"


rule self_contained:
    input:
        code=code("self_contained"),
        tool=lambda wildcards: tool_code(wildcards.tool, "measure"),
    output:
        table=f"{SELF_CONTAINED_RUN}/toolkit/{{tool}}.parquet",
        maps=f"{SELF_CONTAINED_RUN}/toolkit/{{tool}}.safetensors",
        facts=f"{SELF_CONTAINED_RUN}/run.json",
    log:
        f"{RESULTS}/logs/self_contained/{{tool}}-seed{{seed}}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=30,
    params:
        out=subpath(output.facts, parent=True),
    message:
        "Toolkit: {wildcards.tool}, seed {wildcards.seed}"
    shell:
        "python {input.code[0]:q} --tool {wildcards.tool:q} --seed {wildcards.seed:q} --out {params.out:q} > {log:q} 2>&1"


# A rule for each, because a caption's path takes no wildcard.
for _tool in EVERY_TOOL:

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
        **{f"tables_{tool}": looked_into(tool, ".parquet") for tool in EVERY_TOOL},
        **{f"facts_{tool}": facts_of_tool(tool) for tool in EVERY_TOOL},
        code=code("toolkit_page"),
        findings=[tool_code(tool, "findings") for tool in EVERY_TOOL],
        questions=[tool_code(tool, "guide") for tool in EVERY_TOOL],
        page=templates("toolkit", "toolkit_page"),
        quantities=[project(f"workflow/repdyn/toolkit/{tool}/measure.py") for tool in EVERY_TOOL],
        captions=[project(f"workflow/repdyn/toolkit/{tool}/caption.rst") for tool in EVERY_TOOL],
        figures=[f"{FIGURES}/toolkit/{tool}.webp" for tool in EVERY_TOOL],
        calibration=rules.calibration.output,
    output:
        contents=f"{RESULTS}/report/toolkit.html",
        families=expand(f"{RESULTS}/report/toolkit/{{page}}.html", page=TOOLKIT_PAGES),
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
        out=subpath(output.contents, parent=True),
        tables=lambda wildcards, input: [file for tool in EVERY_TOOL for file in input.get(f"tables_{tool}")],
    message:
        "Writing {output.contents} and the pages that it leads to"
    shell:
        "python {input.code[0]:q} --figures {input.figures:q} --tables {params.tables:q} --pages {params.pages:q}"
        " --calibration {input.calibration:q} --out {params.out:q} > {log:q} 2>&1"


rule guide:
    input:
        code=code("guide"),
        questions=[tool_code(tool, "guide") for tool in ALL_TOOLS],
        limits=[tool_code(tool, "findings") for tool in ALL_TOOLS],
        quantities=[project(f"workflow/repdyn/toolkit/{tool}/measure.py") for tool in ALL_TOOLS],
        page=templates("guide"),
        calibration=rules.calibration.output,
        recipes=[project(f"examples/recipes/{name}.py") for name in RECIPES],
        printed=[project(f"examples/recipes/{name}.txt") for name in RECIPES],
    output:
        f"{RESULTS}/report/guide.html",
    log:
        f"{RESULTS}/logs/guide.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=10,
    params:
        tools=list(EVERY_TOOL),
    message:
        "Writing {output}"
    shell:
        "python {input.code[0]:q} --calibration {input.calibration:q} --tools {params.tools:q} --recipes {input.recipes:q}"
        " --out {output:q} > {log:q} 2>&1"


rule toolkit:
    input:
        rules.all.input,
        rules.toolkit_page.output,
        rules.guide.output,


rule recording:
    input:
        code=code("recording"),
        data=rules.train.input.data,
        own=own_network,
        checksums=rules.train.output.checksums,
        checkpoints=rules.train.output.checkpoints,
        training=rules.train.output.training,
        provenance=rules.train.output.provenance,
        recording=lambda wildcards: given(config["recordings"][wildcards.recording]["file"]),
        stimuli=lambda wildcards: [
            given(file) for file in [config["recordings"][wildcards.recording].get("stimuli")] if file
        ],
    output:
        f"{RESULTS}/recordings/{{recording}}/{{experiment}}-seed{{seed}}.parquet",
    log:
        f"{RESULTS}/logs/recordings/{{recording}}-{{experiment}}-seed{{seed}}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        **GPU,
        mem_mb=memory(2000),
        runtime=30,
    params:
        run=subpath(input.checksums, parent=True),
        architecture=lambda wildcards: json.dumps(network(wildcards)),
        training=section("training"),
        checkpoint_every=config["checkpoints"]["every"],
        device=config["device"],
        stimuli=lambda wildcards, input: ["--stimuli", *input.stimuli] if input.stimuli else [],
    message:
        "Comparing the recording {wildcards.recording} with {wildcards.experiment}, seed {wildcards.seed}"
    shell:
        "python {input.code[0]:q} --name {wildcards.recording:q} --recording {input.recording:q} {params.stimuli:q}"
        " --run {params.run:q} --data {input.data:q} --experiment {wildcards.experiment:q} --seed {wildcards.seed:q}"
        " --architecture {params.architecture:q} --training {params.training:q}"
        " --checkpoint-every {params.checkpoint_every:q} --device {params.device:q} --out {output:q} > {log:q} 2>&1"


rule recordings_page:
    input:
        code=code("recordings_page"),
        page=templates("recordings"),
        tables=[
            f"{RESULTS}/recordings/{name}/{recording['experiment']}-seed{seed}.parquet"
            for name, recording in config["recordings"].items()
            for seed in range(config["seeds"])
        ],
    output:
        f"{RESULTS}/report/recordings.html",
    log:
        f"{RESULTS}/logs/recordings_page.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=10,
    message:
        "Writing {output}"
    shell:
        "python {input.code[0]:q} --tables {input.tables:q} --out {output:q} > {log:q} 2>&1"


rule recordings:
    input:
        rules.recordings_page.output if config["recordings"] else [],
