"""The words of mails, chosen by the settings. Apart from services.py, because what programs call never imports pages."""

from api.settings import Settings
from certificates.statement import Environment
from frontend.emails import wording_for
from marketplace.mail.post import Wording


def mail_wording(settings: Settings) -> Wording:
    return wording_for(sandbox=settings.environment is Environment.SANDBOX, site=settings.origin)
