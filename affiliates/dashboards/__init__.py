"""What a creator and a brand see first, each in a fixed number of statements.

Money is in minor units of one currency: a creator's fullest, the brand's own. Days and
weeks are the market's.
"""

from affiliates.dashboards.brand import WEEKS, BrandBoard, Drill, brand_board, drill
from affiliates.dashboards.creator import PERIODS, CreatorBoard, creator_board
from affiliates.dashboards.purses import purses_of
from affiliates.dashboards.query import axis

__all__ = [
    "PERIODS",
    "WEEKS",
    "BrandBoard",
    "CreatorBoard",
    "Drill",
    "axis",
    "brand_board",
    "creator_board",
    "drill",
    "purses_of",
]
