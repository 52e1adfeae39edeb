"""Whatever a page has to name by a member of a closed set has its words."""

from dcvd.core.alerts.contacts import ContactStatus
from dcvd.core.alerts.kinds import CONTACT_KINDS
from dcvd.core.connections.connection import ConnectionMethod, Provider
from dcvd.core.connections.credentials_forms import CREDENTIALS_FORMS, name_form
from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.sentences.rendering import CATALOGUE
from dcvd.core.tokens.scopes import SUBJECTS
from dcvd.core.tokens.token import Role
from dcvd.web.dashboard.connections.credentials import name_words


def test_every_member_of_a_closed_set_has_words() -> None:
    needed = {
        *(f"connections_provider_{provider.value}" for provider in Provider),
        *(f"connections_method_{method.value}" for method in ConnectionMethod),
        *(f"connections_form_{name_form(form)}" for form in CREDENTIALS_FORMS),
        *(name_words(form, member) for form in CREDENTIALS_FORMS for member in form.members),
        *(f"{name_words(form, member)}_hint" for form in CREDENTIALS_FORMS for member in form.members),
        *(f"alerts_kind_{kind.value}" for kind in CONTACT_KINDS),
        *(f"alerts_{part}_{status.value}" for status in ContactStatus for part in ("status", "explained")),
        *(f"tokens_subject_{subject}" for subject in SUBJECTS),
        *(f"finding_{code.value}" for code in FindingCode),
        *(f"tokens_role_explained_{role.value}" for role in Role),
    }
    assert needed <= CATALOGUE["en"].keys()
