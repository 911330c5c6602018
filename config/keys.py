"""The secret keys of the embedded default: made once, kept in the data directory."""

import os
import secrets
from pathlib import Path

from config.lib import seeds


def key_in(data_dir: Path) -> str:
    """Return the key in `data_dir`/secret-key, making it on the first call (0600)."""
    return _kept(data_dir / "secret-key", secrets.token_urlsafe(50))


def seed_in(data_dir: Path) -> str:
    """Return the Ed25519 seed in `data_dir`/passport-key, in base64url; made on the first call."""
    return _kept(data_dir / "passport-key", seeds.new())


def _kept(file: Path, new: str) -> str:
    if not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = file.with_suffix(f".{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(new)
        try:
            os.link(draft, file)  # atomic: of two first starts, one wins
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return file.read_text()
