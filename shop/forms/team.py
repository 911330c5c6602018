"""Who is asked into a brand's team, and as what."""

from django import forms
from django.utils.translation import gettext_lazy as _

from shop.models import Membership

ROLES = [
    (Membership.Role.MEMBER, _("Member: products, orders and collaborations")),
    (Membership.Role.OWNER, _("Owner: also the trader's details, the terms and the team")),
]


class InviteForm(forms.Form):
    email = forms.EmailField(label=_("E-mail address"), max_length=254)
    role = forms.ChoiceField(
        label=_("Role"), choices=ROLES, initial=Membership.Role.MEMBER, widget=forms.RadioSelect
    )


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Membership.Role.choices)
