"""Signing in with a platform: django-allauth's OAuth handshake (state, PKCE, exchange of the code),
with our addresses.
"""

from __future__ import annotations

from typing import Any, ClassVar

from allauth.socialaccount.models import SocialAccount, SocialLogin
from allauth.socialaccount.providers.base import ProviderAccount
from allauth.socialaccount.providers.oauth2.client import OAuth2Client
from allauth.socialaccount.providers.oauth2.provider import OAuth2Provider
from allauth.socialaccount.providers.oauth2.views import OAuth2Adapter
from django.conf import settings
from django.contrib.auth import get_user_model
from django.urls import reverse

from creators.platforms.base import BadAnswer, Platform, Token


class PlatformClient(OAuth2Client):
    """Trades the code for a token through our own door to the outside: limits on time and size,
    typed errors.
    """

    platform: Platform

    def get_access_token(self, code, pkce_code_verifier=None, extra_data=None) -> dict[str, Any]:
        form = {
            self.client_id_parameter: self.consumer_key,
            "client_secret": self.consumer_secret,
            "redirect_uri": self.callback_url,
            "grant_type": "authorization_code",
            "code": code or "",
        }
        if pkce_code_verifier:
            form["code_verifier"] = pkce_code_verifier
        answer = self.platform.ask("POST", self.platform.token_url, form=form)
        wrapped = answer.get("data")  # Instagram's form
        if isinstance(wrapped, list) and wrapped and isinstance(wrapped[0], dict):
            answer = wrapped[0]
        if not answer.get("access_token"):
            raise BadAnswer(f"{self.platform.id}: no access_token in the answer")
        return answer


class PlatformAdapter(OAuth2Adapter):
    """Takes addresses and the profile from a Platform; comes back to our own callback."""

    platform: ClassVar[Platform]
    client_class = PlatformClient

    @property
    def authorize_url(self) -> str:
        return self.platform.address(self.platform.authorize_url)

    @property
    def access_token_url(self) -> str:
        return self.platform.address(self.platform.token_url)

    def get_client(self, request, app) -> PlatformClient:
        client = super().get_client(request, app)
        client.platform = self.platform
        return client

    def get_callback_url(self, request, app) -> str:
        path = reverse("creators:channel_callback", args=[self.platform.id])
        return f"{settings.SITE_URL.rstrip('/')}{path}"

    def complete_login(self, request, app, token, **kwargs) -> SocialLogin:
        """Read the account with its new token; nothing of it is stored by allauth."""
        lasting = self.platform.lengthen(
            Token(token.token, token.token_secret or "", token.expires_at)
        )
        profile = self.platform.read(lasting.access)
        account = SocialAccount(provider=self.platform.id, uid=profile.external_id, extra_data={})
        login = SocialLogin(user=get_user_model()(), account=account, provider=self.get_provider())
        login.profile, login.lasting_token = profile, lasting
        return login


class PlatformProvider(OAuth2Provider):
    """Registers a platform with allauth; the addresses are ours, so allauth has none."""

    package = "allauth.socialaccount.providers.oauth2"
    account_class = ProviderAccount
    platform: ClassVar[Platform]
    pkce_enabled_default = True

    def get_login_url(self, request, **kwargs) -> str:
        return reverse("creators:channels")

    def get_callback_url(self) -> str:
        return reverse("creators:channel_callback", args=[self.id])

    def get_default_scope(self) -> list[str]:
        return list(self.platform.scopes)

    def extract_uid(self, data: dict[str, Any]) -> str:
        return str(data["external_id"])
