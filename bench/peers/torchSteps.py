"""Training steps in PyTorch, for bench/peers/torch.ts, which writes one message in JSON a line and reads one answer.

    {"folder": …}   loads the task of FOLDER: `task.json`, with its shape, weights, and the names, shapes and places of the
                    inputs in `inputs.bin`, f32; answers with the losses of the first three steps
    {}              takes one step; answers with its loss
"""
import json, math, re, sys
import torch
import torch.nn.functional as F


def load(folder):
    """What a step is of: its shape, x, noise and parameters in PyTorch's layouts."""
    task = json.load(open(f"{folder}/task.json"))
    values = torch.frombuffer(bytearray(open(f"{folder}/inputs.bin", "rb").read()), dtype=torch.float32)
    inputs = {}
    for name, shape, first in task["inputs"]:
        given = values[first : first + math.prod(shape)].reshape(shape)
        if name == "x":  # NHWC → NCHW
            given = given.permute(0, 3, 1, 2)
        elif len(shape) == 4:  # filters (R, S, C, K) → (K, C, R, S), transposed ones (R, S, K, C) → (C, K, R, S)
            given = given.permute(3, 2, 0, 1)
        inputs[name] = given.contiguous()
    return task, inputs


class Step:
    def __init__(self, folder):
        task, inputs = load(folder)
        self.shape, self.weight = task["shape"], task["weights"]
        self.x = inputs.pop("x")
        self.noise = [inputs.pop(name) for name in sorted(inputs) if name.startswith("noise")]
        self.p = {name: value.requires_grad_() for name, value in inputs.items()}
        self.optimizer = torch.optim.Adam(self.p.values(), lr=self.weight["rate"])
        self.count = 0

    def __call__(self):
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss(self.noise[self.count % 3] if self.noise else None)
        loss.backward()
        self.optimizer.step()
        self.count += 1
        return loss.item()

    def affine(self, h, name):
        return h @ self.p[f"{name}.weight"] + self.p[f"{name}.bias"]

    def conv(self, h, name, stride):
        """Padded as TensorFlow does: one more at the end where the number is odd."""
        w = self.p[f"{name}.weight"]
        pads = []
        for extent, kernel in ((h.shape[3], w.shape[3]), (h.shape[2], w.shape[2])):
            total = max(0, (-(-extent // stride) - 1) * stride + kernel - extent)
            pads += [total // 2, total - total // 2]
        if pads[0] == pads[1] and pads[2] == pads[3]:
            return F.conv2d(h, w, self.p[f"{name}.bias"], stride, (pads[2], pads[0]))
        return F.conv2d(F.pad(h, pads), w, self.p[f"{name}.bias"], stride)

    def up(self, h, name, stride):
        w = self.p[f"{name}.weight"]
        total = [max(0, w.shape[d] - stride) for d in (2, 3)]
        if not any(one % 2 for one in total):
            return F.conv_transpose2d(h, w, self.p[f"{name}.bias"], stride, [one // 2 for one in total])
        full = F.conv_transpose2d(h, w, self.p[f"{name}.bias"], stride)
        (H, W), (top, left) = (h.shape[2] * stride, h.shape[3] * stride), (one // 2 for one in total)
        return full[:, :, top : top + H, left : left + W]

    def norm(self, h, name):
        scale, shift = self.p[f"{name}.scale"], self.p[f"{name}.shift"]
        return F.relu(F.batch_norm(h, None, None, scale, shift, training=True, eps=1e-3))

    def block(self, x, name):
        h = x
        for i in (1, 2):
            h = self.conv(self.norm(h, f"{name}.main.norm{i}"), f"{name}.main.conv{i}", 1)
        return h + self.conv(x, f"{name}.shortcut.conv", 1)

    def flat(self, h):
        return h.permute(0, 2, 3, 1).flatten(1)

    def images(self, flat, side):
        return flat.reshape(len(flat), side, side, -1).permute(0, 3, 1, 2)

    def encode(self, h):
        model = self.shape["model"]
        if model == "rae-l2":
            h = 2 * h - 1
            for i in range(1, 5):
                h = self.norm(self.conv(h, f"encoder.conv{i}", 2), f"encoder.norm{i}")
            return self.affine(self.flat(h), "encoder.code.linear")
        if model == "two-stage":
            h = self.block(self.conv(h, "encoder.conv", 1), "encoder.block1")
            for i in (1, 2):
                h = self.block(self.conv(h, f"encoder.down{i}", 2), f"encoder.block{i + 1}")
            h = main = h.mean((2, 3))
            for i in (1, 2):
                main = self.affine(F.relu(main), f"encoder.affine.main.linear{i}")
            return main + self.affine(h, "encoder.affine.shortcut.linear")
        for name in ("encoder.conv1", "encoder.conv2"):
            h = F.relu(F.conv2d(h, self.p[f"{name}.weight"], self.p[f"{name}.bias"], 2, 1))
        return self.affine(self.flat(h), "encoder.linear")

    def decode(self, z):
        flat = self.affine(z, "decoder.linear")
        model = self.shape["model"]
        if model in ("rae-l2", "two-stage"):
            h = self.images(flat, math.isqrt(flat.shape[1] // self.p["decoder.up1.weight"].shape[0]))
            if model == "rae-l2":
                for i in (1, 2):
                    h = self.norm(self.up(h, f"decoder.up{i}", 2), f"decoder.norm{i}")
                return torch.sigmoid(self.up(h, "decoder.last", 1))
            for i in range(1, 5):
                h = self.block(self.up(h, f"decoder.up{i}", 2), f"decoder.block{i}")
            return torch.sigmoid(self.conv(h, "decoder.conv", 1))
        h = self.images(flat, -(-self.shape["H"] // 16))
        for i in range(1, 5):
            name = f"decoder.convTranspose{i}"
            h = F.relu(F.conv_transpose2d(h, self.p[f"{name}.weight"], self.p[f"{name}.bias"], 2, 1, 1))
        return F.conv2d(h, self.p["decoder.conv.weight"], self.p["decoder.conv.bias"])

    def loss(self, epsilon):
        x, model, N = self.x, self.shape["model"], self.shape["N"]
        h = code = self.encode(x)
        kl, basis = 0.0, None
        if epsilon is not None:
            mean = code
            if model == "vrrae":
                k = self.shape["rank"]
                u, s, vh = torch.linalg.svd(h, full_matrices=False)
                mean, basis = u[:, :k] * s[:k], vh[:k]
                h = mean
            else:
                mean = self.affine(h, "mean.linear")
            log_variance = self.affine(h, "variance.linear") * (2 if model == "two-stage" else 1)
            h = mean + epsilon * torch.exp(0.5 * log_variance)
            kl = -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum()
            if basis is not None:
                h = h @ basis
        difference = self.decode(h) - x
        if model == "rae-l2":
            decayed = sum((w**2).sum() for name, w in self.p.items() if re.match("decoder.*weight$", name))
            codes = (code**2).sum() / (2 * N)
            return (difference**2).sum() / N + self.weight["codePenalty"] * codes + self.weight["penalty"] * decayed
        if model == "two-stage":
            log_variance = 2 * self.p["gamma"].sum()
            ratio = (difference**2).mean() * torch.exp(-log_variance)
            return x[0].numel() / 2 * (ratio + log_variance + math.log(2 * math.pi)) + kl / N
        return 100 * torch.linalg.norm(difference) / torch.linalg.norm(x) + self.weight["beta"] * kl


print(json.dumps({"torch": torch.__version__, "threads": torch.get_num_threads()}), flush=True)
step = None
for line in sys.stdin:
    asked = json.loads(line)
    try:
        if "folder" in asked:
            step = None
            step = Step(asked["folder"])
            answer = {"losses": [step() for _ in range(3)]}
        else:
            answer = {"losses": [step()]}
    except Exception as error:
        answer = {"error": str(error)}
    print(json.dumps(answer), flush=True)
