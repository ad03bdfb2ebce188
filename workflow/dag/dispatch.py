"""Which code paths libraries take: those of the processor, or those that every x86-64 processor since 2013 shares.

A library that takes the widest instructions it finds sums in another order on another processor, and a run is then another
draw. `avx2` pins torch, MKL, oneDNN, OpenBLAS, numpy and the C library to the instructions of a Haswell. They read these
variables when they load, so they are set in the process that plans and in each that starts a job.
"""

import os

VARIABLES = {
    "native": {},
    "avx2": {
        "ATEN_CPU_CAPABILITY": "avx2",
        "MKL_CBWR": "AVX2,STRICT",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "OPENBLAS_CORETYPE": "Haswell",
        "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",  # its wider builds, by the names of numpy 2.4
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX512BW,-AVX512DQ,-AVX512CD",
    },
}


def pin(dispatch: str) -> None:
    """Set the variables of "native" or "avx2" for every process that this one starts."""
    os.environ.update(VARIABLES[dispatch])
