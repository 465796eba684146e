"""Words for what the market sells, and for its refusals."""

from dataclasses import dataclass

from certificates.statement import ProjectFacts
from frontend.locales import Locale
from frontend.problems import sentence
from frontend.wording import words
from marketplace.errors import MarketplaceError
from marketplace.inventory.models import Provider
from marketplace.projects.catalogue import Activity, Project
from marketplace.projects.places import load_prefectures
from marketplace.registries.profiles import Names, load_profiles


@dataclass(frozen=True, slots=True)
class MarketWords:
    """Names that are data come in the reader's language; codes get their words from locale/<tag>/market.toml."""

    locale: Locale

    def of(self, key: str, **params: object) -> str:
        return words("market", key, self.locale, params)

    def kind(self, code: str) -> str:
        return self.of(f"kind.{code}")

    def name(self, names: Names | Provider | Activity | Project | ProjectFacts) -> str:
        """The Japanese or the English name of something that has both."""
        if isinstance(names, Names):
            return names.ja if self.locale is Locale.JA else names.en
        return names.name_ja if self.locale is Locale.JA else names.name_en

    def registry(self, code: str) -> str:
        return self.name(load_profiles()[code].name)

    def country(self, code: str) -> str:
        return str(self.locale.babel.territories[code])

    def where(self, project: Project) -> str:
        """Prefectures for a project in Japan, the country for one abroad."""
        if project.country != "JP" or not project.prefectures:
            return self.country(project.country)
        prefectures = [load_prefectures()[code] for code in project.prefectures]
        return self.list_of([p.name_ja if self.locale is Locale.JA else p.name_en for p in prefectures])

    def list_of(self, items: list[str]) -> str:
        return ("、" if self.locale is Locale.JA else ", ").join(items)

    def refusal(self, error: MarketplaceError) -> str:
        return sentence(error.code, error.params, self.locale)
