"""Real files of others, where they lie beside the checkout: their licences let us read, not carry them.

REAL_DATA says where else they are.
"""

import os
from pathlib import Path

import pytest

DATA = Path(os.environ.get("REAL_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")
CATALOGUES, ORDERS = DATA / "catalogues", DATA / "orders"
needed = pytest.mark.skipif(not DATA.exists(), reason=f"{DATA} is not there")
