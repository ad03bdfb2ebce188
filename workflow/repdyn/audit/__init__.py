"""The published phase-1 claims recomputed, beside their nulls and our own runs; verdicts follow from the numbers.

runs        trajectories as arrays, the runs that the published study singled out
timing      |z| > 2 jumps on the published and on the true time axis
claims      the published statistics, one function per claim
published   column 1: published definitions, defects included
repaired    column 2: the same statistics with the true stable rank and phase
nulls       what column 2 would be without the effect it is said to show
jumps       the jumps of many runs in one table, by the published rule or by the default detector
run_table   a row per run: convergence, critical steps, coupling to the loss
jump_table  a row per run: number, timing, loss, layers and company of its jumps
estimates   totals, shares and differences over the rows, with 95 % intervals
quantities  the quantities of the claims with intervals over runs, for the published trajectories and for ours
own         column 3: our own runs
verdicts    rules that turn the numbers of a claim into a word and a reason
ledger      the table of all columns, as a file and on a terminal
"""
