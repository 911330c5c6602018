"""Server-rendered bars and dots: no library, no style attributes."""

from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

from django.utils.translation import gettext as _

from config.components.people import PLATFORMS
from config.lib import money

ELSEWHERE = "own"  # what no platform brought: creators' pages here, codes at checkout
COLORS = {"pending": "c-sun", "held": "c-sun", "settled": "c-crocus", "cleared": "c-crocus",
          "paid": "c-brand"}  # fmt: skip


def share_class(value: float, whole: float) -> str:
    """Return `v0` … `v100`: value of whole in percent; something is never drawn as nothing."""
    if whole <= 0 or value <= 0:
        return "v0"
    return f"v{min(100, max(1, round(value * 100 / whole)))}"


def mix(parts: Mapping[str, int] | Sequence[tuple[str, int]], label: str = "", large: bool = False,
        gone: str = "", key: bool = True, lost: int | None = None) -> dict[str, Any]:  # fmt: skip
    """Return the platform bar: `parts` maps platform to an amount ≥ 0, of any unit.

    What is no platform (`ELSEWHERE`) comes last, in grey. `gone` names a platform that is drawn
    hatched, or of which `lost` is; `key=False` leaves the words out.
    """
    amounts = {str(name): int(value or 0) for name, value in dict(parts or {}).items()}
    names = PLATFORMS | {ELSEWHERE: _("Pages and codes")}
    pieces = []
    for name in names:
        whole = amounts.get(name, 0)
        away = 0 if name != gone else whole if lost is None else min(lost, whole)
        pieces += [(name, away, True), (name, whole - away, False)]
    pieces = [piece for piece in pieces if piece[1] > 0]
    shares = money.split(100, [amount for _name, amount, _gone in pieces]) if pieces else []
    bars = [
        {"key": name, "name": names[name], "share": share, "gone": is_gone}
        for (name, _amount, is_gone), share in zip(pieces, shares, strict=True)
    ]
    said = ", ".join(f"{bar['name']} {bar['share']}%" for bar in bars)
    return {"bars": bars, "label": label, "said": said, "large": large, "key": key}


def plot(
    values: Sequence[Any],
    title: str = "",
    top: str = "",
    label: str = "",
    color: str = "c-brand",
    size: str = "m",
    scrub: str = "",
    axis: Sequence[str] = (),
) -> dict[str, Any]:
    """Return one bar chart; a value is a number or a (number, commission state) pair.

    `top` says the highest value in words, `scrub` is the id of the chart's scrubber,
    `axis` the few labels under it. Zero-based, as tall as the highest value.
    """
    pairs = [value if isinstance(value, tuple | list) else (value, "") for value in values or ()]
    highest = max((number or 0 for number, _ in pairs), default=0)
    bars = [
        {"v": share_class(number or 0, highest), "color": COLORS.get(str(state), color)}
        for number, state in pairs
    ]
    return {"bars": bars, "title": title, "top": top, "label": label or title, "size": size,
            "scrub": scrub, "axis": axis}  # fmt: skip


def stack(
    columns: Sequence[Mapping[str, int]],
    label: str = "",
    top: str = "",
    size: str = "xxl",
    axis: Sequence[str] = (),
) -> dict[str, Any]:
    """Return one bar per column, made of its platforms' amounts in their usual order.

    What is no platform (`ELSEWHERE`) stands on top, in grey. Amounts below zero are
    not drawn. Zero-based, as tall as the highest column.
    """
    names = [*PLATFORMS, ELSEWHERE]
    amounts = [[max(0, column.get(name, 0)) for name in names] for column in columns]
    highest = max(map(sum, amounts), default=0)
    bars = [
        {
            "v": share_class(sum(parts), highest),
            "parts": [
                (name, share_class(part, sum(parts)))
                for name, part in zip(names, parts, strict=True)
                if part
            ],
        }
        for parts in amounts
    ]
    used = [name for at, name in enumerate(names) if any(parts[at] for parts in amounts)]
    keys = [(name, PLATFORMS.get(name, _("Pages and codes"))) for name in used]
    return {"bars": bars, "keys": keys, "label": label, "top": top, "size": size, "axis": axis}


def _scatter() -> list[dict[str, Any]]:
    """Return a hundred dots of slightly different size and colour, always the same ones."""
    fills = {1: "#7FE0B0", 5: "#FFE3A0", 9: "var(--kx,#C9B6F6)", 13: "var(--kx,#C9B6F6)"}
    dots = []
    for row in range(10):
        for column in range(10):
            chance = crc32(bytes([row, column]))
            radius = ("3.1", "3.5", "3.5", "3.8")[chance >> 8 & 3]
            fill = fills.get(chance & 15, "")
            dots.append({"x": column * 10 + 5, "y": row * 10 + 5, "r": radius, "fill": fill})
    return dots


DOTS = _scatter()


def kdots(followers: int, name: str = "dots", label: str = "") -> dict[str, Any]:
    """Return the field of a thousand dots, one lit for each follower up to 1,000."""
    lit = max(0, min(1000, int(followers or 0)))
    return {"id": name, "lit": lit, "dots": DOTS, "label": label, "full": lit // 50 * 10,
            "part": lit % 50 * 10}  # fmt: skip
