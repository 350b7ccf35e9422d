"""A training step of MaskAAE in PyTorch, for bench/maskAae.ts: it runs one for each line that it reads, and answers with
the milliseconds that it took and the loss of the autoencoder's phase.

    python3 maskAae.py FOLDER

FOLDER holds `about.json`, sizes and the names, shapes and places of the weights, and `weights.bin` and `batches.bin`, f32.
"""
import json, sys, time
import torch
import torch.nn.functional as F

folder = sys.argv[1]
about = json.load(open(f"{folder}/about.json"))
B, D, d, updates = (about[name] for name in ("batch", "size", "latent", "updates"))


def floats(name):
    return torch.frombuffer(bytearray(open(f"{folder}/{name}.bin", "rb").read()), dtype=torch.float32)


values = floats("weights")
weights = {}
for name, shape, first in about["weights"]:
    count = 1
    for extent in shape:
        count *= extent
    weights[name] = values[first : first + count].reshape(shape).clone().requires_grad_()
batches = floats("batches").reshape(-1, B, D)
part = {group: [w for name, w in weights.items() if name.startswith(group)] for group in ("encoder", "decoder", "critic", "mask")}


def network(group, x):
    """Affine maps (inputs, outputs), a ReLU between them."""
    layers = [weights[name] for name in weights if name.startswith(group)]
    for i in range(0, len(layers), 2):
        by_name = sorted(layers[i : i + 2], key=lambda w: -w.dim())
        x = x @ by_name[0] + by_name[1]
        if i + 2 < len(layers):
            x = F.relu(x)
    return x


def mask():
    return 1 - torch.exp(-weights["mask"])


rmsprop = lambda own, rate: torch.optim.RMSprop(own, lr=rate)
optimizers = {
    "ae": rmsprop(part["encoder"] + part["decoder"], 5e-4),
    "critic": rmsprop(part["critic"], 1e-4),
    "generator": rmsprop(part["encoder"], 1e-4),
    "mask": rmsprop(part["mask"], 5e-4),
}
everything = list(weights.values())


def update(phase, moved, loss):
    for w in everything:
        w.requires_grad_(any(w is own for own in moved))
    value = loss()
    optimizers[phase].zero_grad()
    value.backward()
    optimizers[phase].step()
    return value


def ae(x):
    z = network("encoder", x)
    a = mask()
    spread = 100 * ((z - z.mean(0)) ** 2 * torch.exp(-10 * a**2)).mean()
    return F.binary_cross_entropy_with_logits(network("decoder", z * a), x) + spread


def critic(x):
    a = mask()
    codes, draws = network("encoder", x) * a, torch.randn(B, d) * a
    v = (draws + torch.rand(B, 1) * (codes - draws)).detach().requires_grad_()
    (slope,) = torch.autograd.grad(network("critic", v).sum(), v, create_graph=True)
    penalty = 10 * ((slope.norm(dim=1) - 1) ** 2).mean()
    return network("critic", codes).mean() - network("critic", draws).mean() + penalty


def generator(x):
    return -network("critic", network("encoder", x) * mask()).mean()


def polarised(x):
    a = mask()
    codes, draws = network("encoder", x) * a, torch.randn(B, d) * a
    error = 1000 * F.binary_cross_entropy_with_logits(network("decoder", codes), x)
    mismatch = (1 - (network("critic", codes).mean() - network("critic", draws).mean())) ** 2
    return error + mismatch + 2 / d * (a - a**2).sum()


def step(count):
    own = [batches[(count * (updates + 1) + i) % len(batches)] for i in range(updates + 1)]
    loss = update("ae", part["encoder"] + part["decoder"], lambda: ae(own[0]))
    for x in own[1:]:
        update("critic", part["critic"], lambda: critic(x))
    update("generator", part["encoder"], lambda: generator(own[-1]))
    update("mask", part["mask"], lambda: polarised(own[-1]))
    with torch.no_grad():
        weights["mask"].clamp_(min=0)
    return loss.item()


print(json.dumps({"torch": torch.__version__, "threads": torch.get_num_threads()}), flush=True)
for count, _ in enumerate(sys.stdin):
    start = time.perf_counter()
    loss = step(count)
    print(json.dumps({"ms": 1e3 * (time.perf_counter() - start), "loss": loss}), flush=True)
