"""What all CRM handlers are told, and what lasts as long as the process."""

from typing import Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from handlers.crm.desk import Desk
from handlers.crm.figures import Customer
from receiver.api import Connection


class CrmOptions(BaseModel):
    """Options that all CRMs have in common."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    find_by: Literal["external-id", "company-id"] = Field(
        default="external-id",
        description="What a company is found by: `external-id`, its `externalId` in Nectar, or its id there "
        "where it has none; `company-id`, its id in Nectar.",
    )
    link: str = Field(
        default="https://dash.nectarclimate.com",
        description="Where a reader of the record looks further; `{company_id}` and `{key}` are filled in.",
    )

    # The options are made once for each process and handed to every delivery: what lasts as long lives here.
    _desk: Desk = PrivateAttr(default_factory=Desk)

    @property
    def wants_contacts(self) -> bool:
        """Whether owners' own records are kept up to date too."""
        return False

    @property
    def desk(self) -> Desk:
        """Where this process's deliveries meet."""
        return self._desk

    def customer_of(self, connection: Connection) -> Customer | None:
        """The company that a connection belongs to, as far as Nectar names one."""
        company = connection.company
        if company is None or company.id is None:
            return None
        key = (company.external_id or "").strip() if self.find_by == "external-id" else ""
        return Customer(key or str(company.id), company.id, (company.name or "").strip() or str(company.id))

    def link_for(self, customer: Customer) -> str:
        """The link of a company."""
        filled = self.link.replace("{company_id}", str(customer.id))
        return filled.replace("{key}", quote(customer.key, safe=""))
