"""Figures of the whole study, each its own rule with its own data file."""


rule figure_loss_curves:
    input:
        code=code("figure_learning_curves"),
        experiments=rules.aggregate.output,
        training=every_run("training.parquet"),
    output:
        study_figure("loss_curves"),
    log:
        f"{RESULTS}/logs/figures/loss_curves.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1500),
        runtime=10,
    params:
        quantity="loss",
        runs=runs_folder,
        stem=subpath(output[0], strip_suffix=".webp"),
    message:
        "Figure: {params.quantity} on the probe set"
    shell:
        "python {input.code[0]} --experiments {input.experiments} --runs-root {params.runs} --quantity {params.quantity}"
        " --out {params.stem} > {log} 2>&1"


use rule figure_loss_curves as figure_accuracy_curves with:
    output:
        study_figure("accuracy_curves"),
    log:
        f"{RESULTS}/logs/figures/accuracy_curves.log",
    params:
        quantity="accuracy",
        runs=runs_folder,
        stem=subpath(output[0], strip_suffix=".webp"),


rule figure_dimension_curves:
    input:
        code=code("figure_dimension_curves"),
        experiments=rules.aggregate.output,
        trajectories=every_run("trajectory.parquet"),
        facts=every_run("run.json"),
    output:
        study_figure("dimension_curves"),
    log:
        f"{RESULTS}/logs/figures/dimension_curves.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1500),
        runtime=10,
    params:
        runs=runs_folder,
        metric=config["phase1"]["metrics"][0],
        stem=subpath(output[0], strip_suffix=".webp"),
    message:
        "Figure: dimension during training"
    shell:
        "python {input.code[0]} --experiments {input.experiments} --runs-root {params.runs} --metric {params.metric}"
        " --out {params.stem} > {log} 2>&1"


rule figure_final_dimension:
    input:
        code=code("figure_final_dimension"),
        experiments=rules.aggregate.output,
    output:
        study_figure("final_dimension"),
    log:
        f"{RESULTS}/logs/figures/final_dimension.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=10,
    params:
        stem=subpath(output[0], strip_suffix=".webp"),
    message:
        "Figure: dimension at the end of training"
    shell:
        "python {input.code[0]} --experiments {input.experiments} --out {params.stem} > {log} 2>&1"


rule figure_specialisation:
    input:
        code=code("figure_specialisation"),
        experiments=rules.aggregate.output,
        measurements=every_run("measurements.parquet", ("transformer",)),
    output:
        study_figure("specialisation"),
    log:
        f"{RESULTS}/logs/figures/specialisation.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=10,
    params:
        stem=subpath(output[0], strip_suffix=".webp"),
        runs=runs_folder,
    message:
        "Figure: attention entropy and specialisation of heads"
    shell:
        "python {input.code[0]} --experiments {input.experiments} --runs-root {params.runs}"
        " --out {params.stem} > {log} 2>&1"


rule figure_selectivity:
    input:
        code=code("figure_selectivity"),
        experiments=rules.aggregate.output,
        plans=every_run("moments.json", ("mlp", "cnn")),
        measurements=every_run("measurements.parquet", ("mlp", "cnn")),
    output:
        study_figure("selectivity"),
    log:
        f"{RESULTS}/logs/figures/selectivity.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=10,
    params:
        stem=subpath(output[0], strip_suffix=".webp"),
        runs=runs_folder,
    message:
        "Figure: selectivity of units and channels"
    shell:
        "python {input.code[0]} --experiments {input.experiments} --runs-root {params.runs}"
        " --out {params.stem} > {log} 2>&1"


rule figure_hypotheses:
    input:
        code=code("figure_hypotheses"),
        hypotheses=rules.hypotheses.output.hypotheses,
        contrasts=rules.hypotheses.output.contrasts,
    output:
        study_figure("hypotheses"),
    log:
        f"{RESULTS}/logs/figures/hypotheses.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=10,
    params:
        stem=subpath(output[0], strip_suffix=".webp"),
    message:
        "Figure: contrasts of all hypotheses"
    shell:
        "python {input.code[0]} --hypotheses {input.hypotheses} --contrasts {input.contrasts}"
        " --out {params.stem} > {log} 2>&1"


