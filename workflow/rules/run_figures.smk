"""Figures of single runs, each its own rule: one job draws it for all seeds of an experiment."""


rule heatmap:
    input:
        code=code("heatmap"),
        trajectory=each_seed(rules.train.output.trajectory),
        facts=each_seed(rules.train.output.facts),
        convergence=each_seed(rules.phase1.output.convergence),
    output:
        run_figure("heatmap"),
    log:
        f"{RESULTS}/logs/heatmap/{{experiment}}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        metric=config["phase1"]["metrics"][0],
        runs=folders_of_runs,
    message:
        "Heatmaps of {wildcards.experiment}, every seed"
    shell:
        "python {input.code[0]} --runs {params.runs} --metric {params.metric} --name heatmap > {log} 2>&1"


rule figure_moments:
    input:
        code=code("figure_moments"),
        plan=each_seed(rules.moments.output),
        jumps=each_seed(rules.phase1.output.jumps),
        trajectory=each_seed(rules.train.output.trajectory),
    output:
        run_figure("moments"),
    log:
        f"{RESULTS}/logs/figure_moments/{{experiment}}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        metric=config["phase1"]["metrics"][0],
        runs=folders_of_runs,
    message:
        "Figure: moments of {wildcards.experiment}, every seed"
    shell:
        "python {input.code[0]} --runs {params.runs} --metric {params.metric} --name moments > {log} 2>&1"


rule figure_similarity:
    input:
        code=code("figure_similarity"),
        plan=each_seed(rules.moments.output),
        measurements=each_seed(rules.phase2.output.measurements),
        facts=each_seed(rules.train.output.facts),
    output:
        run_figure("similarity"),
    log:
        f"{RESULTS}/logs/figure_similarity/{{experiment}}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        runs=folders_of_runs,
    message:
        "Figure: similarity between steps of {wildcards.experiment}, every seed"
    shell:
        "python {input.code[0]} --runs {params.runs} --name similarity > {log} 2>&1"


rule figure_attention:
    input:
        code=code("figure_attention"),
        plan=each_seed(rules.moments.output),
        maps=each_seed(rules.phase2.output.maps),
    output:
        run_figure("attention"),
    log:
        f"{RESULTS}/logs/figure_attention/{{experiment}}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        runs=folders_of_runs,
    message:
        "Figure: attention maps of {wildcards.experiment}, every seed"
    shell:
        "python {input.code[0]} --runs {params.runs} --name attention > {log} 2>&1"


rule figure_filters:
    input:
        code=code("figure_filters"),
        plan=each_seed(rules.moments.output),
        measurements=each_seed(rules.phase2.output.measurements),
        maps=each_seed(rules.phase2.output.maps),
    output:
        run_figure("filters"),
    log:
        f"{RESULTS}/logs/figure_filters/{{experiment}}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        runs=folders_of_runs,
    message:
        "Figure: filters of {wildcards.experiment}, every seed"
    shell:
        "python {input.code[0]} --runs {params.runs} --name filters > {log} 2>&1"
