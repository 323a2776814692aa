"""What Nectar sends, by its API page: a Connection, and a thinner webhook. Closed lists stay open."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StrictBool,
    StringConstraints,
)
from pydantic.alias_generators import to_camel

from receiver.schema.countries import COUNTRIES as COUNTRIES
from receiver.schema.natively import DUMPED_IN_UTC, NO_NUMBER, NONE_IS_EMPTY
from receiver.schema.scrubbing import NO_SECRET as NO_SECRET
from receiver.schema.scrubbing import without_secret as without_secret


class OpenEnum(StrEnum):
    """A list of known values, which takes others as they come: a new one never costs us its message."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        stranger = str.__new__(cls, value)
        stranger._name_ = stranger._value_ = value
        return stranger

    def __reduce_ex__(self, protocol: Any) -> Any:
        return type(self), (self._value_,)  # by its value: the first releases of Python 3.11 go by name

    @property
    def known(self) -> bool:
        """Whether Nectar's API page lists this value."""
        return self._value_ in type(self)._value2member_map_


class Actor(StrEnum):
    """Who must act before data flows again."""

    NOBODY = "nobody"
    OWNER = "owner"
    OPERATOR = "operator"
    NECTAR = "nectar"


class Status(OpenEnum):
    """How a connection stands. One that Nectar added since, or none at all (""), is a Status too."""

    PENDING = "PENDING"
    UNDER_INVESTIGATION = "UNDER_INVESTIGATION"
    CONNECTED = "CONNECTED"
    MFA_TOKEN_EXPIRED = "MFA_TOKEN_EXPIRED"  # noqa: S105 - a status, not a password
    PASSWORD_INCORRECT = "PASSWORD_INCORRECT"  # noqa: S105 - a status, not a password
    NEW_PASSWORD_NEEDED = "NEW_PASSWORD_NEEDED"  # noqa: S105 - a status, not a password
    ADDITIONAL_CREDENTIALS_NEEDED = "ADDITIONAL_CREDENTIALS_NEEDED"
    WEBSITE_DOWN = "WEBSITE_DOWN"
    NO_ACCOUNTS_FOUND = "NO_ACCOUNTS_FOUND"
    OTHER_ERROR = "OTHER_ERROR"
    COMPANY_INACTIVE = "COMPANY_INACTIVE"
    URL_INACCESSIBLE = "URL_INACCESSIBLE"

    @property
    def actor(self) -> Actor:
        """Who must act, by Nectar's documentation of the statuses; for an unknown status nobody."""
        return _ACTORS.get(self, Actor.NOBODY)

    @property
    def needs_owner(self) -> bool:
        """The owner of the login must act: a password, a second factor, a security answer."""
        return self.actor is Actor.OWNER

    @property
    def needs_operator(self) -> bool:
        """Whoever runs the account with Nectar must act: a wrong URL, no accounts, an inactive company."""
        return self.actor is Actor.OPERATOR

    @property
    def healthy(self) -> bool:
        """Data flows."""
        return self == Status.CONNECTED


_ACTORS = {
    Status.UNDER_INVESTIGATION: Actor.NECTAR,
    Status.PASSWORD_INCORRECT: Actor.OWNER,
    Status.MFA_TOKEN_EXPIRED: Actor.OWNER,
    Status.NEW_PASSWORD_NEEDED: Actor.OWNER,
    Status.ADDITIONAL_CREDENTIALS_NEEDED: Actor.OWNER,
    Status.URL_INACCESSIBLE: Actor.OPERATOR,
    Status.NO_ACCOUNTS_FOUND: Actor.OPERATOR,
    Status.OTHER_ERROR: Actor.OPERATOR,
    Status.COMPANY_INACTIVE: Actor.OPERATOR,
}


class DatasourceType(OpenEnum):
    """What a connection brings data of."""

    ELECTRICITY = "ELECTRICITY"
    GAS = "GAS"
    WATER = "WATER"
    DISTRICT = "DISTRICT"
    WASTE = "WASTE"
    FUEL = "FUEL"
    MISC = "MISC"
    REFRIGERANT = "REFRIGERANT"
    SOLAR = "SOLAR"
    TELECOM = "TELECOM"


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("lies outside the calendar in UTC") from None


Instant = Annotated[datetime, NO_NUMBER]
"""A time as it came, with a zone or without."""
Moment = Annotated[Instant, AfterValidator(_in_utc), DUMPED_IN_UTC]
"""An aware time in UTC. Nectar writes some without a zone, meaning UTC, and up to nine fractional digits;
those beyond the sixth are dropped."""

EmailAddress = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, max_length=320, pattern=r"^[^@\s<>\x00-\x1f]+@[^@\s<>\x00-\x1f]+$"
    ),
]
"""An address one could try to send to. The mail server is the judge of the rest: stricter libraries refuse
domains that are reserved for tests, and a refusal here would cost the whole message."""

BlankIsNone = BeforeValidator(lambda value: None if value == "" else value)
NoneIsBlank = BeforeValidator(lambda value: "" if value is None else value)


