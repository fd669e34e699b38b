from collections.abc import Iterator

from linting.rules.facts import Facts
from linting.rules.rule import Hit, Rule
from linting.rules.seeds import seeds_all

LAYERS = frozenset(
    f"torch.nn.{name}"
    for name in ("Bilinear", "Conv1d", "Conv2d", "Conv3d", "Embedding", "GRU", "LSTM", "Linear", "RNN", "Transformer")
)
DRAWS = frozenset(f"torch.{name}" for name in ("rand", "randint", "randn", "randperm", "bernoulli", "normal"))


class UnseededTorch(Rule):
    """A network whose first weights are other ones on every run."""

    code = "DS020"
    name = "unseeded-torch"
    severity = "warning"
    why = (
        "Layers start from random weights. Two runs of the same network differ by more than many improvements do, so "
        "without a seed nothing that is tried can be told from luck."
    )
    url = "https://docs.pytorch.org/docs/stable/notes/randomness.html"
    bad = (
        "import torch\nmodel = torch.nn.Linear(3, 1)",
        "from torch import nn\nmodel = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 1))",
        "import torch\nnoise = torch.randn(3)",
    )
    good = (
        "import torch\ntorch.manual_seed(0)\nmodel = torch.nn.Linear(3, 1)",
        "from lightning import seed_everything\nfrom torch import nn\nseed_everything(0)\nmodel = nn.Linear(3, 1)",
        "import torch\nzeros = torch.zeros(3)",
        "import torch\ngenerator = make()\nnoise = torch.randn(3, generator=generator)",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """The first layer or draw of PyTorch in a module that seeds nothing."""
        if seeds_all(facts):
            return
        random = (call for call in facts.calls if facts.dotted(call.func) in LAYERS | DRAWS)
        unpinned = (call for call in random if not any(k.arg in (None, "generator") for k in call.keywords))
        first = min(unpinned, key=lambda call: (call.lineno, call.col_offset), default=None)
        if first is not None:
            yield Hit(first, "Random numbers of PyTorch without `torch.manual_seed`")
