"""The published claims recomputed from the published logs, and the ledger that sets our runs beside them."""

CHECKSUMS = project("config/published_logs.sha256")
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
        " && python {input.code[0]:q} --folder {params.logs:q} --claims {input.claims:q}"
        " --checksums {input.checksums:q} --level {params.level:q} --out {params.out:q}) 2>&1 | tee {log:q}"


# The table in git is a source here, not an output of `audit`: a study needs neither the logs nor a network.
rule ledger:
    input:
        code=code("ledger"),
        sheet=SHEET,
        audited=f"{PUBLISHED}/ledger.csv",
        claims=CLAIMS,
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
        ledger=table("ledger.parquet"),
        verdicts=table("verdicts.json"),
    log:
        f"{RESULTS}/logs/ledger.log",
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
        "Setting our runs beside the published claims"
    shell:
        "python {input.code[0]:q} --runs {params.runs:q} --sheet {input.sheet:q} --seeds {params.seeds:q}"
        " --metrics {params.metrics:q} --audited {input.audited:q} --claims {input.claims:q} --ledger {output.ledger:q}"
        " --verdicts {output.verdicts:q} > {log:q} 2>&1"
