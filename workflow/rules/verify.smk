"""Whether a finished study is whole; prints, changes nothing."""


localrules:
    verify,


# Without what it reads as input: that would be made anew where it is damaged or old, and not looked at.
rule verify:
    input:
        code=code("verify"),
        claims=CLAIMS,
        published=f"{PUBLISHED}/series.csv",
        published_errors=f"{PUBLISHED}/verdict_errors.csv",
        sheet=given(config["experiments"]),
    log:
        f"{RESULTS}/logs/verify.log",
    conda:
        ENVIRONMENT
    threads: 1
    params:
        results=placed(RESULTS),
        seeds=config["seeds"],
        pages=config["pages"],
        of_runs=[
            Path(path).name
            for rule in (rules.train, rules.jumps, rules.phase1, rules.phase2)
            for path in rule.output
            if Path(path).suffix
        ],
        of_study=[
            Path(path).name
            for rule in (
                rules.aggregate,
                rules.pooled,
                rules.findings,
                rules.battery,
                rules.validity,
                rules.verdict_errors,
                rules.ledger,
                rules.hypotheses,
            )
            for path in rule.output
        ],
        evidence=[Path(path).name for path in rules.report.input.evidence],
        inside=[Path(path).name for path in rules.report.input.inside],
        integrated=[Path(path).name for path in rules.integrated_report.input.tables],
        toolkit=toolkit_tables,
        recipes=rules.guide.input.recipes,
    message:
        "Checking the finished study in {params.results}"
    shell:
        "python {input.code[0]:q} --results {params.results:q} --sheet {input.sheet:q}"
        " --seeds {params.seeds:q} --pages {params.pages:q} --claims {input.claims:q} --published {input.published:q} --published-errors {input.published_errors:q} --of-runs {params.of_runs:q}"
        " --of-study {params.of_study:q} --evidence {params.evidence:q} --inside {params.inside:q}"
        " --integrated {params.integrated:q} --toolkit {params.toolkit:q} --recipes {params.recipes:q} 2>&1 | tee {log:q}"
