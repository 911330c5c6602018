"""The site's settings for processes that a test starts, with one origin on loopback open to them."""

import os

from config.settings import *  # noqa: F403

PRIVATE_PICTURES_FROM = os.environ["TEST_ORIGIN"]