class Wire(BaseModel):
    """Base of all that comes from Nectar: camelCase outside, snake_case inside, unknown fields kept.

    Null and absence mean the same wherever a field may be absent.
    """

    model_config = ConfigDict(
        extra="allow",
        frozen=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        cache_strings="keys",  # most values are never seen again
        hide_input_in_errors=True,
    )

    def forget_secret(self) -> None:
        """Drop the secret from unknown fields: an update carries former values under `old`."""
        if extra := self.__pydantic_extra__:
            kept = without_secret(extra)
            extra.clear()
            extra.update(kept)

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Unknown fields are not shown: some hold personal data, such as `emails`."""
        return (pair for pair in super().__repr_args__() if pair[0] in type(self).model_fields)


class Datasource(Wire):
    """The utility."""

    name: str | None = None
    url: str | None = None


class Company(Wire):
    """Whose connection it is."""

    id: UUID | None = None
    name: str | None = None
    external_id: str | None = None


class Site(Wire):
    """A building."""

    id: str | int | None = None
    name: str | None = None


class Account(Wire):
    """One entry of `accounts` or `sitesRelations`, in any of the shapes that Nectar has published."""

    account_number: str | int | None = None
    account_ids: Annotated[tuple[str | int, ...], NONE_IS_EMPTY] = ()
    datasource_types: Annotated[tuple[DatasourceType, ...], NONE_IS_EMPTY] = ()
    site: Site | None = None
    start_date: str | None = None
    end_date: str | None = None
    is_tracked: StrictBool | None = None

    @property
    def numbers(self) -> tuple[str, ...]:
        """The account numbers, whichever shape they came in."""
        single = () if self.account_number is None else (self.account_number,)
        return tuple(str(number) for number in (*single, *self.account_ids))


class _Described(Wire):
    """What the webhook's payload and the connection have in common: all fields that may be absent."""

    status: Annotated[Status, NoneIsBlank] = Status("")
    status_last_update_time: Moment | None = None
    status_first_seen_time: Moment | None = None
    status_error_detail: str | None = None
    updated: Moment | None = None
    datasource: Datasource | None = None
    accounts: Annotated[tuple[Account, ...], NONE_IS_EMPTY] = Field(
        default=(), validation_alias=AliasChoices("accounts", "sitesRelations")
    )
    company: Company | None = None
    url: str | None = None
    country: str | None = None
    initial_sites: Annotated[tuple[UUID, ...], NONE_IS_EMPTY] = ()
    initial_datasource_types: Annotated[tuple[DatasourceType, ...], Field(max_length=10), NONE_IS_EMPTY] = ()
    username: str | None = Field(default=None, repr=False)
    workflow_owner_email: Annotated[EmailAddress | None, BlankIsNone] = Field(default=None, repr=False)
    data_collection_start_date: Annotated[date, NO_NUMBER] | None = None
    multiply_by_occupancy: StrictBool | None = None
    external_id: str | None = None
    is_active: StrictBool | None = None
    connection_magic_link_secret: SecretStr | None = Field(default=None, exclude=True, repr=False)

    def model_post_init(self, context: Any) -> None:
        """Drop the secret wherever else it lies. Here for all within, since each such call costs its time.

        `context`: NO_SECRET where it is known that there is no word of one.
        """
        if context is NO_SECRET:
            return
        sites = (account.site for account in self.accounts)
        for wire in (self, self.datasource, self.company, *self.accounts, *sites):
            if wire is not None:
                wire.forget_secret()

    def unknown_values(self) -> dict[str, list[str]]:
        """Values outside Nectar's closed lists, by the name of their field as Nectar writes it."""
        found: dict[str, list[str]] = {}
        if self.status and not self.status.known:
            found["status"] = [str(self.status)]
        if self.country and self.country not in COUNTRIES:
            found["country"] = [self.country]
        listed = [*self.initial_datasource_types]
        for account in self.accounts:
            listed += account.datasource_types
        if strange := [str(kind) for kind in listed if not kind.known]:
            found["datasourceTypes"] = strange
        return found


class Connection(_Described):
    """A utility-account connection, as `GET /connection/{id}/details` answers it.

    `connection_magic_link_secret` opens the connection's credentials to whoever holds it: no dump shows it.
    """

    id: UUID
    created: Moment
    public_company_id: str


class WebhookPayload(_Described):
    """The body of a webhook: of all fields only `id` can be demanded; what else is there is validated.

    Nobody acts on its times, so they are not brought to UTC, which takes longer than to parse them.
    """

    id: UUID
    event_type: str | None = None
    created: Instant | None = None
    updated: Instant | None = None
    status_last_update_time: Instant | None = None
    status_first_seen_time: Instant | None = None
    public_company_id: str | None = None


class EventHead(BaseModel):
    """As much of a body as tells whether the rest concerns us."""

    model_config = ConfigDict(hide_input_in_errors=True)

    event_type: Any = Field(default=None, alias="eventType")
