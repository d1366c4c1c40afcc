"""Forms."""

from app.domain.intake.forms import Form
from app.repositories.resources import Resources
from app.repositories.tables.intake_forms import forms


class FormRepository(Resources[Form]):
    """Forms by id and by page."""

    table = forms
    entity = Form
    noun = "form"
