"""Signing in with a platform connects a channel, and does nothing else.

allauth runs the handshake; before it would sign anyone in or up, `pre_social_login` takes the
profile and the token and hands them to the callback view as `request.connected`. No social
account, social token or user is ever made.
"""

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.providers.base.constants import AuthProcess
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse


class ConnectOnly(DefaultSocialAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest, sociallogin) -> bool:
        return False

    def list_providers(self, request: HttpRequest) -> list:
        """None to sign in with: sign-in and sign-up are by e-mail."""
        return []

    def pre_social_login(self, request: HttpRequest, sociallogin) -> None:
        if sociallogin.state.get("process") == AuthProcess.CONNECT:
            request.connected = (sociallogin.profile, sociallogin.lasting_token)
        raise ImmediateHttpResponse(HttpResponseRedirect(reverse("creators:channels")))

    def on_authentication_error(
        self, request: HttpRequest, provider, error=None, exception=None, extra_context=None
    ) -> None:
        request.connect_error = str(error or "unknown")
        raise ImmediateHttpResponse(HttpResponseRedirect(reverse("creators:channels")))
