"""Product art: our own drawings for products without a photo.

A drawing is a shape in a palette; the shape comes from the product's category, the
palette from its id, so that a product always looks the same. `python -m config.art DIR`
writes the files again, byte for byte.
"""

import math
import sys
from pathlib import Path

SHAPES = (
    "jar", "bag", "soap", "lamp", "plant", "yarn",
    "bike", "game", "bread", "candle", "basket", "mug",
)  # fmt: skip
# ground, main, accent, dark, white
PALETTES = {
    "polder": ("#D7EBDD", "#0B5B3E", "#FFB81C", "#10231B", "#FFFFFF"),
    "crocus": ("#E6DDFB", "#6D4BC3", "#FFB81C", "#2A1A55", "#FFFFFF"),
    "sun": ("#FFE7B0", "#E07A00", "#0B5B3E", "#4A2E00", "#FFFFFF"),
    "sky": ("#D5E8FA", "#1F6FB8", "#FFB81C", "#0C2F52", "#FFFFFF"),
    "clay": ("#FADFD3", "#C2502E", "#0B5B3E", "#4D1B0C", "#FFFFFF"),
    "night": ("#143A2B", "#6FDDA6", "#FFC24A", "#07140E", "#F2F7EE"),
}
DRAWINGS = Path(__file__).with_name("art_shapes")


def name(shape: str, seed: int) -> str:
    """Return the static path of the drawing of `shape` for the thing with id `seed`."""
    known = shape if shape in SHAPES else SHAPES[seed % len(SHAPES)]
    palette = list(PALETTES)[seed % len(PALETTES)]
    return f"img/art/{known}-{palette}.svg"


def halftone(color: str, seed: int) -> str:
    """Return the dotted ground: eleven rows whose dots shrink upwards, one path per size."""
    sizes: dict[int, list[str]] = {}
    for row in range(11):
        for column in range(21):
            x = column * 20 + (10 if row % 2 else 0)
            strength = 1 - row / 11 - 0.35 * abs(math.sin((column + seed) * 0.55))
            if strength > 0.08:
                width = round(2.4 + 8.8 * strength)
                sizes.setdefault(width, []).append(f"M{x} {392 - row * 20}h0")
    paths = "".join(
        f'<path stroke-width="{width}" d="{"".join(dots)}"/>'
        for width, dots in sorted(sizes.items())
    )
    return f'<g stroke="{color}" stroke-linecap="round" opacity=".28">{paths}</g>'


def draw(shape: str, palette: str) -> str:
    """Return one drawing as SVG, 400 by 400: the ground, a sun, the object."""
    ground, main, accent, dark, white = PALETTES[palette]
    seed = SHAPES.index(shape) * 7 + list(PALETTES).index(palette) * 3
    thing = (DRAWINGS / f"{shape}.svg").read_text("utf-8").strip()
    for role, color in (
        ("ground", ground), ("main", main), ("accent", accent), ("dark", dark), ("white", white),
    ):  # fmt: skip
        thing = thing.replace(f'"{role}"', f'"{color}"')
    shine = ".1" if palette == "night" else ".6"
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400">'
        f'<rect width="400" height="400" fill="{ground}"/>'
        f'<circle cx="{286 - seed * 23 % 90}" cy="{128 + seed * 17 % 40}" r="104"'
        f' fill="{white}" opacity="{shine}"/>{halftone(main, seed)}'
        '<g transform="translate(200 338) scale(1.09) translate(-200 -326)">'
        f"{thing}</g></svg>\n"
    )


def write_all(folder: Path) -> int:
    """Write every shape in every palette into `folder`; return how many files."""
    folder.mkdir(parents=True, exist_ok=True)
    for shape in SHAPES:
        for palette in PALETTES:
            (folder / f"{shape}-{palette}.svg").write_text(draw(shape, palette), "utf-8")
    return len(SHAPES) * len(PALETTES)


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("static/img/art")
    sys.stdout.write(f"{write_all(target)} drawings in {target}\n")
