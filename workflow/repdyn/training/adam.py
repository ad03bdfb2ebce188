"""Adam (Kingma & Ba 2015) as torch's fused kernel, without what torch.optim does around it."""

from collections.abc import Iterable

import torch


class Adam:
    """Adam for the parameters of one network, without weight decay: kernel and state of torch.optim.Adam(fused=True).

    Making a torch.optim.Adam imports torch's compiler, which takes as much CPU time as torch itself, and 70 MB. `state`:
    {parameter: {"step", "exp_avg", "exp_avg_sq"}}, empty before the first update.
    """

    def __init__(self, parameters: Iterable[torch.nn.Parameter], learning_rate: float):
        self.parameters = list(parameters)
        self.learning_rate = learning_rate
        self.state = {}

    def zero_grad(self) -> None:
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """One update of every parameter that has a gradient."""
        used = [parameter for parameter in self.parameters if parameter.grad is not None]
        for parameter in used:
            if parameter not in self.state:
                self.state[parameter] = {
                    "step": torch.zeros((), device=parameter.device),
                    "exp_avg": torch.zeros_like(parameter),
                    "exp_avg_sq": torch.zeros_like(parameter),
                }
        states = [self.state[parameter] for parameter in used]
        counts = [state["step"] for state in states]
        torch._foreach_add_(counts, 1)
        torch._fused_adam_(
            used,
            [parameter.grad for parameter in used],
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            [],
            counts,
            lr=self.learning_rate,
            beta1=0.9,
            beta2=0.999,
            weight_decay=0.0,
            eps=1e-8,
            amsgrad=False,
            maximize=False,
        )
