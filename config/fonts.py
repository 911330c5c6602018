"""The two fonts, where npm could fetch them: `python -m config.fonts NODE_MODULES TARGET`.

Copies the Latin subsets of Figtree and Bricolage Grotesque (both OFL-1.1) and their licences
into TARGET (static/fonts, not committed) and writes the style sheet that names them. Without
them the system's fonts serve, so a missing package is no error.
"""

import shutil
import sys
from pathlib import Path

FONTS = {  # package -> (family, file, weights)
    "figtree": ("Figtree Variable", "figtree-latin-wght-normal.woff2", "300 900"),
    "bricolage-grotesque": (
        "Bricolage Grotesque Variable",
        "bricolage-grotesque-latin-wght-normal.woff2",
        "200 800",
    ),
}
RULE = (
    '@font-face{{font-family:"{family}";font-weight:{weights};font-display:swap;'
    'src:url("{file}") format("woff2")}}\n'
)


def install(node_modules: Path, target: Path) -> int:
    """Copy what is there and return how many fonts the style sheet names."""
    rules = []
    for package, (family, file, weights) in FONTS.items():
        source = node_modules / "@fontsource-variable" / package
        if not (source / "files" / file).exists():
            continue
        target.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / "files" / file, target / file)
        if (source / "LICENSE").exists():
            shutil.copyfile(source / "LICENSE", target / f"{package}-LICENSE.txt")
        rules.append(RULE.format(family=family, file=file, weights=weights))
    if rules:
        (target / "fonts.css").write_text("".join(rules), "utf-8")
    return len(rules)


if __name__ == "__main__":
    count = install(Path(sys.argv[1]), Path(sys.argv[2]))
    sys.stdout.write(f"{count} fonts\n")
