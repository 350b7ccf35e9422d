import { backward, openDevice, svd, sum } from "hestenes";

// The nuclear norm of a matrix, and its gradient U Vᵀ.
const device = await openDevice();
const a = device.tensor([3, 0, 0, 0, 4, 0], [2, 3]);
a.requiresGrad = true;
const norm = sum(svd(a).S);
backward(norm);

const value = await norm.item(); // 7
const gradient = await a.grad!.read(); // 1 0 0  0 1 0
document.body.append(`${value.toFixed(4)}: ${[...gradient].map((x) => x.toFixed(2)).join(" ")}`);
device.close();
