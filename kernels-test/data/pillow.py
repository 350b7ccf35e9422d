"""What Pillow reads in small files of many kinds, and how it resizes: python3 kernels-test/data/pillow.py > kernels-test/data/pillow.json

Written with Pillow 12.3.0. Files and pixels are in base64; 16 bits are cut to the upper 8, transparency lies on white.
"""

import base64
import io
import json

import numpy as np
from PIL import Image, ImageOps

H, W = 9, 14
y, x = np.mgrid[0:H, 0:W]
smooth = np.stack([20 + 15 * x, 250 - 20 * y, 90 + 8 * x + 3 * y], -1).astype(np.uint8)
rough = ((37 * x + 91 * y + 13 * x * y) % 256).astype(np.uint8)
alpha = ((50 * x + 29 * y) % 256).astype(np.uint8)
deep = (np.arange(H * W).reshape(H, W) * 519 % 65536).astype(np.uint16)

rgb = Image.fromarray(smooth)
grey = Image.fromarray(rough)
rgba = Image.fromarray(np.dstack([smooth, alpha]))
turned = Image.Exif()
turned[0x0112] = 6


def text(data):
    return base64.b64encode(data).decode()


def saved(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def pixels(data):
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        white.alpha_composite(image.convert("RGBA"))
        image = white
    image = image.convert("RGB")
    return {"width": image.width, "height": image.height, "rgb": text(image.tobytes())}


def without(data, marker):
    at = data.index(marker)
    return data[:at] + data[at + 2 + int.from_bytes(data[at + 2 : at + 4], "big") :]


cmyk = saved(rgb.convert("CMYK"), "JPEG", quality=95)
files = {
    "baseline.jpg": saved(rgb, "JPEG", quality=90),
    "progressive.jpg": saved(rgb, "JPEG", quality=90, progressive=True),
    "restarts.jpg": saved(rgb, "JPEG", quality=90, restart_marker_blocks=1),
    "grey.jpg": saved(grey, "JPEG", quality=90),
    "cmyk.jpg": cmyk,
    "cmyk-without-adobe.jpg": without(cmyk, b"\xff\xee"),
    "adobe-rgb.jpg": saved(rgb, "JPEG", quality=90, keep_rgb=True),
    "turned.jpg": saved(rgb, "JPEG", quality=90, exif=turned),
    "trailer.jpg": saved(rgb, "JPEG", quality=90) + bytes([0x10, 0xD9, 0x20]),
    "rgb.png": saved(rgb, "PNG"),
    "one-bit.png": saved(Image.fromarray(rough > 120), "PNG"),
    "sixteen-bits.png": saved(Image.fromarray(deep), "PNG"),
    "palette.png": saved(rgb.quantize(16), "PNG", transparency=3),
    "grey-alpha.png": saved(Image.merge("LA", [grey, Image.fromarray(alpha)]), "PNG"),
    "rgba.png": saved(rgba, "PNG"),
    "trailer.png": saved(rgb, "PNG") + b"\0",
    "lossy.webp": saved(rgb, "WEBP", quality=90),
    "lossless.webp": saved(rgba, "WEBP", lossless=True, exact=True),
    "palette.gif": saved(rgb, "GIF"),
    "lzw.tif": saved(rgb, "TIFF", compression="tiff_lzw"),
}
decoded = {name: {"file": text(data), **pixels(data)} for name, data in files.items()}
resized = [
    {"height": h, "width": w, "grey": text(grey.resize((w, h), Image.BILINEAR).tobytes())}
    for h, w in [(4, 5), (1, 1), (9, 3), (20, 31), (3, 29)]
]
print(json.dumps({"decoded": decoded, "resized": resized}, indent=2))
