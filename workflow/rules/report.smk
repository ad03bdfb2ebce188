"""The pages that people read."""


rule run_page:
    input:
        code=code("run_page"),
        templates=templates("run"),
        facts=rules.train.output.facts,
        summary=rules.phase1.output.summary,
        jumps=rules.phase1.output.jumps,
        plan=rules.moments.output,
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
        mem_mb=500,
        runtime=10,
    params:
        run=lambda wildcards, input: str(Path(input.facts).parent),
    message:
        "Page of {wildcards.experiment}, seed {wildcards.seed}"
    shell:
        "python {input.code[0]} --run {params.run} --figures {input.figures} --out {output} > {log} 2>&1"


rule report:
    input:
        code=code("report"),
        templates=templates("index"),
        experiments=rules.aggregate.output,
        figures=expand(
            f"{FIGURES}/{{name}}.webp",
            name=[
                "loss_curves",
                "accuracy_curves",
                "dimension_curves",
                "final_dimension",
                "hypotheses",
                "specialisation",
                "selectivity",
            ],
        ),
        provenance=every_run("provenance.json"),
        evidence=[
            rules.ledger.output.ledger,
            rules.pooled.output.statistics,
            rules.validity.output.validity,
            rules.validity.output.verdicts,
            rules.validity.output.agreement,
        ],
        inside=[
            rules.hypotheses.output.moments,
            rules.hypotheses.output.measurements,
            rules.hypotheses.output.hypotheses,
        ],
        pages=expand(
            rules.run_page.output,
            experiment=STUDY.experiments,
            seed=range(config["seeds"]),
        ),
    output:
        f"{RESULTS}/report/index.html",
    log:
        f"{RESULTS}/logs/report.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        runs=runs_folder,
    message:
        "Writing {output}"
    shell:
        "python {input.code[0]} --experiments {input.experiments} --runs-root {params.runs} --figures {input.figures}"
        " --evidence {input.evidence} --inside {input.inside} --out {output} > {log} 2>&1"
