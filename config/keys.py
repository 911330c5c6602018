"""The secret key of the embedded default: made once, kept in the data directory."""

import os
import secrets
from pathlib import Path


def key_in(data_dir: Path) -> str:
    """Return the key in `data_dir`/secret-key, making it on the first call (0600)."""
    file = data_dir / "secret-key"
    if not file.exists():
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = file.with_suffix(f".{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(50))
        try:
            os.link(draft, file)  # atomic: of two first starts, one wins
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return file.read_text()
