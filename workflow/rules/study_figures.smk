"""Figures of the whole study, and their data where drawing needs more than the tables hold: see figures/registry.py."""


def study_table(name):
    """A table that a figure reads: of the study, or as published."""
    return f"{PUBLISHED}/{name}" if name.endswith(".csv") else f"{RESULTS}/study/{name}"


def study_source(described):
    """What a figure reads, or its data where it has some: the tables, and a file of every run."""
    runs = {f"of_runs_{i}": every_run(name, described.families) for i, name in enumerate(described.runs)}
    return {"tables": [study_table(name) for name in described.tables], **runs}


for _figure, _described in STUDY_FIGURES.items():
    if _described.data:

        rule:
            name:
                f"{_figure}_data"
            input:
                **study_source(_described),
                code=code("study_data"),
                own=figure_code("study", _figure, "data"),
            output:
                study_table(_described.data),
            log:
                f"{RESULTS}/logs/{_figure}_data.log",
            conda:
                ENVIRONMENT
            threads: 1
            resources:
                mem_mb=memory(1500),
                runtime=10,
            params:
                figure=_figure,
                runs=runs_folder,
                files=_described.runs,
                families=_described.families,
                metric=config["phase1"]["metrics"][0],
            message:
                f"Data of the figure: {_described.title}"
            shell:
                "python {input.code[0]:q} --figure {params.figure:q} --tables {input.tables:q} --runs-root {params.runs:q}"
                " --of-runs {params.files:q} --families {params.families:q} --metric {params.metric:q}"
                " --out {output:q} > {log:q} 2>&1"

        _described = _described._replace(tables=(_described.data,), runs=())

    rule:
        name:
            f"figure_{_figure}"
        input:
            **study_source(_described),
            code=code("study_figure"),
            own=figure_code("study", _figure, "figure"),
        output:
            study_figure(_figure),
        log:
            f"{RESULTS}/logs/figures/{_figure}.log",
        conda:
            ENVIRONMENT
        threads: 1
        resources:
            mem_mb=memory(1500),
            runtime=10,
        params:
            figure=_figure,
            runs=runs_folder,
            files=_described.runs,
            families=_described.families,
            metric=config["phase1"]["metrics"][0],
            stem=subpath(output[0], strip_suffix=".webp"),
        message:
            f"Figure: {_described.title}"
        shell:
            "python {input.code[0]:q} --figure {params.figure:q} --tables {input.tables:q} --runs-root {params.runs:q}"
            " --of-runs {params.files:q} --families {params.families:q} --metric {params.metric:q}"
            " --out {params.stem:q} > {log:q} 2>&1"
