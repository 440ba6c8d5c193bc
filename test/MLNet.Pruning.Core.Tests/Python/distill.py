"""The loss of knowledge distillation in PyTorch, and its gradient by the student's logits."""
import json
import sys

import torch

job = json.load(open(sys.argv[1]))
student = torch.tensor(job["student"], dtype=torch.float64).view(-1, job["classes"]).requires_grad_()
teacher = torch.tensor(job["teacher"], dtype=torch.float64).view(-1, job["classes"])
t, w = job["temperature"], job["weight"]
hard = torch.nn.functional.cross_entropy(student, torch.tensor(job["labels"]), label_smoothing=job["smoothing"])
soft = torch.nn.KLDivLoss(reduction="batchmean")(torch.log_softmax(student / t, 1), torch.softmax(teacher / t, 1))
loss = (1 - w) * hard + w * t * t * soft
loss.backward()
print(json.dumps({"loss": loss.item(), "gradient": student.grad.flatten().tolist()}))
