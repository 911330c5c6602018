"""How `{{ form }}` and `{{ field.as_field_group }}` look: the same as our own tags."""

from django.forms.renderers import TemplatesSetting


class Renderer(TemplatesSetting):
    """Django's renderer over our templates, with our form and field."""

    form_template_name = "components/form.html"
    field_template_name = "components/bound_field.html"
