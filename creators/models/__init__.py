"""The tables of people and their channels."""

from creators.models.cases import Case, CaseEvent
from creators.models.channels import Channel, ManualCheck, Platform, PlatformStatus, Reading
from creators.models.creators import Creator, Niche
from creators.models.directory import (
    DirectoryBits,
    DirectoryEntry,
    DirectoryGone,
    DirectoryIndex,
    PeerFigure,
)
from creators.models.disputes import ChannelDispute
from creators.models.enrolment import Decision, DecisionCheck, EnrolmentPolicy, QuizAttempt
from creators.models.reports import Report
from creators.models.samples import SampleRecord
from creators.models.seen import SeenWeek
from creators.models.standing import Sanction, Violation
from creators.models.tokens import ChannelToken

__all__ = [
    "Case",
    "CaseEvent",
    "Channel",
    "ChannelDispute",
    "ChannelToken",
    "Creator",
    "Decision",
    "DecisionCheck",
    "DirectoryBits",
    "DirectoryEntry",
    "DirectoryGone",
    "DirectoryIndex",
    "EnrolmentPolicy",
    "ManualCheck",
    "Niche",
    "PeerFigure",
    "Platform",
    "PlatformStatus",
    "QuizAttempt",
    "Reading",
    "Report",
    "SampleRecord",
    "Sanction",
    "SeenWeek",
    "Violation",
]
