"""A SLURM cluster of one node on this machine, for tests: python tests/helpers/cluster.py up|down.

Needs root, and Debian's packages: apt-get install -y slurm-wlm munge. Leaves a real cluster alone: it refuses to start where
SLURM is configured or running already, and stops only what it started.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

# Jobs find it here only: Snakemake's executor drops SLURM_CONF from the environment of a job.
CONFIGURATION = Path("/etc/slurm/slurm.conf")
DEVICES = CONFIGURATION.with_name("gres.conf")
MARK = "# Written by tests/helpers/cluster.py, which also removes it."
STATE = Path("/run/repdyn-slurm")
# More than a small machine has, so that the jobs of an array run side by side.
CORES = 4
DAEMONS = ("munged", "slurmctld", "slurmd")
TOOLS = (*DAEMONS, "sbatch", "squeue", "scontrol", "sinfo")


class ClusterError(Exception):
    """Why there is no cluster, as a sentence."""


def main():
    if sys.argv[1:] not in (["up"], ["down"]):
        sys.exit(__doc__)
    try:
        up() if sys.argv[1] == "up" else down()
    except ClusterError as error:
        sys.exit(str(error))


def obstacle() -> str | None:
    """Why a cluster cannot be started here; None where it can."""
    if os.geteuid() != 0:
        return "starting a SLURM cluster needs root"
    missing = [tool for tool in TOOLS if tool_path(tool) is None]
    if missing:
        return f"no {', '.join(missing)}: apt-get install -y slurm-wlm munge"
    taken = [str(file) for file in (CONFIGURATION, DEVICES) if file.exists() and not is_ours(file)]
    if taken:
        return f"{' and '.join(taken)} of another cluster"
    foreign = [name for name in ("slurmctld", "slurmd") if running(name) - {pid_of(name)}]
    if foreign:
        return f"{' and '.join(foreign)} of another cluster is running"
    inherited = sorted(name for name in os.environ if name.startswith("SLURM_"))
    if inherited:
        return f"{inherited[0]} is set: this is a job or a login shell of another cluster"
    return None


def up() -> None:
    """Start the cluster and wait until it takes jobs; nothing to do where it does. Raises ClusterError."""
    reason = obstacle()
    if reason:
        raise ClusterError(reason)
    if all(pid_of(name) for name in DAEMONS) and node_state() in ("idle", "mixed", "allocated"):
        return
    down()
    try:
        bring_up()
    except ClusterError:
        down()
        raise


def bring_up() -> None:
    STATE.mkdir(mode=0o755, parents=True)
    (STATE / "spool").mkdir()
    key = STATE / "munge.key"
    key.write_bytes(secrets.token_bytes(128))
    key.chmod(0o400)
    CONFIGURATION.parent.mkdir(exist_ok=True)
    CONFIGURATION.write_text(configuration())
    DEVICES.write_text(f"{MARK}\nName=gpu File=/dev/null\n")
    files = [f"--{name}-file={STATE}/munged.{name}" for name in ("pid", "log", "seed")]
    start("munged", f"--key-file={key}", f"--socket={STATE}/munged.socket", *files)
    start("slurmctld", "-c")
    start("slurmd", "-c", "-N", host())
    deadline = time.monotonic() + 60
    while node_state() != "idle":
        if time.monotonic() > deadline:
            logs = "\n".join(path.read_text()[-2000:] for path in sorted(STATE.glob("*.log")))
            raise ClusterError(f"the node is {node_state()!r} after a minute, not idle\n{logs}")
        time.sleep(0.2)


def down() -> None:
    """Stop what `up` started and remove what it wrote; nothing to do where there is nothing."""
    if is_ours(CONFIGURATION):
        subprocess.run(["scancel", "--full", "--state=RUNNING"], capture_output=True)
    for name in reversed(DAEMONS):
        stop(name)
    for file in (CONFIGURATION, DEVICES):
        if is_ours(file):
            file.unlink()
    shutil.rmtree(STATE, ignore_errors=True)


def configuration() -> str:
    """One node; a job over its memory is killed, `urgent` jobs requeue `normal` ones, its GPU is no device."""
    megabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return f"""{MARK}
ClusterName=repdyn
SlurmctldHost={host()}(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={STATE}/munged.socket,cred_expire=5
StateSaveLocation={STATE}/spool
SlurmdSpoolDir={STATE}/spool/node
SlurmctldPidFile={STATE}/slurmctld.pid
SlurmdPidFile={STATE}/slurmd.pid
SlurmctldLogFile={STATE}/slurmctld.log
SlurmdLogFile={STATE}/slurmd.log
SlurmdParameters=config_overrides
MailProg=/bin/true

ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
MinJobAge=3600
JobRequeue=0
KillWait=1
ReturnToService=2

SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_interval=1,bf_interval=1
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
GresTypes=gpu
NodeName={host()} NodeAddr=127.0.0.1 CPUs={CORES} RealMemory={megabytes - 512} Gres=gpu:1 State=UNKNOWN
PartitionName=normal Nodes=ALL Default=YES PriorityTier=1
PartitionName=urgent Nodes=ALL PriorityTier=2
"""


def host() -> str:
    return socket.gethostname().split(".")[0]


def is_ours(file: Path) -> bool:
    return file.exists() and file.read_text().startswith(MARK)


def tool_path(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def start(name: str, *arguments: str) -> None:
    done = subprocess.run([tool_path(name), *arguments], capture_output=True, text=True)
    if done.returncode:
        raise ClusterError(f"{name} did not start: {done.stderr.strip()}")


def pid_of(name: str) -> int | None:
    """The process that `up` started under that name; None where it did not or the process is gone."""
    file = STATE / f"{name}.pid"
    text = file.read_text().strip() if file.exists() else ""
    return int(text) if text and int(text) in running(name) else None


def running(name: str) -> set[int]:
    """Processes of that name that have not ended."""
    found = set()
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            number, rest = file.read_text().split(" (", 1)
        except OSError:
            continue
        program, state = rest.rsplit(") ", 1)
        if program == name and not state.startswith("Z"):
            found.add(int(number))
    return found


def stop(name: str) -> None:
    """End the daemon of that name that `up` started, if it runs."""
    pid = pid_of(name)
    deadline = time.monotonic() + 20
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
    while pid in running(name):
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)


def node_state() -> str:
    """As sinfo says it, such as "idle"; empty where no controller answers."""
    done = subprocess.run(["sinfo", "--noheader", "--format=%T", "--partition=normal"], capture_output=True, text=True)
    return done.stdout.strip()


if __name__ == "__main__":
    main()
