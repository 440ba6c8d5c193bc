"""The numbers that follow one seed."""
import torch

from peer import answer

torch.manual_seed(42)
answer(
    {
        "seeded": {
            "randn": torch.randn(2, 3),
            "rand": torch.rand(5),
            "randint": torch.randint(0, 100, (6,)),
            "randperm": torch.randperm(9),
            "bernoulli": torch.full((6,), 0.5).bernoulli(),
            "normal": torch.zeros(4).normal_(1, 2),
            "uniform": torch.zeros(4).uniform_(-1, 1),
            "multinomial": torch.ones(10).multinomial(4),
        }
    }
)
