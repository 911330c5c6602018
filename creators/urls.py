"""Addresses of creators: the landing page, joining, channels, the rules."""

from django.urls import path

from creators.views import channels, join, landing, quiz, rules, settings

app_name = "creators"
urlpatterns = [
    path("", landing.home, name="home"),
    path("check/", landing.check, name="check"),
    path("rules/cases/", rules.case_figures, name="case_figures"),
    path("language/", settings.language, name="language"),
    path("creator/join/", join.join, name="join"),
    path("creator/join/channels/", join.join_channels, name="join_channels"),
    path("creator/join/decision/", join.join_decision, name="join_decision"),
    path("creator/channels/", channels.channel_list, name="channels"),
    path("creator/channels/<int:pk>/read/", channels.channel_read, name="channel_read"),
    path(
        "creator/channels/<int:pk>/disconnect/",
        channels.channel_disconnect,
        name="channel_disconnect",
    ),
    path("creator/channels/dispute/", channels.channel_dispute, name="channel_dispute"),
    path(
        "creator/channels/<int:pk>/screenshot/",
        channels.channel_screenshot,
        name="channel_screenshot",
    ),
    path(
        "creator/channels/<str:platform>/connect/", channels.channel_connect, name="channel_connect"
    ),
    path(
        "creator/channels/<str:platform>/callback/",
        channels.channel_callback,
        name="channel_callback",
    ),
    path("creator/channels/<str:platform>/check/", channels.channel_check, name="channel_check"),
    path("creator/quiz/", quiz.quiz_page, name="quiz"),
    path("creator/settings/", settings.creator_settings, name="settings"),
]
