"""What a creator and a brand see first, each in a fixed number of statements.

Money is in minor units of one currency: a creator's fullest, the brand's own. Days and
weeks are the market's.
"""

from affiliates.dashboards.brand import WEEKS, BrandBoard, brand_board
from affiliates.dashboards.creator import PERIODS, CreatorBoard, creator_board
from affiliates.dashboards.purses import purses_of
from affiliates.dashboards.query import axis

__all__ = [
    "PERIODS",
    "WEEKS",
    "BrandBoard",
    "CreatorBoard",
    "axis",
    "brand_board",
    "creator_board",
    "purses_of",
]
