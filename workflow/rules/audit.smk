"""The published claims recomputed from the published logs, and the ledger that sets our runs beside them."""

CHECKSUMS = project("config/published_logs.sha256")
WEIGHTS = project("config/published_checkpoints.sha256")
CLAIMS = project("config/claims.yaml")
PUBLISHED = project("data/published")


localrules:
    audit,


rule audit:
    input:
        fetch=code("audit_logs"),
        code=code("audit"),
        claims=CLAIMS,
        checksums=CHECKSUMS,
        weights=WEIGHTS,
    log:
        f"{RESULTS}/logs/audit.log",
    conda:
        ENVIRONMENT
    threads: 1
    params:
        logs=config["published_logs"],
        out=PUBLISHED,
        level=config["phase1"]["level"],
    message:
        "Recomputing the published claims from the logs in {params.logs}"
    shell:
        "(python {input.fetch[0]:q} --folder {params.logs:q} --claims {input.claims:q} --checksums {input.checksums:q}"
        " --checkpoints {input.weights:q} && python {input.code[0]:q} --folder {params.logs:q} --claims {input.claims:q}"
        " --checksums {input.checksums:q} --checkpoints {input.weights:q} --level {params.level:q} --out {params.out:q}) 2>&1 | tee {log:q}"


rule claim_numbers:
    input:
        code=code("claim_numbers"),
        sheet=SHEET,
        claims=CLAIMS,
        contrasts=rules.hypotheses.output.contrasts,
        facts=every_run("run.json"),
        trajectories=every_run("trajectory.parquet"),
        training=every_run("training.parquet"),
        summaries=every_run("phase1.json"),
        convergence=every_run("convergence.parquet"),
        layers=every_run("layers.parquet"),
        jumps=every_run("jumps.parquet"),
        critical=every_run("critical.parquet"),
        filters=every_run("measurements.parquet", ("cnn",)),
    output:
        numbers=table("claim_numbers.parquet"),
        terms=table("claim_terms.parquet"),
        by_seeds=table("claim_numbers_by_seeds.parquet"),
        counts=table("claim_runs.json"),
    log:
        f"{RESULTS}/logs/claim_numbers.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1500),
        runtime=20,
    params:
        seeds=config["seeds"],
        metrics=config["phase1"]["metrics"],
        runs=runs_folder,
    message:
        "Computing our numbers for the published claims"
    shell:
        "python {input.code[0]:q} --runs {params.runs:q} --sheet {input.sheet:q} --seeds {params.seeds:q}"
        " --metrics {params.metrics:q} --claims {input.claims:q} --contrasts {input.contrasts:q}"
        " --numbers {output.numbers:q} --by-seeds {output.by_seeds:q} --terms {output.terms:q}"
        " --counts {output.counts:q} > {log:q} 2>&1"


rule verdict_errors:
    input:
        code=code("verdict_errors"),
        terms=rules.claim_numbers.output.terms,
        claims=CLAIMS,
    output:
        table("verdict_errors.parquet"),
    log:
        f"{RESULTS}/logs/verdict_errors.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=20,
    params:
        seeds=config["seeds"],
        metrics=config["phase1"]["metrics"],
    message:
        "Drawing studies to see how often the rules of the verdicts err"
    shell:
        "python {input.code[0]:q} --terms {input.terms:q} --claims {input.claims:q} --seeds {params.seeds:q}"
        " --metrics {params.metrics:q} --errors {output:q} > {log:q} 2>&1"


# The tables in git are sources here, not outputs of `audit`: a study needs neither the logs nor a network.
rule ledger:
    input:
        code=code("ledger"),
        numbers=rules.claim_numbers.output.numbers,
        by_seeds=rules.claim_numbers.output.by_seeds,
        counts=rules.claim_numbers.output.counts,
        errors=rules.verdict_errors.output,
        audited=f"{PUBLISHED}/ledger.csv",
        published=f"{PUBLISHED}/verdict_errors.csv",
        claims=CLAIMS,
    output:
        ledger=table("ledger.parquet"),
        agreement=table("seed_agreement.parquet"),
        verdicts=table("verdicts.json"),
    log:
        f"{RESULTS}/logs/ledger.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(500),
        runtime=10,
    params:
        seeds=config["seeds"],
    message:
        "Setting our runs beside the published claims"
    shell:
        "python {input.code[0]:q} --numbers {input.numbers:q} --counts {input.counts:q} --errors {input.errors:q}"
        " --seeds {params.seeds:q} --audited {input.audited:q} --published-errors {input.published:q}"
        " --claims {input.claims:q} --by-seeds {input.by_seeds:q} --ledger {output.ledger:q}"
        " --agreement {output.agreement:q} --verdicts {output.verdicts:q} > {log:q} 2>&1"
