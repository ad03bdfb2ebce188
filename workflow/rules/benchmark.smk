"""What tracking and a finished study cost; prints, keeps nothing."""


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
    message:
        "Timing training with and without tracking"
    shell:
        "python {input.code[0]:q} 2>&1 | tee {log:q}"
