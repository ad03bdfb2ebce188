"""The published phase-1 claims recomputed, beside their nulls and our own runs; verdicts follow from the numbers.

claims          one file per claim: published, repaired, null, ours and words; says how a claim is added
definitions     the published trajectories under the published and under the repaired definitions
columns         the claims put together: column 1 (as published), column 2 (repaired, with nulls), column 3 (ours)
ledger          the table of all columns, as a file and on a terminal
verdicts        rules that turn the numbers of a claim into a word and a reason

What claims share:
runs            trajectories as arrays, the runs that the published study singled out
timing, loss    the place of a jump in training, the loss around it
picks           the five jumps that the authors chose by hand
draws           random draws that several nulls rest on
jumps           the jumps of many runs in one table, by the published rule or by the default detector
run_statistics  what phase 1 computes of a run: computed for the published trajectories, read from its files for ours
run_table       a row per run: convergence, critical steps, coupling to the loss
jump_table      a row per run: number, timing, loss, layers and co-occurrence of its jumps
quantities      what quantities with intervals over runs are made of
estimates       totals, shares and differences over the rows, with 95 % intervals
phases          phases of training at which claims were published
own             our runs as arrays
published_logs  the published logs, checked
"""
