"""How far a job is: a bar on a terminal, a plain line now and then in a log."""

import sys
import time

INTERVAL = 10.0


class Progress:
    """Report steps as they finish; the rate counts from where this process started."""

    def __init__(self, label: str, total: int, start: int = 0):
        self.label, self.total, self.start = label, total, start
        self.began = self.shown = time.monotonic()
        self.bar = None
        if sys.stderr.isatty():
            from tqdm import tqdm

            self.bar = tqdm(total=total, initial=start, desc=label, unit="step")

    def update(self, step: int, loss: float) -> None:
        now = time.monotonic()
        if self.bar is not None:
            self.bar.set_postfix(loss=f"{loss:.4f}", refresh=False)
            self.bar.update(step - self.bar.n)
        elif now - self.shown >= INTERVAL or step == self.total:
            self.shown = now
            rate = (step - self.start) / max(now - self.began, 1e-9)
            left = (self.total - step) / rate if rate else float("nan")
            line = f"{self.label}: step {step}/{self.total}, loss {loss:.4f}, {rate:.0f} steps/s, {left:.0f} s left"
            print(line, file=sys.stderr, flush=True)
        if self.bar is not None and step == self.total:
            self.bar.close()
