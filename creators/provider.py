"""Where django-allauth finds our platforms: it reads `provider_classes` of every installed app."""

from creators.platforms.facebook import FacebookProvider
from creators.platforms.instagram import InstagramProvider
from creators.platforms.tiktok import TikTokProvider
from creators.platforms.youtube import YouTubeProvider

provider_classes = [TikTokProvider, InstagramProvider, YouTubeProvider, FacebookProvider]
