"""What tracking and a finished study cost: printed, and kept for the report."""


localrules:
    benchmark,


rule benchmark:
    input:
        code=code("benchmark"),
    log:
        f"{RESULTS}/logs/benchmark.log",
    conda:
        ENVIRONMENT
    threads: 1
    params:
        table=placed(f"{RESULTS}/benchmark.parquet"),
    message:
        "Timing training with and without tracking"
    shell:
        "python {input.code[0]:q} --record {params.table:q} 2>&1 | tee {log:q}"
