"""Figures of single runs: see figures/registry.py."""

for _figure, _described in RUN_FIGURES.items():

    rule:
        name:
            _figure if _figure == "heatmap" else f"figure_{_figure}"
        input:
            code=code("run_figure"),
            own=figure_code("run", _figure, "figure"),
            files=[f"{RUN}/{name}" for name in _described.files],
        output:
            run_figure(_figure),
        log:
            f"{RESULTS}/logs/{'' if _figure == 'heatmap' else 'figure_'}{_figure}/{{experiment}}-seed{{seed}}.log",
        conda:
            ENVIRONMENT
        threads: 1
        resources:
            mem_mb=memory(1000),
            runtime=10,
        params:
            figure=_figure,
            metric=config["phase1"]["metrics"][0],
            page_bytes=_described.page_bytes,
            stem=subpath(output[0], strip_suffix=".webp"),
        message:
            f"Figure: {_figure} of {{wildcards.experiment}}, seed {{wildcards.seed}}"
        shell:
            "python {input.code[0]:q} --figure {params.figure:q} --files {input.files:q} --metric {params.metric:q}"
            " --page-bytes {params.page_bytes:q} --out {params.stem:q} > {log:q} 2>&1"
