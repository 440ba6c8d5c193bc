"""Updates of deep deterministic policy gradients (Lillicrap et al., 2016) with PyTorch's own layers and Adam."""
import copy
import json
import sys

import torch
from torch import nn

torch.set_num_threads(1)
job = json.load(open(sys.argv[1]))


def network(state, bounded):
    values = {k: torch.tensor(v["values"]).view(v["shape"]) for k, v in state.items()}
    hidden, width = values["in.weight"].shape
    layers = [("in", nn.Linear(width, hidden)), ("bend", nn.ReLU()), ("middle", nn.Linear(hidden, hidden)), ("again", nn.ReLU()),
              ("out", nn.Linear(hidden, 1)), ("bound", nn.Sigmoid() if bounded else nn.Identity())]
    made = nn.Sequential()
    for name, layer in layers:
        made.add_module(name, layer)
    made.load_state_dict(values)
    return made


actor, critic = network(job["actor"], True), network(job["critic"], False)
actor_target, critic_target = copy.deepcopy(actor), copy.deepcopy(critic)
steps = torch.optim.Adam(actor.parameters(), job["actorRate"]), torch.optim.Adam(critic.parameters(), job["criticRate"])
s, a, r, n, done = (torch.tensor(job[k]) for k in ("states", "actions", "rewards", "next", "last"))
a, r, done = a.view(-1, 1), r.view(-1, 1), done.view(-1, 1)
for _ in range(job["updates"]):
    with torch.no_grad():
        wanted = r + job["discount"] * (1 - done) * critic_target(torch.cat([n, actor_target(n)], 1))
    steps[1].zero_grad()
    nn.functional.mse_loss(critic(torch.cat([s, a], 1)), wanted).backward()
    steps[1].step()
    steps[0].zero_grad()
    (-critic(torch.cat([s, actor(s)], 1)).mean()).backward()
    steps[0].step()
    with torch.no_grad():
        for target, online in ((actor_target, actor), (critic_target, critic)):
            for t, o in zip(target.parameters(), online.parameters()):
                t.copy_((1 - job["tau"]) * t + job["tau"] * o)
print(json.dumps([torch.cat([v.flatten() for v in net.parameters()]).tolist() for net in (actor, critic, critic_target)]))
