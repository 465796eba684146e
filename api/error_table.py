"""What each refusal is answered with: status, whether waiting helps, and what to do. One row per error class.

The words are for developers and in English; visitors of the pages read sentences from frontend/locale instead.
A class that can only be raised in a worker, at the start or by a fault of ours is internal and becomes a plain 500.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from api import problems
from certificates import (
    backing,
    bundle,
    compact_proof,
    evidence,
    facts,
    jose,
    keys,
    mark,
    number,
    qr,
    records,
    render_pdf,
    reservations,
    sheet,
    signing_authority,
    status_list,
)
from certificates import service as issuing
from certificates.badges import facts as badge_facts
from certificates.claims import wording
from certificates.log import store as log_store
from marketplace import errors as market
from marketplace.accounts import errors as accounts
from marketplace.accounts import sealing
from marketplace.audit import second_person
from marketplace.audit import service as audit
from marketplace.badges import badge as badges
from marketplace.bulk import errors as bulk
from marketplace.certification import changes, publication
from marketplace.certification import facts as certified_facts
from marketplace.certification import service as certification
from marketplace.closures import errors as closures
from marketplace.deposits import errors as deposits
from marketplace.desk import errors as desk
from marketplace.idempotency import service as idempotency
from marketplace.inventory import serials
from marketplace.invoices import composing
from marketplace.items import errors as items
from marketplace.mail import address, post, smtp
from marketplace.notifications import errors as notifications
from marketplace.operations import service as operations
from marketplace.orders import settlement
from marketplace.participation import errors as participation
from marketplace.payments import gateway as payments
from marketplace.plans import errors as plans
from marketplace.plans import steering as plan_steering
from marketplace.pools import jobs as pool_jobs
from marketplace.products import errors as products
from marketplace.projects import eligibility
from marketplace.projects import facts as project_facts
from marketplace.providers import errors as providers
from marketplace.reconciliation import cases
from marketplace.registries import imported_lists, profiles
from marketplace.registries.desk import states as desk_states
from marketplace.sandbox_wishes import doubles
from marketplace.sandbox_wishes import errors as wishes
from offset_calc import errors as calc
from offset_calc import measures, pact, tabular


@dataclass(frozen=True, slots=True)
class Row:
    """`retryable`: the very same request, with the same key, may succeed later without any change."""

    status: int
    title: str
    remedy: str
    retryable: bool = False


TABLE: Mapping[type[Exception], Row] = {
    # HTTP itself
    problems.AddressUnknown: Row(404, "Nothing is served at this address", "Check the address against /docs."),
    problems.MethodNotOffered: Row(
        405, "This method is not offered here", "Use one of the methods in the Allow header."
    ),
    problems.RequestMalformed: Row(
        400, "The request could not be read", "Check headers and encoding, and send it again."
    ),
    problems.MalformedJson: Row(
        400, "The body is not acceptable JSON", "Send one JSON object in UTF-8, without NaN or null characters."
    ),
    problems.DuplicateName: Row(400, "A name occurs twice in one JSON object", "Send each name once."),
    problems.BodyTooLarge: Row(413, "The body is too large", "Send less at once; `params.most_bytes` is the limit."),
    problems.BodyTooSlow: Row(
        408, "The body did not arrive in time", "Send it again over a better connection.", retryable=True
    ),
    problems.MediaTypeNotTaken: Row(
        415, "Media type not taken", "Send Content-Type: application/json, uncompressed, in UTF-8."
    ),
    problems.InputRefused: Row(422, "Some fields are not acceptable", "Mend the fields that `errors` names."),
    problems.IdempotencyKeyMissing: Row(
        400, "An Idempotency-Key is required", "Send a fresh random key, and the same key when you repeat the request."
    ),
    problems.IdempotencyKeyMalformed: Row(
        400, "The Idempotency-Key is malformed", "Use 1 to 200 visible ASCII characters, for example a UUID."
    ),
    problems.TooManyRequests: Row(
        429, "Too many requests", "Repeat it after Retry-After seconds; watch the RateLimit header.", retryable=True
    ),
    problems.FormatNotOffered: Row(501, "This format is not offered", "Ask for format=json."),
    problems.NothingToEmbed: Row(
        404,
        "Nothing of this address can be embedded",
        "Send the address of a certificate's or a product's public page.",
    ),
    problems.NotReady: Row(503, "Not ready to take requests", "Wait a little and try again.", retryable=True),
    # idempotency
    idempotency.IdempotencyKeyReused: Row(
        422, "The Idempotency-Key was used for another request", "Use a new key for a new request."
    ),
    idempotency.IdempotentRequestInFlight: Row(
        409, "The same request is being carried out", "Repeat it after Retry-After seconds.", retryable=True
    ),
    # buying
    market.MoveNotAllowed: Row(
        409, "Somebody else changed this at the same moment", "Read the present state and decide again.", retryable=True
    ),
    market.NotEnoughUnits: Row(
        409,
        "Not enough free units",
        "Ask for less or choose another listing; held units may come back.",
        retryable=True,
    ),
    market.BelowMinimum: Row(422, "Below the listing's minimum", "Ask for at least `minimum` tonnes."),
    market.PoolNotOffered: Row(
        422,
        "Less than a tonne is not sold of this listing",
        'Ask for whole tonnes (`"rounding": "whole"`), or choose a listing of another registry.',
    ),
    market.MixNotAvailable: Row(
        409, "The mix is not to be had", "Ask for less, for fewer projects or with wider rules.", retryable=True
    ),
    market.BudgetTooLow: Row(422, "The budget is too low", "Ask for more, or choose a cheaper listing."),
    market.ClaimNotConfirmed: Row(
        422, "Not confirmed for this use", "Choose credits of another kind, or leave out `claim`."
    ),
    market.TopUpTooEarly: Row(409, "The earlier order is not fulfilled", "Wait for its certificate.", retryable=True),
    market.NothingToTopUp: Row(422, "Nothing is left to cover", "The earlier order covers this footprint."),
    market.OrderNotCancellable: Row(
        409, "It is too late to cancel", "The registry has the request; read the order to see how it goes on."
    ),
    market.NoBalance: Row(422, "There is no prepaid balance", "Only an organisation has one: send its API key."),
    market.BelowSmallestPayment: Row(
        422, "The payment is too small", "Ask for more, or pay from a balance (`pay_from`); see `params.smallest_yen`."
    ),
    market.UseNotPermitted: Row(
        422, "The provider does not sell for this purpose", "Choose another listing, or another purpose."
    ),
    market.TextTooLongForRegistry: Row(
        422, "A text is too long for the registry's form", "Shorten the field to the limit that params name."
    ),
    deposits.DepositsNotTaken: Row(409, "No money is taken ahead", "Pay each order by itself."),
    deposits.DepositNotFound: Row(404, "No such deposit", "Take the id from GET /v1/deposits."),
    deposits.DepositTooSmall: Row(422, "The payment is too small", "Pay in at least what params name."),
    deposits.DepositTooLarge: Row(
        422, "The balance would hold more than the operator keeps", "Pay in at most what params name."
    ),
    market.ListingClosed: Row(409, "The listing is closed", "Choose another listing."),
    market.ListingNotFound: Row(404, "No such listing", "Take the id from GET /v1/listings."),
    market.ProjectNotFound: Row(404, "No such project", "Take the key from GET /v1/projects."),
    market.QuoteNotFound: Row(404, "No such quote", "Take the id from the answer to POST /v1/quotes."),
    market.QuoteExpired: Row(409, "The quote has expired", "Ask for a new quote; price and units may have changed."),
    market.QuoteUsed: Row(409, "The quote has made an order already", "Ask for a new quote for another order."),
    market.TotalAboveLimit: Row(
        409, "The total is above your max_total", "Raise max_total or ask for a cheaper quote."
    ),
    market.ConsentMissing: Row(
        422,
        "The irreversible texts were not confirmed in their present wording",
        "Show the wording of GET /v1/consent to the buyer and send its version.",
    ),
    market.OrderNotFound: Row(404, "No such order", "Use the token from the answer to POST /v1/orders."),
    market.ExternalIdTaken: Row(409, "The external_id is taken", "Use another external_id for another order."),
    items.ItemCodeUnknown: Row(404, "Not a code of ours", "Type the code on the item, or scan it."),
    items.BatchNotFound: Row(404, "No such batch", "Take its address from the product's page."),
    items.ItemsAboveCover: Row(
        409, "More items than covered units", "Ask for `params.left_units` at most, or buy cover."
    ),
    items.BatchRefused: Row(422, "Not a batch", "Mend the field in `params`."),
    items.LabelsRefused: Row(422, "Not labels of this batch", "Ask for `params.most` labels at most."),
    participation.EventPageNotFound: Row(404, "No such event page", "Check the address."),
    participation.ParticipationNotFound: Row(404, "Nobody joined under this link", "Check the address."),
    participation.EventPageClosed: Row(409, "The event page is closed", "Nobody joins any more."),
    participation.CapBelowCommitted: Row(409, "More is promised already", "Ask for `params.committed_yen` at least."),
    participation.SharesChanged: Row(409, "The parts are not those that were shown", "Look at them again, then join."),
    participation.OrganiserPartNotReady: Row(
        409, "The organiser's part is not ready", "Try again in a few minutes.", retryable=True
    ),
    market.BalanceTooLow: Row(409, "The prepaid balance does not cover this", "Pay another way, or ask for less."),
    market.RefundTooLarge: Row(409, "There is not as much left to give back", "Ask for `params.left_yen` at most."),
    market.RefundKeyReused: Row(422, "The key stands for another refund", "Use a new key for a new refund."),
    market.RegistrationNumberRefused: Row(422, "Not a registration number", "Send T and 13 digits."),
    market.SellerNotFound: Row(404, "No such seller", "Take the id from GET /v1/listings."),
    market.InvoiceNotFound: Row(
        404, "No such invoice", "An order has one once it is paid; credit notes follow refunds."
    ),
    market.FootprintNotFound: Row(404, "No such footprint", "Use the id from the answer to POST /v1/footprints."),
    profiles.ActNotOffered: Row(
        422, "A registry knows no such use", "Choose another purpose, or credits of another registry."
    ),
    eligibility.UsesNotKnown: Row(422, "Uses are not known for that day", "Ask about a day from `known_from` on."),
    payments.SignatureRefused: Row(
        400, "The webhook's signature was refused", "Sign the exact body with a current secret, within 5 minutes."
    ),
    payments.PaymentProviderUnreachable: Row(
        503, "The payment provider cannot be reached", "Try again; nothing was charged twice.", retryable=True
    ),
    payments.PaymentRefused: Row(
        502,
        "The payment provider refused",
        "Waiting does not change it: ask for another amount, pay from a balance, or contact support with the request id.",
    ),
    address.AddressRefused: Row(422, "Not a mail address", "Send an address of the form name@domain."),
    # products
    products.ProductNotFound: Row(404, "No such product", "Take the id from GET /v1/products."),
    products.ProductEnded: Row(409, "The product has ended", "Make a new product."),
    products.PeriodsOverlap: Row(409, "Another period has some of these days", "Choose days that no period has."),
    products.PeriodRefused: Row(422, "Not a period of cover", "Send a first and a last day, at most five years apart."),
    products.PeriodNotFound: Row(404, "No such period of cover", "Make a period that has the day, or name another."),
    products.FootprintVersionRefused: Row(
        422, "Not a version of the footprint", "Cover at most what a unit emits, from a day without a version."
    ),
    products.FootprintStartsLater: Row(
        422, "The footprint is not known for that day", "Add a version that starts on the day of the sale or before."
    ),
    products.SaleInFuture: Row(422, "It has not happened yet", "Send it when it has, with `at` as the moment."),
    products.SaleNotFound: Row(422, "No such sale", "Report the sale first; `of` is its external_id."),
    products.ReturnsExceedSale: Row(409, "More would come back than was sold", "Send `params.left` units at most."),
    products.CountedDifferently: Row(
        409, "It was counted with other figures", "Each external_id counts once; use another for something else."
    ),
    products.MonthNotOver: Row(404, "No month that is over", "Ask for a past month in Japan, as 2026-10."),
    products.RuleRefused: Row(422, "Not a rule", "Mend the field in `params`."),
    products.TopUpAboveLimit: Row(409, "Above the rule's limit for the month", "Raise the limit, or buy by hand."),
    products.ShopNotFound: Row(404, "No such shop", "Take the address from the product's page."),
    products.ShopSignatureRefused: Row(
        401, "The shop's signature was refused", "Sign the exact body with the shop's secret (HMAC-SHA256, Base64)."
    ),
    products.ShopOrderMalformed: Row(422, "Not an order as shops send them", "See docs/products.md."),
    products.ShopRefused: Row(422, "Not a shop", "Mend the field in `params`."),
    products.TooManyGrams: Row(422, "Too many grams in one entry", "Report fewer units at once."),
    # accounts
    accounts.ApiKeyUnknown: Row(
        401, "No such API key", "Send Authorization: Bearer with a living key, or no such header on public addresses."
    ),
    accounts.ApiKeyOfOtherEnvironment: Row(
        401, "The API key belongs to the other environment", "Test keys open sandboxes, live keys the live service."
    ),
    accounts.ApiKeyNeeded: Row(401, "An API key is needed here", "Send Authorization: Bearer with a key."),
    accounts.ScopeMissing: Row(403, "The API key is not made for this", "Make a key with the scope in `params`."),
    wishes.OnlyInSandbox: Row(
        422, "Only in a sandbox", "Leave out `sandbox`: the live service does nothing on request."
    ),
    wishes.FaultNotOffered: Row(
        422,
        "Nothing of this order can fail like that",
        "Ask for whole tonnes of a listing whose account is not operated by hand, paid by checkout, or leave `params.field` out.",
    ),
    accounts.AlreadyOwned: Row(409, "The order belongs to another organisation", "Ask that organisation's members."),
    # providers
    providers.NotAProvider: Row(
        403, "Your organisation is no provider", "Use a key of an organisation that sells credits."
    ),
    providers.AccountNotFound: Row(
        404, "No such registry account of yours", "Compare registry and number with your account there."
    ),
    providers.CheckedListGone: Row(
        404, "No such list is kept", "Check the list again; one that nobody asked for is kept for a day."
    ),
    # events and webhooks
    notifications.EndpointNotFound: Row(404, "No such webhook endpoint", "Take the id from GET /v1/webhook_endpoints."),
    notifications.EndpointExists: Row(
        409, "There is an endpoint at this address", "Use `params.id`; rotate its secret if you have lost it."
    ),
    notifications.TooManyEndpoints: Row(409, "There are as many endpoints as there may be", "Delete one first."),
    notifications.AddressNotAllowed: Row(
        422, "Webhooks are not sent to this address", "Give a public https address; `params.reason` says what is wrong."
    ),
    notifications.EventNotFound: Row(
        404, "No such event is kept", "Events are kept for 30 days; leave `after` out to begin with the oldest."
    ),
    # what operators have closed for a while
    closures.ClosedForNow: Row(
        503,
        "This is closed for now",
        "Try again after Retry-After; verification, badges and orders that were placed go on.",
        retryable=True,
    ),
    closures.RegistryClosed: Row(
        409, "No new quotes for units of this registry at present", "Choose units of another registry, or try later."
    ),
    # the desk: people who carry out cancellations in a registry's form
    desk.ApplicationNotFound: Row(404, "No such application at the desk", "Take the address from the desk's list."),
    desk.NothingWaits: Row(409, "Nothing waits to be frozen here", "Look at the desk's list again."),
    desk.HeldBySomebodyElse: Row(409, "Somebody else holds the application", "Take it over, with a reason."),
    desk.FieldsTooLong: Row(
        409, "A text is too long for the registry's form", "Check the limits in the settings, or record a refusal."
    ),
    desk.ActInFuture: Row(422, "The act lies in the future", "Send the day, in Japan, on which it was done."),
    desk.DocumentRefused: Row(422, "The upload cannot be a notice", "Send a PDF, PNG or JPEG within the limit."),
    desk.NoticeAlreadyUsed: Row(
        409, "The notice has settled another application", "Compare the number with the notice once more."
    ),
    desk.NoticeDiffers: Row(
        422, "The notice does not say what was applied for", "Compare it with the notice; ask the registry if it is so."
    ),
    desk_states.ApplicationChanged: Row(
        409, "The application is not the one that was looked at", "Read it again as it is now."
    ),
    imported_lists.ListRefused: Row(
        422, "The list cannot be taken as it is", "Mend the rows and columns that the refusal names; nothing was taken."
    ),
    # certificates
    records.CertificateNotFound: Row(404, "No such certificate", "Compare the number with the certificate once more."),
    publication.CertificateEnded: Row(
        410, "The certificate is no longer valid", "Read its state, and what replaced it, as JSON."
    ),
    badges.BadgeNotOffered: Row(
        404, "This certificate has no badge", "A pool's certificate claims nothing; use that of a part of it."
    ),
    log_store.NotInTheLog: Row(
        404, "Not in the public log yet", "Try again in a few seconds; new entries wait that long.", retryable=True
    ),
    number.NotACertificateNumber: Row(422, "Not a certificate number", "A number looks like ASHI-7F3K-M2XW-P4RT-HN9C."),
    number.MistypedNumber: Row(422, "The number is mistyped", "Compare it with the certificate once more."),
    evidence.UnreadableEvidence: Row(
        422, "No certificate can be read in what was sent", "Send a certificate's PDF, credential, address or number."
    ),
    bundle.UnreadableBundle: Row(422, "Not a bundle of a certificate", "Send the bundle as it was downloaded."),
    render_pdf.TextNotPrintable: Row(
        422, "A text cannot be printed", "Use other characters; the answer names those that cannot be printed."
    ),
    # monthly plans
    plans.PlanNotFound: Row(404, "No such plan", "Use the token of the answer that began it."),
    plans.MenuUnknown: Row(
        422, "No such menu in the list of suppliers", "Leave it out, or choose one that GET /v1/plan_menus lists."
    ),
    plans.UsageRefused: Row(
        422, "The use of a month cannot be calculated", "Mend the field that `params.field` names."
    ),
    plans.MonthWithoutEmissions: Row(422, "Nothing to offset", "The menu's factor is zero; no plan is needed."),
    plans.MonthTooLarge: Row(422, "More than a plan covers", "Order credits for a footprint instead."),
    plans.PublicNameRefused: Row(422, "Not initials", "Send initials, or leave the name out."),
    plans.EffortMissing: Row(422, "No effort stated", "Send what is done to use less."),
    plans.PlanNotChangeable: Row(409, "Too late for this plan", "Read the plan; its state does not allow this."),
    plans.GiftMonthsRefused: Row(422, "Not the months of a gift", "Give 1 to `params.most` months."),
    plans.BillMonthUnknown: Row(422, "No such paid month", "Send the first day of one of the plan's months."),
    # footprints
    calc.InputsRefused: Row(422, "The activity data cannot be calculated", "Mend the fields that `errors` names."),
    calc.QuantityRefused: Row(422, "Not an acceptable quantity", "Send a plain non-negative decimal number."),
    calc.UnitMismatch: Row(422, "The unit does not fit the factor", "Send the quantity in a unit the factor knows."),
    calc.FactorNotFound: Row(404, "No such emission factor", "Search in GET /v1/factors."),
    calc.FactorRefused: Row(422, "An own factor breaks a rule", "Mend the column that `params` names."),
    calc.EditionUnknown: Row(404, "No such edition of the factors", "Leave the edition out to use the current one."),
    tabular.TableRefused: Row(422, "The file cannot be read as a table", "Send it as `params.reason` asks for."),
    measures.MeasureRefused: Row(
        422, "A reduction measure does not fit", "Choose a measure that the footprint has lines for."
    ),
    pact.NotACradleToGateProduct: Row(
        422, "No cradle-to-gate product", "Ask for a product footprint with materials, packaging or production."
    ),
    calc.PlaceUnknown: Row(422, "No such place", "Use another spelling, or send the distance."),
    calc.PlaceAmbiguous: Row(422, "Several places have that name", "Send one of the keys in `params.choices`."),
}

INTERNAL_ROOMS = (
    # only workers speak with registries, and operators read what they say
    "marketplace.registries.",
    # starting and migrating
    "marketplace.database.",
    # our own public log, written by workers
    "certificates.log.",
)
"""Modules whose errors never reach a caller, unless they stand in the table."""

INTERNAL: frozenset[type[Exception]] = frozenset(
    {
        # never raised without a class of its own below it
        calc.OffsetCalcError,
        # raised at the start, or about our own data files
        project_facts.DataDefect,
        calc.FactorTableDamaged,
        keys.UnusableKey,
        keys.KeyOfOtherEnvironment,
        keys.DuplicateKey,
        keys.UnknownKey,
        market.OverlappingBlock,
        # raised in the worker, for a person to look at
        pool_jobs.PoolPartMissing,
        settlement.PaymentDiffers,
        composing.InvoiceDiffers,
        plans.PlanPaymentDiffers,
        plan_steering.PlanDoesNotSettle,
        certification.NotFullyCancelled,
        certified_facts.NoticeMissing,
        issuing.CertifiedDifferently,
        backing.CancellationDiffers,
        issuing.AlreadyEnded,
        # between the worker and the mail server
        post.CarrierUnreachable,
        post.LetterRefused,
        smtp.MailServerMisnamed,
        # read by operators at the command line
        changes.RecordedInRegistry,
        changes.PoolInUse,
        reservations.ReservedForOtherEnvironment,
        # only pages and commands ask for these; each page has its sentence
        sealing.SealKeysUnusable,
        sealing.SealBroken,
        accounts.LinkNotUsable,
        accounts.InvitationNotUsable,
        accounts.RoleDoesNotFit,
        accounts.LastOwnerStays,
        accounts.NotAMember,
        accounts.CodeRefused,
        accounts.TooManyAttempts,
        accounts.SecondFactorAlreadySet,
        accounts.PasskeyRefused,
        accounts.ScopeUnknown,
        accounts.PersonUnknown,
        accounts.ProviderUnknown,
        accounts.AddressNotConfirmed,
        audit.ReasonMissing,
        closures.NothingToClose,
        closures.OpeningInThePast,
        second_person.SecondPersonNeeded,
        second_person.ProposalNotOpen,
        second_person.AlreadyProposed,
        operations.NothingToRunAgain,
        operations.RegistryMayHaveActed,
        cases.CaseChanged,
        # the worker's calls to the sandbox servers
        doubles.DoubleUnreachable,
        providers.HoldingNotFound,
        providers.ProviderNotFound,
        providers.ProviderExists,
        providers.ListedAlready,
        bulk.BulkFileTooLarge,
        bulk.BulkRunNotFound,
        bulk.TooManyBulkRuns,
        providers.TermsRefused,
        # only the pages of a plan ask for these
        plans.BillRowsRefused,
        plans.NothingExtra,
        # our own records contradict themselves
        serials.CannotSplit,
        facts.ShareTooLarge,
        badge_facts.ShareOutOfRange,
        compact_proof.DayOutsideProof,
        compact_proof.MalformedProof,
        jose.MalformedToken,
        status_list.UnusableStatusList,
        sheet.DisclosureNotCommitted,
        signing_authority.AlreadySigned,
        wording.NoFootprintToShow,
        qr.UrlTooLong,
        mark.NotASha256,
        calc.DocumentInvalid,
        calc.ReplayDiffers,
    }
)


def is_internal(kind: type[Exception]) -> bool:
    return kind in INTERNAL or (kind not in TABLE and kind.__module__.startswith(INTERNAL_ROOMS))


FAULT = Row(
    500,
    "Something went wrong on our side",
    "Repeat it with the same Idempotency-Key; quote the request id.",
    retryable=True,
)
FAULT_CODE = "internal_error"

OUTAGE = Row(503, "A part of the service cannot be reached", "Try again after Retry-After seconds.", retryable=True)
OUTAGE_CODE = "temporarily_unavailable"
