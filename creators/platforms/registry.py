"""The platforms by id, in the order in which every page shows them."""

from creators.platforms.base import Platform
from creators.platforms.facebook import FacebookAdapter
from creators.platforms.instagram import InstagramAdapter
from creators.platforms.tiktok import TikTokAdapter
from creators.platforms.youtube import YouTubeAdapter

ADAPTERS = {
    adapter.platform.id: adapter
    for adapter in (TikTokAdapter, InstagramAdapter, YouTubeAdapter, FacebookAdapter)
}
PLATFORMS: dict[str, Platform] = {key: adapter.platform for key, adapter in ADAPTERS.items()}


def get(platform: str) -> Platform:
    return PLATFORMS[platform]
