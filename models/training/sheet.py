"""Picture sheets: rows of pictures, each with its label on the left.

Takes   rows [(label, pictures)], pictures f32 [n, 3, h, w] in 0..1 or u8 [n, h, w, 3]; rows may differ in length.
        Optional titles of the columns.
Gives   a PIL picture; `save` writes it as a PNG of at most 256 colours, small enough for a repository.
Keeps   pictures are never stretched: each is fitted into its square cell. Long labels are wrapped, long words cut.
"""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

INK, PAPER = (20, 20, 20), (255, 255, 255)
TEXT_PX = 15
GAP_PX = 4
LABEL_PX = 150


def sheet(rows, titles=None, cell_px=128, label_px=LABEL_PX):
    """The sheet as an RGB picture."""
    if not rows:
        raise ValueError("a sheet needs at least one row")
    # The font that Pillow carries has no minus sign.
    rows = [(label.replace("−", "-"), eight_bit(images)) for label, images in rows]
    columns = max(len(images) for _, images in rows)
    font = ImageFont.load_default(size=TEXT_PX)
    step, top = cell_px + GAP_PX, (2 * TEXT_PX + 2 * GAP_PX) if titles else GAP_PX
    canvas = Image.new("RGB", (label_px + columns * step + GAP_PX, top + len(rows) * step), PAPER)
    draw = ImageDraw.Draw(canvas)
    for column, words in enumerate(titles or []):
        _write(draw, font, words, (label_px + column * step, GAP_PX), (cell_px, top - GAP_PX))
    for number, (label, images) in enumerate(rows):
        corner = top + number * step
        _write(draw, font, label, (GAP_PX, corner), (label_px - 2 * GAP_PX, cell_px))
        for column, pixels in enumerate(images):
            picture = _fitted(pixels, cell_px)
            left = label_px + column * step + (cell_px - picture.width) // 2
            canvas.paste(picture, (left, corner + (cell_px - picture.height) // 2))
    return canvas


def save(picture, path, width_px=None):
    """Writes a sheet as a PNG of 256 colours, made smaller to `width_px` if it is wider."""
    if width_px and picture.width > width_px:
        height = round(picture.height * width_px / picture.width)
        picture = picture.resize((width_px, height), Image.Resampling.LANCZOS)
    picture.quantize(256, kmeans=4, dither=Image.Dither.NONE).save(path, optimize=True)


def eight_bit(images):
    """Pictures in either form → u8 [n, h, w, 3]."""
    images = np.asarray(images)
    if images.ndim == 4 and images.dtype == np.uint8 and images.shape[3] == 3:
        return images
    if images.ndim != 4 or images.shape[1] != 3 or not np.issubdtype(images.dtype, np.floating):
        raise ValueError(f"expected floats [n, 3, h, w] or u8 [n, h, w, 3], got {images.dtype} {images.shape}")
    return np.round(np.clip(np.nan_to_num(images), 0, 1) * 255).astype(np.uint8).transpose(0, 2, 3, 1)


def wrapped(text, width_px, measure):
    """The lines of `text` at most `width_px` wide by `measure(str) → px`; a word that is too long is cut."""
    lines = [""]
    for word in text.split():
        joined = f"{lines[-1]} {word}".strip()
        if measure(joined) <= width_px:
            lines[-1] = joined
            continue
        while len(word) > 1 and measure(word) > width_px:
            word = word[:-1]
        lines.append(word)
    return [line for line in lines if line]


def _write(draw, font, text, corner, size):
    """Text from `corner`, within `size`; lines that do not fit below are left out."""
    left, top = corner
    height = TEXT_PX + 3
    for number, line in enumerate(wrapped(text, size[0], font.getlength)[: max(1, size[1] // height)]):
        draw.text((left, top + number * height), line, fill=INK, font=font)


def _fitted(pixels, cell_px):
    """A picture whose longer side is `cell_px`."""
    picture = Image.fromarray(pixels)
    scale = cell_px / max(picture.size)
    size = tuple(max(1, round(side * scale)) for side in picture.size)
    return picture if size == picture.size else picture.resize(size, Image.Resampling.BICUBIC)
