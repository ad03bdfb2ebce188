"""The pages that people read."""


localrules:
    readme,


rule run_page:
    input:
        code=code("run_page"),
        page=run_page_files,
        facts=rules.train.output.facts,
        summary=rules.phase1.output.summary,
        jumps=rules.phase1.output.jumps,
        plan=rules.phase2.output.plan,
        measurements=rules.phase2.output.measurements,
        figures=run_figures,
    output:
        f"{RESULTS}/report/runs/{{experiment}}-seed{{seed}}.html",
    log:
        f"{RESULTS}/logs/run_page/{{experiment}}-seed{{seed}}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(500),
        runtime=10,
    params:
        run=lambda wildcards, input: str(Path(input.facts).parent),
    message:
        "Page of {wildcards.experiment}, seed {wildcards.seed}"
    shell:
        "python {input.code[0]:q} --run {params.run:q} --figures {input.figures:q} --out {output:q} > {log:q} 2>&1"


# {stage: where its jobs write their logs}; the report says what each stage cost.
LOGS = {}
for _rule in workflow.rules:
    for _log in _rule.log:
        without_constraints = re.sub(r"\{(\w+),[^}]*\}", r"{\1}", str(_log))
        if without_constraints.startswith(placed(f"{RESULTS}/logs/")):
            # What follows the name is the commit of a file from a Git repository.
            _file = re.search(r"([^/]+)\.smk", str(_rule.snakefile))[1]
            _stage = _file.replace("_", " ").replace("phase", "phase ").capitalize()
            LOGS.setdefault(_stage, []).append(without_constraints.removeprefix(placed(f"{RESULTS}/logs/")))


rule curves:
    input:
        code=code("curves"),
        experiments=rules.aggregate.output,
        trajectories=every_run("trajectory.parquet"),
        training=every_run("training.parquet"),
        facts=every_run("run.json"),
    output:
        table("curves.parquet"),
    log:
        f"{RESULTS}/logs/curves.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1500),
        runtime=10,
    params:
        runs=runs_folder,
        metric=config["phase1"]["metrics"][0],
        pages=config["pages"],
    message:
        "Curves of the runs that have a page"
    shell:
        "python {input.code[0]:q} --experiments {input.experiments:q} --runs-root {params.runs:q} --metric {params.metric:q}"
        " --pages {params.pages:q} --out {output:q} > {log:q} 2>&1"


rule report:
    input:
        code=code("report"),
        page=templates("index", "methods", "explorer") + captions("study", STUDY_FIGURES),
        quantities=[project(f"workflow/repdyn/measures/{name}.py") for name in MODULES],
        sheet=given(config["experiments"]),
        experiments=rules.aggregate.output,
        figures=expand(f"{FIGURES}/{{name}}.webp", name=STUDY_FIGURES),
        provenance=every_run("provenance.json"),
        evidence=[
            rules.ledger.output.ledger,
            rules.ledger.output.agreement,
            rules.verdict_errors.output,
            rules.pooled.output.statistics,
            rules.validity.output.validity,
            rules.validity.output.verdicts,
            rules.validity.output.agreement,
            rules.findings.output.findings,
            rules.findings.output.layers,
            rules.curves.output,
            *figure_data(),
        ],
        published=f"{PUBLISHED}/series.csv",
        published_errors=f"{PUBLISHED}/verdict_errors.csv",
        shipped=project("data/readme/verdicts.json"),
        claims=CLAIMS,
        inside=[
            rules.hypotheses.output.moments,
            rules.hypotheses.output.measurements,
            rules.hypotheses.output.hypotheses,
        ],
        pages=run_pages,
        benchmark=lambda wildcards: timed_networks(),
        led_to=led_to(),
    output:
        f"{RESULTS}/report/index.html",
    log:
        f"{RESULTS}/logs/report.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=10,
    params:
        runs=runs_folder,
        pages=config["pages"],
        logs=placed(f"{RESULTS}/logs"),
        stages=lambda wildcards: json.dumps(LOGS),
        benchmark=lambda wildcards, input: ["--benchmark", *input.benchmark] if input.benchmark else [],
    message:
        "Writing {output}"
    shell:
        "python {input.code[0]:q} --sheet {input.sheet:q} --experiments {input.experiments:q}"
        " --runs-root {params.runs:q} --pages {params.pages:q} --logs {params.logs:q} --stages {params.stages:q}"
        " --figures {input.figures:q} --evidence {input.evidence:q} --inside {input.inside:q}"
        " --published {input.published:q} --published-errors {input.published_errors:q} --shipped {input.shipped:q} --claims {input.claims:q} {params.benchmark:q} --led-to {input.led_to:q} --out {output:q} > {log:q} 2>&1"


rule integrated_report:
    input:
        code=code("integrated_report"),
        template=f"{PAGES}/templates/report.md.j2",
        schema=project("workflow/schemas/integrated_report.schema.yaml"),
        sheet=given(config["experiments"]),
        claims=CLAIMS,
        experiments=rules.aggregate.output,
        tables=[
            rules.ledger.output.ledger,
            rules.ledger.output.agreement,
            rules.verdict_errors.output,
            rules.pooled.output.statistics,
            rules.validity.output.validity,
            rules.validity.output.verdicts,
            rules.validity.output.agreement,
            rules.findings.output.findings,
            rules.findings.output.layers,
            rules.hypotheses.output.hypotheses,
            rules.hypotheses.output.measurements,
            rules.hypotheses.output.moments,
        ],
        types=rules.pooled.output.types,
        provenance=every_run("provenance.json"),
        inside=every_run("phase2_provenance.json"),
    output:
        json=f"{RESULTS}/report/integrated_report.json",
        markdown=f"{RESULTS}/report/integrated_report.md",
    log:
        f"{RESULTS}/logs/integrated_report.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(500),
        runtime=10,
    params:
        seeds=config["seeds"],
        runs=runs_folder,
    message:
        "Writing {output.json}"
    shell:
        "python {input.code[0]:q} --runs {params.runs:q} --sheet {input.sheet:q} --seeds {params.seeds:q}"
        " --claims {input.claims:q} --schema {input.schema:q} --experiments {input.experiments:q}"
        " --tables {input.tables:q} --types {input.types:q} --json {output.json:q} --markdown {output.markdown:q}"
        " > {log:q} 2>&1"


# README.md is a source, so it is no output: the rule is run by hand and no other depends on it.
rule readme:
    input:
        code=code("readme"),
        report=rules.integrated_report.output.json,
        tables=[
            rules.aggregate.output[0],
            rules.claim_numbers.output.by_seeds,
            rules.ledger.output.ledger,
            rules.ledger.output.agreement,
            rules.verdict_errors.output[0],
            rules.validity.output.validity,
            rules.pooled.output.statistics,
            rules.findings.output.findings,
            rules.hypotheses.output.hypotheses,
        ],
    log:
        f"{RESULTS}/logs/readme.log",
    conda:
        ENVIRONMENT
    threads: 1
    message:
        "Writing the verdicts into README.md"
    shell:
        "python {input.code[0]:q} --report {input.report:q} --tables {input.tables:q} --readme README.md"
        " --folder data/readme 2>&1 | tee {log:q}"