rule dashboard_data:
    input:
        code=code("dashboard_data"),
        experiments=rules.aggregate.output,
        statistics=rules.pooled.output.statistics,
        types=rules.pooled.output.types,
        jumps=every_run("jumps.parquet"),
        convergence=every_run("convergence.parquet"),
    output:
        f"{RESULTS}/study/dashboard.json",
    log:
        f"{RESULTS}/logs/dashboard_data.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1500),
        runtime=10,
    params:
        runs=runs_folder,
    message:
        "Data of the figure: the executive dashboard"
    shell:
        "python {input.code[0]} --experiments {input.experiments} --runs-root {params.runs} --statistics {input.statistics}"
        " --types {input.types}"
        " --out {output} > {log} 2>&1"


rule figure_dashboard:
    input:
        code=code("figure_dashboard"),
        data=rules.dashboard_data.output,
    output:
        study_figure("dashboard"),
    log:
        f"{RESULTS}/logs/figures/dashboard.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=10,
    params:
        stem=subpath(output[0], strip_suffix=".webp"),
    message:
        "Figure: the executive dashboard"
    shell:
        "python {input.code[0]} --data {input.data} --out {params.stem} > {log} 2>&1"


rule deep_dive_data:
    input:
        code=code("deep_dive_data"),
        experiments=rules.aggregate.output,
        jumps=every_run("jumps.parquet"),
        layers=every_run("layers.parquet"),
    output:
        f"{RESULTS}/study/deep_dive.json",
    log:
        f"{RESULTS}/logs/deep_dive_data.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1500),
        runtime=10,
    params:
        runs=runs_folder,
    message:
        "Data of the figure: jumps by architecture"
    shell:
        "python {input.code[0]} --experiments {input.experiments} --runs-root {params.runs}"
        " --out {output} > {log} 2>&1"


rule figure_deep_dive:
    input:
        code=code("figure_deep_dive"),
        data=rules.deep_dive_data.output,
    output:
        study_figure("deep_dive"),
    log:
        f"{RESULTS}/logs/figures/deep_dive.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=10,
    params:
        stem=subpath(output[0], strip_suffix=".webp"),
    message:
        "Figure: jumps by architecture"
    shell:
        "python {input.code[0]} --data {input.data} --out {params.stem} > {log} 2>&1"


rule velocity_data:
    input:
        code=code("velocity_data"),
        experiments=rules.aggregate.output,
        trajectories=every_run("trajectory.parquet"),
        critical=every_run("critical.parquet"),
    output:
        f"{RESULTS}/study/velocity.parquet",
    log:
        f"{RESULTS}/logs/velocity_data.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1500),
        runtime=10,
    params:
        runs=runs_folder,
    message:
        "Data of the figure: velocity and critical periods"
    shell:
        "python {input.code[0]} --experiments {input.experiments} --runs-root {params.runs}"
        " --out {output} > {log} 2>&1"


rule figure_velocity:
    input:
        code=code("figure_velocity"),
        data=rules.velocity_data.output,
    output:
        study_figure("velocity"),
    log:
        f"{RESULTS}/logs/figures/velocity.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=10,
    params:
        stem=subpath(output[0], strip_suffix=".webp"),
        metric=config["phase1"]["metrics"][0],
    message:
        "Figure: velocity and critical periods"
    shell:
        "python {input.code[0]} --data {input.data} --metric {params.metric} --out {params.stem} > {log} 2>&1"


rule figure_repaired:
    input:
        code=code("figure_repaired"),
        series=f"{PUBLISHED}/series.csv",
    output:
        study_figure("repaired"),
    log:
        f"{RESULTS}/logs/figures/repaired.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=10,
    params:
        stem=subpath(output[0], strip_suffix=".webp"),
    message:
        "Figure: published against repaired"
    shell:
        "python {input.code[0]} --series {input.series} --out {params.stem} > {log} 2>&1"


rule figure_validity:
    input:
        code=code("figure_validity"),
        validity=rules.validity.output.validity,
        verdicts=rules.validity.output.verdicts,
    output:
        study_figure("validity"),
    log:
        f"{RESULTS}/logs/figures/validity.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=10,
    params:
        stem=subpath(output[0], strip_suffix=".webp"),
    message:
        "Figure: errors of detectors"
    shell:
        "python {input.code[0]} --validity {input.validity} --verdicts {input.verdicts} --out {params.stem} > {log} 2>&1"
